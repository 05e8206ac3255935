// The parts of config.yaml about channels: Telegram, and what becomes of messages nobody knows the fate of.

import { z } from 'zod';
import { onUnknownChoices, type OnUnknown } from '../core/delivery.ts';
import type { FileSecret } from './schema.ts';
import type { SecretRef } from './config.ts';

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
    telegram: strict({
      token: secret,
      allow: z.array(z.int().min(-largestId).max(largestId)).max(256).optional(),
      apiRoot: z
        .string()
        .regex(/^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/, 'is not an http(s) address')
        .optional(),
      verbosity: z.int().min(0).max(2).optional(),
      executors: z.array(z.string().min(1).max(64)).max(64).optional(),
    }).optional(),
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
    apiRoot: (file.apiRoot ?? 'https://api.telegram.org').replace(/\/+$/, ''),
    verbosity: (file.verbosity ?? 1) as 0 | 1 | 2,
    executors: file.executors ?? [],
  };
}
