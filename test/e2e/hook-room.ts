// A daemon with webhooks, and senders that sign as GitHub, Stripe and the rest do, or not quite.

import { createHmac, randomUUID } from 'node:crypto';
import { readRecord } from '../../src/lifecycle/record.ts';
import { createChaosHome, type ChaosHome, type HomeOptions } from '../chaos/chaos-home.ts';
import type { ChaosDaemon, StartOptions } from '../chaos/chaos-daemon.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import { ask, type Said } from './gateway-fixture.ts';

export const secret = 'a-secret-that-only-the-senders-know';
export const standardSecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export interface HookRoom {
  readonly chaos: ChaosHome;
  readonly daemon: ChaosDaemon;
  readonly port: number;
  /** Sends as it stands; JSON unless the headers say otherwise. */
  readonly send: (name: string, body: string, headers: Record<string, string>) => Promise<Said>;
  /** Every job there is, the newest first. */
  readonly jobs: () => Promise<readonly JobView[]>;
}

/** `echo` prints its prompt; the lane `quiet` is for jobs that shall not start. */
export function createHookHome(
  webhooks: Record<string, unknown>,
  more: Record<string, unknown> = {},
): ChaosHome {
  const options: HomeOptions = {
    config: (executors) => ({
      executors: { ...executors, echo: { kind: 'command', argv: ['printf', '%s', '{prompt}'] } },
      lanes: { default: { concurrency: 4 }, quiet: {} },
      webhooks,
      ...more,
    }),
  };
  return createChaosHome(options);
}

export async function startHooks(chaos: ChaosHome, start: StartOptions = {}): Promise<HookRoom> {
  const daemon = chaos.start(start);
  await daemon.ready;
  const port = (await readRecord(chaos.path))?.port ?? 0;
  await daemon.ask('POST', '/api/v1/lanes/quiet/pause', {});
  return {
    chaos,
    daemon,
    port,
    send: (name, body, headers) =>
      ask(port, {
        method: 'POST',
        path: `/hooks/${name}`,
        body,
        headers: { authorization: '', ...headers },
      }),
    jobs: async () => {
      const { body } = await daemon.ask<{ jobs: JobView[] }>('GET', '/api/v1/jobs?limit=500');
      return body.jobs;
    },
  };
}

export const github = (
  body: string,
  {
    event = 'pull_request',
    id = randomUUID(),
    key = secret,
  }: { readonly event?: string; readonly id?: string; readonly key?: string } = {},
): Record<string, string> => ({
  'x-github-event': event,
  'x-github-delivery': id,
  'x-hub-signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
});

export const now = (): number => Math.floor(Date.now() / 1000);

export const stripe = (body: string, { at = now(), key = secret } = {}): Record<string, string> => ({
  'stripe-signature': `t=${at},v1=${createHmac('sha256', key).update(`${at}.${body}`).digest('hex')}`,
});

export const standard = (
  body: string,
  { id = `msg_${randomUUID()}`, at = now(), key = standardSecret } = {},
): Record<string, string> => ({
  'webhook-id': id,
  'webhook-timestamp': String(at),
  'webhook-signature': `v1,${createHmac('sha256', Buffer.from(key.slice(6), 'base64'))
    .update(`${id}.${at}.${body}`)
    .digest('base64')}`,
});

export const bearer = (id?: string, key = secret): Record<string, string> => ({
  authorization: `Bearer ${key}`,
  ...(id === undefined ? {} : { 'idempotency-key': id }),
});

export const hmac = (body: string, { id = '', key = secret } = {}): Record<string, string> => ({
  'x-signature': `v=${createHmac('sha256', key).update(body).digest('base64')}`,
  ...(id === '' ? {} : { 'x-id': id }),
});

export const idOf = (said: Said): string => (said.json['job'] as { id: string } | undefined)?.id ?? '';
