// Webhooks, as far as they can be looked at without reading a secret: whether each has one, and whether they can be reached.

import { statSync } from 'node:fs';
import type { WebhookConfig } from '../../config/webhooks.ts';
import { variableIn } from '../../core/variable.ts';
import type { Around, Check } from '../check.ts';
import { note, ok, problem, type Outcome } from '../report.ts';

export const webhookChecks: readonly Check[] = [
  {
    id: 'webhook-secrets',
    about: 'webhooks',
    severity: 'problem',
    security: true,
    why: 'A webhook without a secret is not answered, so that nobody can have your agents work by knowing its address.',
    look({ config, env, daemon }) {
      const hooks = Object.entries(config?.webhooks ?? {});
      if (hooks.length === 0) return null;
      const well = ok(`Each has a secret: ${hooks.map(([name]) => name).join(', ')}.`);
      // A daemon has the secrets themselves and the programs that tell them; what it says of them is not said again.
      if (daemon !== null && daemon.version !== null)
        return daemon.problems.some(({ code }) => code === 'HOMER_HOOK_UNMOUNTED') ? null : well;
      const found = hooks.flatMap(([name, hook]) => lackOf(name, hook, env));
      return found.length === 0 ? well : found;
    },
  },
  {
    id: 'webhook-hosts',
    about: 'hosts',
    severity: 'note',
    why: 'Homer answers only to names that it was told of, so that no page in a browser can reach it through one of its own.',
    look({ config }) {
      if (config === null || Object.keys(config.webhooks).length === 0) return null;
      if (config.hosts.length > 0) return ok(`Deliveries may come to ${config.hosts.join(', ')}.`);
      return note(
        'No name stands in `hosts`, so deliveries through a tunnel are refused unless it says Host: 127.0.0.1 with the port.',
        'Add the name of the tunnel to `hosts` in config.yaml.',
      );
    },
  },
];

const provide = 'Provide it; the webhook is there as soon as its secret is.';

function lackOf(name: string, { secret }: WebhookConfig, env: Around['env']): Outcome[] {
  const text = `Webhook "${name}" is not answered: `;
  if ('text' in secret)
    return secret.text.trim() === '' ? [problem(`${text}its secret is blank.`, provide)] : [];
  if ('file' in secret) {
    const size = statSync(secret.file, { throwIfNoEntry: false })?.size ?? 0;
    return size > 0 ? [] : [problem(`${text}${secret.file} is not there or empty.`, provide)];
  }
  // The daemon's environment may be another than ours.
  if ('env' in secret && (variableIn(env, secret.env) ?? '').trim() === '')
    return [note(`${text}${secret.env} is not set here; the daemon needs it.`, provide)];
  return [];
}
