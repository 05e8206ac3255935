// Puts webhooks together: their intake, their secrets, the waiting for a result, and the word to the owner when one is missing.

import type { WebhookConfig } from '../config/webhooks.ts';
import { HomerError } from '../core/errors.ts';
import type { Troubles } from '../health/condition.ts';
import { findHookLack } from '../intake/hook-place.ts';
import { RefusalTally } from '../intake/hook-refusals.ts';
import { createHookSecrets } from '../intake/hook-secrets.ts';
import { createHookIntake, hookSource } from '../intake/hooks.ts';
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
  /** True when there are other executors than before. */
  readonly lookAgain: () => Promise<boolean>;
}

export function openWebhooks(parts: WebhookParts): Webhooks {
  const { ledger, home, config, executors, token, env, log, troubles, lookAgain } = parts;
  let withoutSecret: ReadonlyMap<string, string> = new Map();
  /** What deliveries were refused for that cannot be seen without one, by webhook. */
  const refusedFor = new Map<string, HomerError>();
  const refusals = new RefusalTally(ledger.now);
  let told = '';
  const configured = (name: string): WebhookConfig | null =>
    Object.hasOwn(config().webhooks, name) ? (config().webhooks[name] ?? null) : null;
  const lackOf = (name: string): HomerError | null => {
    const hook = configured(name);
    if (hook === null) return null;
    return findHookLack(parts, hookSource(name), hook) ?? refusedFor.get(name) ?? null;
  };
  const look = (): void => {
    const lacks = new Map(withoutSecret);
    for (const name of Object.keys(config().webhooks)) {
      const lack = lacks.has(name) ? null : lackOf(name);
      if (lack !== null) lacks.set(name, lackText(lack));
    }
    const text = [...lacks]
      .map(([hook, problem]) => `Webhook "${hook}" is not answered: ${problem}`)
      .join(' ');
    if (lacks.size === 0) troubles.clear('webhooks');
    else troubles.note('webhooks', new HomerError('HOMER_HOOK_UNMOUNTED', text));
    if (text !== told)
      for (const [hook, problem] of lacks) log.warn({ hook, problem }, 'this webhook is not answered');
    told = text;
  };
  const secrets = createHookSecrets({
    home,
    env,
    token,
    now: ledger.now,
    onRead: (found) => parts.secrets.hear(found),
    onChange: (missing) => {
      withoutSecret = missing;
      look();
    },
  });
  const waits = new Waits(ledger);
  const reload = (): void => {
    secrets.forget();
    refusedFor.clear();
    void secrets.check(config().webhooks);
  };
  reload();
  look();
  return {
    secrets,
    reload,
    look,
    lackOf: (name) => {
      const lack = lackOf(name);
      return lack === null ? null : lackText(lack);
    },
    refusals: (name) => refusals.of(name),
    door: {
      ...createHookIntake({
        ledger,
        config,
        executors,
        secrets,
        accept: createIntake(parts),
        lookAgain,
        onTaken: (name, lack) => {
          if (lack === null) refusedFor.delete(name);
          else refusedFor.set(name, lack);
          look();
        },
      }),
      refused(name, error) {
        if (configured(name) === null) return;
        refusals.add(name, error);
        // From wherever it came: each address of a sender a row would make the audit as long as strangers like.
        const entry = { who: '-', source: hookSource(name), what: 'hook', face: 'http', peer: '-' };
        ledger.audit.refuse(entry, error.code);
      },
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
          return areEnded(await waits.wait({ look, by: 'webhooks', run: null, timeoutMs, gone }));
        } catch (error) {
          // The job is accepted whatever becomes of the waiting, and that is what the sender has to be told.
          log.warn({ job: id, error }, 'a webhook was answered before its job ended');
          return false;
        }
      },
    },
  };
}

function lackText({ message, hint }: HomerError): string {
  return `${message} ${hint}`;
}
