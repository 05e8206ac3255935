// The parts of config.yaml about channels: Telegram, and what becomes of messages nobody knows the fate of.

import { z } from 'zod';
import { onUnknownChoices, type OnUnknown } from '../core/delivery.ts';
import { alertsSchema } from './alerts.ts';
import type { FileSecret } from './schema.ts';
import type { SecretRef } from './config.ts';

/** Telegram's own server of the Bot API. */
export const telegramRoot = 'https://api.telegram.org';

export interface TelegramConfig {
  readonly token: SecretRef;
  /** Numeric ids: people, and (negative) groups. */
  readonly allow: readonly number[];
  /** Without a slash at its end. */
  readonly apiRoot: string;
  /** What is shown of a run while it works: 0 that it works, 1 its tools, 2 also what it says. */
  readonly verbosity: 0 | 1 | 2;
  /** Configured `command` executors that chats may use. */
  readonly executors: readonly string[];
  /** Where Telegram brings updates to; null: they are fetched by long polling. */
  readonly webhook: TelegramWebhookConfig | null;
}

export interface TelegramWebhookConfig {
  /** The public address that leads to `POST /telegram`. */
  readonly url: string;
  /** null: one is made at every start. */
  readonly secret: SecretRef | null;
}

export interface DeliveriesConfig {
  readonly onUnknown: OnUnknown;
}

const largestId = 9_007_199_254_740_991;

/** A mapping that names its known keys when it meets another. */
function strict<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `is not a known key; known here: ${Object.keys(shape).join(', ')}`
        : undefined,
  });
}

/** `secret`: how a secret is written. */
export function channelSchemas<Secret extends z.ZodType>(secret: Secret) {
  return {
    alerts: alertsSchema({ mapping: strict, secret }).optional(),
    telegram: strict({
      token: secret,
      allow: z.array(z.int().min(-largestId).max(largestId)).max(256).optional(),
      apiRoot: z
        .string()
        .regex(/^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/, 'is not an http(s) address')
        .optional(),
      verbosity: z.int().min(0).max(2).optional(),
      executors: z.array(z.string().min(1).max(64)).max(64).optional(),
      mode: z.enum(['polling', 'webhook']).optional(),
      url: z
        .string()
        .regex(
          /^https:\/\/[^\s/?#@]+\/(?:[^\s?#]*\/)?telegram$/,
          'is not an https address that ends in /telegram',
        )
        .optional(),
      secret: secret.optional(),
    })
      .superRefine((telegram, context) => {
        const { mode, url, secret: own } = telegram;
        const complain = (key: string, message: string): void =>
          context.addIssue({ code: 'custom', path: [key], message });
        if (mode === 'webhook' && url === undefined)
          complain('mode', 'needs `url`, the public address that leads to POST /telegram');
        if (mode !== 'webhook' && url !== undefined) complain('url', 'is of use with mode: webhook only');
        if (mode !== 'webhook' && own !== undefined) complain('secret', 'is of use with mode: webhook only');
      })
      .optional(),
    deliveries: strict({
      onUnknown: z.enum(onUnknownChoices as readonly [OnUnknown, ...OnUnknown[]]).optional(),
    }).optional(),
  };
}

interface FileTelegram {
  readonly token: FileSecret;
  readonly allow?: readonly number[] | undefined;
  readonly apiRoot?: string | undefined;
  readonly verbosity?: number | undefined;
  readonly executors?: readonly string[] | undefined;
  readonly mode?: 'polling' | 'webhook' | undefined;
  readonly url?: string | undefined;
  readonly secret?: FileSecret | undefined;
}

/** Null where Telegram is not configured. */
export function buildTelegram(
  file: FileTelegram | undefined,
  refOf: (secret: FileSecret) => SecretRef,
): TelegramConfig | null {
  if (file === undefined) return null;
  return {
    token: refOf(file.token),
    allow: file.allow ?? [],
    apiRoot: (file.apiRoot ?? telegramRoot).replace(/\/+$/, ''),
    verbosity: (file.verbosity ?? 1) as 0 | 1 | 2,
    executors: file.executors ?? [],
    webhook:
      file.mode === 'webhook'
        ? { url: file.url ?? '', secret: file.secret === undefined ? null : refOf(file.secret) }
        : null,
  };
}
