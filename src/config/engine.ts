// `engine` in config.yaml: what hands jobs to workers.

import { z } from 'zod';
import type { SecretRef } from './config.ts';

export type EngineConfig =
  | { readonly kind: 'embedded' }
  | {
      readonly kind: 'bullmq';
      /** `redis://` or `rediss://`, with the password in it where there is one. */
      readonly url: SecretRef;
      /** Begins of every key in Redis. */
      readonly prefix: string;
    };

interface Pieces<Secret extends z.ZodType> {
  readonly mapping: <Shape extends z.ZodRawShape>(shape: Shape) => z.ZodObject<Shape, z.core.$strict>;
  readonly secret: Secret;
}

const choices = 'it must be "embedded" or "bullmq"';

/** The pieces are those that the rest of the file is made of. */
export function engineSchema<Secret extends z.ZodType>({ mapping, secret }: Pieces<Secret>) {
  const prefix = z
    .string()
    .regex(/^[A-Za-z0-9_{}-]{1,64}$/, 'is not a prefix (letters, digits, - and _, at most 64)');
  return z.discriminatedUnion(
    'kind',
    [
      mapping({ kind: z.literal('embedded') }),
      mapping({
        kind: z.literal('bullmq'),
        url: secret.refine(
          (url) => typeof url !== 'string' || isRedisUrl(url),
          'is not an address like "redis://127.0.0.1:6379" (or rediss://, with TLS)',
        ),
        prefix: prefix.optional(),
      }),
    ],
    { error: (issue) => (issue.code === 'invalid_union' ? choices : undefined) },
  );
}

interface FileBullmq {
  readonly kind: 'bullmq';
  readonly url: unknown;
  readonly prefix?: string | undefined;
}

/** Pure. `refer` makes a reference of a secret as written. */
export function buildEngine<Url>(
  file: { readonly kind: 'embedded' } | (FileBullmq & { readonly url: Url }) | undefined,
  refer: (written: Url) => SecretRef,
): EngineConfig {
  if (file?.kind !== 'bullmq') return { kind: 'embedded' };
  return { kind: 'bullmq', url: refer(file.url), prefix: file.prefix ?? 'homer' };
}

/** Pure. */
export function isRedisUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'redis:' || url.protocol === 'rediss:') && url.hostname !== '';
}

/** Whether a password stands in config.yaml itself. */
export function hasPlainPassword(file: { readonly url?: unknown } | undefined): boolean {
  return typeof file?.url === 'string' && (URL.parse(file.url)?.password ?? '') !== '';
}
