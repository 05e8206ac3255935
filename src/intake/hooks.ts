// How a delivery of a webhook becomes a job, or not: the head is looked at first, then the body, then what is in it.

import { createHash, randomBytes } from 'node:crypto';
import type { Config, ExecutorConfig } from '../config/config.ts';
import type { WebhookConfig } from '../config/webhooks.ts';
import { HomerError } from '../core/errors.ts';
import { bodyKeyPrefix, deliveryKeys, type DeliveryId } from '../core/hook.ts';
import { decideIgnore } from '../core/hook-filter.ts';
import { lookUp, type HookData } from '../core/hook-path.ts';
import { renderHook } from '../core/hook-template.ts';
import { isIdempotencyKey } from '../core/idempotency-key.ts';
import type { JobId } from '../core/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { hookSender, isOwnersToMend, unready } from './hook-place.ts';
import type { HookSecretStore } from './hook-secrets.ts';
import { checkHead, wrongSignature, type HookHeaders } from './hook-signature.ts';
import type { Accept, JobRequest } from './intake.ts';
import { lacksExecutor } from './place.ts';

export interface HookIntakeOptions {
  readonly ledger: Ledger;
  readonly config: () => Config;
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
  readonly secrets: HookSecretStore;
  readonly accept: Accept;
  /** True when there are other executors than before. */
  readonly lookAgain: () => Promise<boolean>;
  /** Told of each genuine delivery that became a job, or did not for what its owner has to mend. */
  readonly onTaken: (name: string, lack: HomerError | null) => void;
}

export type Taken =
  | { readonly is: 'ignored'; readonly reason: string }
  | { readonly is: 'accepted'; readonly id: JobId; readonly duplicate: boolean };

/** A delivery whose head has passed. */
export interface OpenDelivery {
  readonly hook: WebhookConfig;
  /** Throws HOMER_HOOK_SIGNATURE unless the body is the one that was signed. */
  verify(body: Buffer): void;
  /** After `verify`. `payload` is the body, read; `admit` may refuse one that is new. */
  take(body: Buffer, payload: unknown, admit: () => void): Promise<Taken>;
}

export interface HookIntake {
  /** Throws HOMER_HOOK_UNKNOWN, also for a webhook without a secret, and as `checkHead`. */
  open(name: string, headers: HookHeaders, kind?: DeliveryKind): Promise<OpenDelivery>;
}

/** A test is a delivery that the owner made; its jobs stand under a source of their own. */
export type DeliveryKind = 'real' | 'test';

export function hookSource(name: string, kind: DeliveryKind = 'real'): string {
  return kind === 'real' ? `hook:${name}` : `hook:${name}:test`;
}

export function createHookIntake(options: HookIntakeOptions): HookIntake {
  const { ledger, accept, lookAgain, onTaken } = options;

  /** An agent that was installed meanwhile is looked for once more. */
  async function acceptFor(name: string, ask: () => ReturnType<Accept>): ReturnType<Accept> {
    try {
      const accepted = await ask().catch(async (error: unknown) => {
        if (!lacksExecutor(error) || !(await lookAgain())) throw error;
        return ask();
      });
      onTaken(name, null);
      return accepted;
    } catch (error) {
      if (isOwnersToMend(error)) onTaken(name, error);
      throw error;
    }
  }

  return {
    async open(name, headers, kind = 'real') {
      const { webhooks } = options.config();
      const hook = Object.hasOwn(webhooks, name) ? webhooks[name] : undefined;
      const found = hook === undefined ? null : await options.secrets.find(name, hook);
      // To a stranger a webhook without a secret is none.
      if (hook === undefined || found === null || 'problem' in found)
        throw new HomerError('HOMER_HOOK_UNKNOWN', 'There is no webhook at this address.');
      const isSigned = checkHead(headers, { hook, keys: found.keys, now: ledger.now() });
      const shown = visibleHeaders(headers, hook);
      return {
        hook,
        verify(body) {
          if (!isSigned(body)) throw wrongSignature();
        },
        async take(body, payload, admit) {
          const data: HookData = { payload, headers: shown };
          const reason = decideIgnore(hook.filter, data);
          if (reason !== null) return { is: 'ignored', reason };
          const source = hookSource(name, kind);
          const bodyHash = createHash('sha256').update(body).digest('hex');
          const keys = deliveryKeys(idOf(hook, headers, payload), bodyHash, isIdSigned(hook));
          const find = (): JobId | null => ledger.hookReceipts.find(source, keys, bodyHash);
          const known = find();
          if (known !== null) return { is: 'accepted', id: known, duplicate: true };
          admit();
          const ask = (): ReturnType<Accept> =>
            accept(requestOf(name, hook, data, options.executors()), keys.key, hookSender(source, hook), {
              bodyHash,
              find,
              note: (jobId) => ledger.hookReceipts.note(source, keys, bodyHash, jobId, ledger.now()),
            });
          const { id, created } = await acceptFor(name, ask).catch((error: unknown) => {
            // The owner who makes a test is told all.
            throw kind === 'real' && isOwnersToMend(error) ? unready(error) : error;
          });
          return { is: 'accepted', id, duplicate: !created };
        },
      };
    },
  };
}

/** All but the prompt comes from the configuration: nothing a sender says chooses where, how or as whom work is done. */
function requestOf(
  name: string,
  hook: WebhookConfig,
  data: HookData,
  executors: Readonly<Record<string, ExecutorConfig>>,
): JobRequest {
  const { executor } = hook;
  const isCommand =
    executor !== null && Object.hasOwn(executors, executor) && executors[executor]?.kind === 'command';
  // A program gets what it was promised and no sentence before it; it has no ear for orders in its data.
  const frame = isCommand ? null : { hook: name, mark: `data-${randomBytes(6).toString('hex')}` };
  const prompt = renderHook(hook.template, data, frame);
  if (prompt.trim() === '')
    throw new HomerError('HOMER_INPUT_INVALID', 'With this delivery the prompt of the webhook is empty.');
  return {
    prompt,
    executor: executor ?? undefined,
    lane: hook.lane ?? undefined,
    session: hook.session ?? undefined,
    cwd: hook.cwd ?? undefined,
    priority: hook.priority,
    notify: hook.notify ?? undefined,
  };
}

function isIdSigned({ scheme }: WebhookConfig): boolean {
  return scheme === 'stripe' || scheme === 'standard-webhooks';
}

/** What the sender calls the delivery; HOMER_INPUT_INVALID for an id that could be no key. */
function idOf(hook: WebhookConfig, headers: HookHeaders, payload: unknown): DeliveryId | null {
  if (isIdSigned(hook)) {
    const id =
      hook.scheme === 'stripe'
        ? lookUp({ root: 'payload', steps: ['id'] }, { payload, headers: {} })
        : headers['webhook-id']?.[0];
    if (typeof id !== 'string' || id === '') return null;
    const text = isIdempotencyKey(id) ? id : `id-${createHash('sha256').update(id).digest('hex')}`;
    return { text, isProved: true };
  }
  const [text, ...more] = hook.idHeader === null ? [] : (headers[hook.idHeader] ?? []);
  if (text === undefined) return null;
  if (more.length > 0 || !isIdempotencyKey(text) || text.startsWith(bodyKeyPrefix))
    throw new HomerError('HOMER_INPUT_INVALID', `The header ${hook.idHeader ?? ''} holds no usable id.`);
  return { text, isProved: hook.scheme === 'bearer' };
}

/** What templates and filters may see: nothing that proves anything. */
function visibleHeaders(headers: HookHeaders, { signature }: WebhookConfig): Record<string, string> {
  const shown = Object.create(null) as Record<string, string>;
  for (const [name, values] of Object.entries(headers))
    if (values !== undefined && !hidden.test(name) && name !== signature.header)
      shown[name] = values.join(', ');
  return shown;
}

const hidden = /^(?:authorization|proxy-authorization|cookie|.*-signature(?:-256)?)$/;
