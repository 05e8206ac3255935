// Puts webhooks together: their intake, their secrets, the waiting for a result, and the word to the owner when one is missing.

import { HomerError } from '../core/errors.ts';
import type { Troubles } from '../health/condition.ts';
import { createHookSecrets } from '../intake/hook-secrets.ts';
import { createHookIntake } from '../intake/hooks.ts';
import { createIntake, type IntakeOptions } from '../intake/intake.ts';
import type { Relative } from '../ledger/family.ts';
import type { Log } from '../lifecycle/log.ts';
import { areEnded, Waits } from '../operations/waits.ts';
import type { Webhooks } from '../operations/webhooks.ts';
import type { KnownSecrets } from './known-secrets.ts';

export interface WebhookParts extends IntakeOptions {
  /** The owner's. */
  readonly token: () => string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly secrets: Pick<KnownSecrets, 'hear'>;
  readonly log: Log;
  readonly troubles: Troubles;
}

export function openWebhooks(parts: WebhookParts): Webhooks {
  const { ledger, home, config, executors, token, env, log, troubles } = parts;
  const secrets = createHookSecrets({
    home,
    env,
    token,
    now: ledger.now,
    onRead: (found) => parts.secrets.hear(found),
    onChange: (missing) => {
      for (const [hook, problem] of missing) log.warn({ hook, problem }, 'this webhook is not answered');
      if (missing.size === 0) troubles.clear('webhooks');
      else troubles.note('webhooks', unmounted(missing));
    },
  });
  const waits = new Waits(ledger);
  const reload = (): void => {
    secrets.forget();
    void secrets.check(config().webhooks);
  };
  reload();
  return {
    secrets,
    reload,
    door: {
      ...createHookIntake({ ledger, config, executors, secrets, accept: createIntake(parts) }),
      view(id, withResult) {
        const { state, createdAt, resultText, error } = ledger.jobs.get(id);
        const job = { id, state, createdAt: new Date(createdAt).toISOString() };
        // The answer is kept by the sender, often in sight of many; what came of the job is told only where that was asked for.
        if (!withResult) return job;
        return { ...job, result: resultText === null ? null : { text: resultText }, error };
      },
      async untilEnded(id, timeoutMs, gone) {
        const look = (): Relative[] => [ledger.family.find(id)];
        try {
          return areEnded(await waits.wait({ look, run: null, timeoutMs, gone }));
        } catch (error) {
          // The job is accepted whatever becomes of the waiting, and that is what the sender has to be told.
          log.warn({ job: id, error }, 'a webhook was answered before its job ended');
          return false;
        }
      },
    },
  };
}

function unmounted(missing: ReadonlyMap<string, string>): HomerError {
  const all = [...missing].map(([hook, problem]) => `Webhook "${hook}" is not answered: ${problem}`);
  return new HomerError('HOMER_HOOK_UNMOUNTED', all.join(' '));
}
