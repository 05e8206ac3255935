// Webhooks, as far as they can be looked at without reading a secret: whether each has one, and whether they can be reached.

import { statSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { WebhookConfig } from '../config/webhooks.ts';
import { variableIn } from '../core/variable.ts';
import { finding, type Finding } from './report.ts';

/** Nothing when none is configured. A daemon that runs says more, with the environment and the programs it has. */
export function webhookFindings(
  config: Config | null,
  env: Readonly<Record<string, string | undefined>>,
): readonly Finding[] {
  const about = 'webhooks';
  const hooks = Object.entries(config?.webhooks ?? {});
  if (config === null || hooks.length === 0) return [];
  const found = hooks.flatMap(([name, hook]): readonly Finding[] => {
    const lack = lackOf(hook, env);
    if (lack === null) return [];
    const text = `Webhook "${name}" is not answered: ${lack.text}`;
    return [finding(about, lack.level, text, 'Provide it; the webhook is there as soon as its secret is.')];
  });
  const names = hooks.map(([name]) => name).join(', ');
  const well = found.length === 0 ? [finding(about, 'ok', `Each has a secret: ${names}.`)] : [];
  const unreachable =
    config.hosts.length > 0
      ? []
      : [
          finding(
            'hosts',
            'note',
            'No name stands in `hosts`, so deliveries through a tunnel are refused unless it says Host: 127.0.0.1 with the port.',
            'Add the name of the tunnel to `hosts` in config.yaml.',
          ),
        ];
  return [...well, ...found, ...unreachable];
}

function lackOf(
  { secret }: WebhookConfig,
  env: Readonly<Record<string, string | undefined>>,
): { readonly level: 'problem' | 'note'; readonly text: string } | null {
  if ('text' in secret)
    return secret.text.trim() === '' ? { level: 'problem', text: 'its secret is blank.' } : null;
  if ('file' in secret) {
    const size = statSync(secret.file, { throwIfNoEntry: false })?.size ?? 0;
    return size > 0 ? null : { level: 'problem', text: `${secret.file} is not there or empty.` };
  }
  // The daemon's environment may be another than ours.
  if ('env' in secret && (variableIn(env, secret.env) ?? '').trim() === '')
    return { level: 'note', text: `${secret.env} is not set here; the daemon needs it.` };
  return null;
}
