// Operations on webhooks: what there is, a try, a new secret.

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Config } from '../config/config.ts';
import { hookSecretPath, rotateHookSecret } from '../config/hook-secret.ts';
import type { WebhookConfig } from '../config/webhooks.ts';
import { HomerError } from '../core/errors.ts';
import { hookSchemes, type HookScheme } from '../core/hook.ts';
import { parseSpan } from '../core/span.ts';
import type { HookDoor } from '../intake/hook-door.ts';
import { makeSample } from '../intake/hook-sample.ts';
import type { HookRefusals } from '../intake/hook-refusals.ts';
import type { HookSecretStore } from '../intake/hook-secrets.ts';
import { signSample } from '../intake/hook-signature.ts';
import { hookSource } from '../intake/hooks.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { defineOperation, type Operation } from './operation.ts';

/** What the daemon has of webhooks. */
export interface Webhooks {
  readonly door: HookDoor;
  readonly secrets: HookSecretStore;
  /** Looks at all secrets again, and tells the owner of those that are missing. */
  reload(): void;
  /** Tells the owner of what is missing now, secrets apart. */
  look(): void;
  /** Why deliveries are sent away, secrets apart; null: they are not. */
  lackOf(name: string): string | null;
  refusals(name: string): HookRefusals | null;
}

export interface WebhookOperationsOptions {
  readonly ledger: Ledger;
  /** Absolute path of the state directory. */
  readonly home: string;
  readonly config: () => Config;
  readonly webhooks: Webhooks;
  readonly about: { readonly port: number };
}

const schemes = hookSchemes as readonly [HookScheme, ...HookScheme[]];

const webhookView = z.object({
  name: z.string(),
  scheme: z.enum(schemes),
  /** On this machine first, then under the names of `hosts`, where a tunnel or proxy has to bring them here. */
  urls: z.array(z.string()),
  /** Where the secret comes from: `env NAME`, `file PATH`, `exec PROGRAM`, `generated PATH`, `text`. */
  secret: z.string(),
  /** It has a usable secret, and what its jobs need. */
  mounted: z.boolean(),
  /** Why it is not answered. */
  problem: z.string().nullable(),
  executor: z.string().nullable(),
  lane: z.string().nullable(),
  session: z.string().nullable(),
  events: z.array(z.string()),
  jobs: z.int(),
  lastJobAt: z.iso.datetime().nullable(),
  /** Deliveries that were refused since Homer was started. */
  refused: z.int(),
  lastRefusal: z.object({ code: z.string(), message: z.string(), at: z.iso.datetime() }).nullable(),
});

export type WebhookView = z.infer<typeof webhookView>;

const name = z.string().min(1).max(32);
const longestGraceMs = 7 * 86_400_000;

const testView = z.object({
  ignored: z.boolean(),
  reason: z.string().nullable(),
  job: z.object({ id: z.string(), state: z.string() }).nullable(),
});

export type WebhookTestView = z.infer<typeof testView>;

export function webhookOperations(options: WebhookOperationsOptions): readonly Operation[] {
  const { ledger, home, webhooks } = options;

  function configured(wanted: string): WebhookConfig {
    const all = options.config().webhooks;
    const hook = Object.hasOwn(all, wanted) ? all[wanted] : undefined;
    if (hook !== undefined) return hook;
    const names = Object.keys(all).join(', ');
    throw new HomerError(
      'HOMER_HOOK_UNKNOWN',
      `There is no webhook "${wanted}"${names === '' ? ' in config.yaml' : `. There are: ${names}`}.`,
    );
  }

  async function view(called: string, hook: WebhookConfig): Promise<WebhookView> {
    const found = await webhooks.secrets.find(called, hook);
    const problem = 'problem' in found ? found.problem : webhooks.lackOf(called);
    const refusals = webhooks.refusals(called);
    const { jobs, lastAt } = ledger.hookReceipts.tally(hookSource(called));
    return {
      name: called,
      scheme: hook.scheme,
      urls: [
        `http://127.0.0.1:${options.about.port}/hooks/${called}`,
        ...options.config().hosts.map((host) => `https://${host}/hooks/${called}`),
      ],
      secret: secretText(home, called, hook),
      mounted: problem === null,
      problem,
      executor: hook.executor,
      lane: hook.lane,
      session: hook.session,
      events: [...hook.filter.events],
      jobs,
      lastJobAt: lastAt === null ? null : new Date(lastAt).toISOString(),
      refused: refusals?.count ?? 0,
      lastRefusal: refusals === null ? null : lastOf(refusals),
    };
  }

  return [
    defineOperation({
      name: 'webhooks.list',
      input: z.strictObject({}),
      output: z.object({ webhooks: z.array(webhookView) }),
      async handle() {
        const all = Object.entries(options.config().webhooks);
        return { output: { webhooks: await Promise.all(all.map(([called, hook]) => view(called, hook))) } };
      },
    }),
    defineOperation({
      name: 'webhooks.test',
      input: z.strictObject({
        name,
        payload: z
          .json()
          .optional()
          .meta({ description: 'Sent instead of a sample that passes the filters' }),
        event: z
          .string()
          .min(1)
          .max(200)
          .regex(/^[\x21-\x7e]+$/, 'is not the name of an event')
          .optional(),
      }),
      output: testView,
      async handle({ name: called, payload, event }) {
        const hook = configured(called);
        const found = await webhooks.secrets.find(called, hook);
        const [secret] = 'problem' in found ? [] : found.secrets;
        if (secret === undefined)
          throw new HomerError(
            'HOMER_HOOK_UNMOUNTED',
            'problem' in found ? found.problem : 'It has no secret.',
          );
        const sample = makeSample(hook);
        const id = `homer-test-${randomUUID()}`;
        const sent = payload ?? sample.payload;
        // A Stripe event has its id in the payload.
        const isObject = typeof sent === 'object' && sent !== null && !Array.isArray(sent);
        const body = JSON.stringify(hook.scheme === 'stripe' && isObject ? { ...sent, id } : sent);
        const { root, steps } = hook.filter.event;
        const named = event === undefined || root === 'payload' ? {} : { [String(steps[0])]: event };
        const headers = {
          ...sample.headers,
          ...named,
          ...signSample(hook, secret, { body, id, now: ledger.now() }),
        };
        const distinct = Object.fromEntries(
          Object.entries(headers).map(([header, value]) => [header.toLowerCase(), [value]]),
        );
        const delivery = await webhooks.door.open(called, distinct, 'test');
        const bytes = Buffer.from(body);
        delivery.verify(bytes);
        const taken = await delivery.take(bytes, JSON.parse(body), () => undefined);
        if (taken.is === 'ignored')
          return { output: { ignored: true, reason: taken.reason, job: null }, status: 200 };
        const { state } = ledger.jobs.get(taken.id);
        return { output: { ignored: false, reason: null, job: { id: taken.id, state } }, status: 202 };
      },
    }),
    defineOperation({
      name: 'webhooks.rotate',
      input: z.strictObject({
        name,
        grace: z
          .string()
          .refine((text) => (parseSpan(text) ?? Infinity) <= longestGraceMs, 'is not a time of at most "7d"')
          .optional()
          .meta({ description: 'How long the old secret stays good too; not at all unless said' }),
      }),
      output: z.object({ name: z.string(), secret: z.string(), path: z.string() }),
      async handle({ name: called, grace }) {
        const hook = configured(called);
        if (!('generated' in hook.secret))
          throw new HomerError(
            'HOMER_HOOK_SECRET_NOT_OURS',
            `The secret of "${called}" comes from ${secretText(home, called, hook)}.`,
          );
        const graceMs = parseSpan(grace ?? '') ?? 0;
        const secret = rotateHookSecret(home, called, { scheme: hook.scheme, graceMs, now: ledger.now() });
        return { output: { name: called, secret, path: hookSecretPath(home, called) } };
      },
    }),
  ];
}

function lastOf({ code, message, at }: HookRefusals): WebhookView['lastRefusal'] {
  return { code, message, at: new Date(at).toISOString() };
}

function secretText(home: string, called: string, { secret }: WebhookConfig): string {
  if ('generated' in secret) return `generated ${hookSecretPath(home, called)}`;
  if ('env' in secret) return `env ${secret.env}`;
  if ('file' in secret) return `file ${secret.file}`;
  return 'exec' in secret ? `exec ${secret.exec[0] ?? ''}` : 'text';
}
