// The way out for alerts to webhooks and ntfy, as a channel of the outbox: so that they are kept, tried again and told of like any message.

import type { Channel } from '../channels/channel.ts';
import type { AlertsConfig } from '../config/alerts.ts';
import type { SecretRef } from '../config/config.ts';
import { isHomerError, messageOf } from '../core/errors.ts';
import type { SendOutcome } from '../core/delivery.ts';
import { sendOut, type Outgoing } from './outgoing.ts';

export interface AlertChannelOptions {
  readonly config: () => AlertsConfig;
  /** HOMER_SECRET_MISSING; what it says is a secret from then on. */
  readonly resolve: (ref: SecretRef) => Promise<string>;
}

export function createAlertChannel({ config, resolve }: AlertChannelOptions): Channel {
  return {
    name: 'alert',
    capabilities: { edits: false, buttons: false, files: false, idempotentSend: false },
    isOpen: () => true,
    split: (text) => [text],
    async send({ chat }, { text }, signal) {
      const to = config().to;
      const target = Object.hasOwn(to, chat) ? to[chat] : undefined;
      if (target === undefined || target.kind === 'telegram')
        return { is: 'permanent', reason: `alerts.to.${chat} is not configured any more.` };
      try {
        const url = await resolve(target.url);
        const token = target.kind === 'ntfy' && target.token !== null ? await resolve(target.token) : null;
        return await sendOut(
          target.kind === 'ntfy' ? forNtfy(url, token, text) : forWebhook(url, text),
          signal,
        );
      } catch (error) {
        const reason = isHomerError(error) ? error.message : messageOf(error);
        return { is: 'temporary', retryAfterMs: 60_000, reason };
      }
    },
    edit: async (): Promise<SendOutcome> => ({ is: 'permanent', reason: 'It cannot be changed.' }),
  };
}

const titleOf = (text: string): string => text.split('\n', 1)[0] ?? '';

function forWebhook(url: string, text: string): Outgoing {
  // `text` is what Slack, Mattermost and their like show.
  const body = JSON.stringify({ source: 'homer', title: titleOf(text), text });
  return { url, method: 'POST', headers: { 'content-type': 'application/json' }, body };
}

/** https://docs.ntfy.sh/publish */
function forNtfy(url: string, token: string | null, text: string): Outgoing {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  return { url, method: 'POST', headers: { title: 'Homer', ...authorization }, body: text };
}
