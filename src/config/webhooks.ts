// The `webhooks` of config.yaml: what may stand there, and the value that is made of it.

import { z } from 'zod';
import { hookSchemes, type HookScheme } from '../core/hook.ts';
import type { HookFilter, Scalar } from '../core/hook-filter.ts';
import { parseHookPath, type HookPath } from '../core/hook-path.ts';
import { parseHookTemplate, pathsOf, type HookTemplate } from '../core/hook-template.ts';
import { priorityRange } from '../core/job.ts';
import { parseRate, type Rate } from '../core/rate.ts';
import { isSessionName, sessionNameRule } from '../core/session.ts';
import { parseSpan } from '../core/span.ts';
import type { SecretRef } from './config.ts';

/** `generated`: made by Homer and kept in the state directory. */
export type HookSecretRef = SecretRef | { readonly generated: true };

export interface WebhookConfig {
  readonly scheme: HookScheme;
  readonly secret: HookSecretRef;
  /** Where `hmac` has its signature; header in lower case. */
  readonly signature: {
    readonly header: string;
    readonly prefix: string;
    readonly encoding: 'hex' | 'base64';
  };
  /** The header with the sender's name for a delivery, where the scheme has none of its own; lower case. */
  readonly idHeader: string | null;
  readonly template: HookTemplate;
  readonly filter: HookFilter;
  /** It may be a `command`, which others than the owner may use only where they are named. */
  readonly executor: string | null;
  readonly lane: string | null;
  readonly session: string | null;
  /** `~` expanded. */
  readonly cwd: string | null;
  readonly priority: number;
  readonly notify: string | null;
  /** How long an answer may be kept waiting for the job's end, ms; 0: not at all. */
  readonly waitMs: number;
  /** New deliveries; repeated ones are not counted. */
  readonly rate: Rate;
  readonly bodyLimit: number;
}

interface Pieces<Secret extends z.ZodType> {
  readonly mapping: <Shape extends z.ZodRawShape>(shape: Shape) => z.ZodObject<Shape, z.core.$strict>;
  readonly secret: Secret;
  readonly name: z.ZodString;
}

const defaultRate: Rate = { count: 3_000, perMs: 60_000 };
const defaultBodyLimit = 1024 * 1024;
const longestWaitMs = 60_000;

/** What stands in them opens doors, so it goes into no prompt and no filter. */
const secretHeaders: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, 'is not the name of a header')
  .refine((text) => !/^(?:cookie|host|content-.*|transfer-encoding)$/i.test(text), 'cannot be used for this');
const short = z.string().min(1).max(64);
const path = z
  .string()
  .refine((text) => readPath(text) !== null, 'is not a place like "payload.action" or "headers.x-event"');
const scalar = z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()], {
  error: 'must be a value or a list of values',
});

export function webhooksSchema<Secret extends z.ZodType>({ mapping, secret, name }: Pieces<Secret>) {
  const hook = mapping({
    scheme: z.enum(hookSchemes as ['github', 'stripe', 'standard-webhooks', 'bearer', 'hmac']),
    secret: z.union([secret, mapping({ generated: z.literal(true) })], {
      error:
        'must be { env: NAME }, { file: PATH }, { exec: [program, …] }, { generated: true } or text in quotes',
    }),
    header: headerName.optional(),
    prefix: z
      .string()
      .regex(/^[\x21-\x7e]{0,32}$/, 'is not a prefix such as "sha256="')
      .optional(),
    algorithm: z.literal('sha256').optional(),
    encoding: z.enum(['hex', 'base64']).optional(),
    idHeader: headerName.optional(),
    eventAt: path.optional(),
    events: z.array(z.string().min(1).max(200)).min(1).max(256).optional(),
    when: z.record(path, z.union([scalar, z.array(scalar).min(1).max(256)])).optional(),
    prompt: z.string().min(1).max(100_000),
    executor: short.optional(),
    lane: short.optional(),
    session: z.string().refine(isSessionName, `is no name for a session (${sessionNameRule})`).optional(),
    cwd: z
      .string()
      .regex(/^(?:\/|~(?:\/|$))/, 'is not an absolute path (or one that starts with ~/)')
      .optional(),
    priority: z.int().min(priorityRange.min).max(priorityRange.max).optional(),
    notify: z.string().min(1).max(200).optional(),
    wait: z
      .string()
      .refine((text) => (parseSpan(text) ?? Infinity) <= longestWaitMs, 'is not a time of at most "60s"')
      .optional(),
    rate: z
      .string()
      .refine((text) => parseRate(text) !== null, 'is not a rate like "30/1m"')
      .optional(),
    bodyLimit: z
      .int()
      .min(1_024)
      .max(32 * 1024 * 1024)
      .meta({ description: 'Bytes.' })
      .optional(),
  }).superRefine(checkHook);
  return z.record(name, hook);
}

type FileWebhook = Omit<z.output<ReturnType<typeof webhooksSchema>>[string], 'secret'> & {
  readonly secret?: unknown;
};

function checkHook(hook: FileWebhook, context: z.RefinementCtx): void {
  const complain = (at: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [at], message });
  const parsed = parseHookTemplate(hook.prompt);
  if ('wrong' in parsed)
    complain('prompt', `has ${JSON.stringify(parsed.wrong)}, which is no place like "{{payload.action}}"`);
  else {
    const secretPath = pathsOf(parsed.template).find(isSecretPath);
    if (secretPath !== undefined)
      complain('prompt', `names the header ${String(secretPath.steps[0])}, which holds a secret`);
  }
  if (hook.scheme === 'hmac' && hook.header === undefined)
    complain('header', 'is missing; scheme hmac needs the name of the header with the signature');
  if (hook.scheme !== 'hmac')
    for (const key of ['header', 'prefix', 'algorithm', 'encoding'] as const)
      if (hook[key] !== undefined) complain(key, 'belongs to scheme hmac only');
  if (hook.scheme !== 'hmac' && hook.scheme !== 'bearer' && hook.idHeader !== undefined)
    complain('idHeader', 'belongs to schemes hmac and bearer only; this one has an id of its own');
  if (hook.scheme === 'stripe' && isGenerated(hook.secret))
    complain('secret', 'cannot be generated: Stripe makes it and shows it where the endpoint is set up');
}

function isGenerated(secret: unknown): boolean {
  return typeof secret === 'object' && secret !== null && 'generated' in secret;
}

/** Also refuses headers that hold secrets. */
function readPath(text: string): HookPath | null {
  const found = parseHookPath(text);
  return found === null || isSecretPath(found) ? null : found;
}

function isSecretPath({ root, steps }: HookPath): boolean {
  return root === 'headers' && secretHeaders.has(String(steps[0]));
}

const eventPlaces: Readonly<Record<HookScheme, string>> = {
  github: 'headers.x-github-event',
  stripe: 'payload.type',
  'standard-webhooks': 'payload.type',
  bearer: 'payload.type',
  hmac: 'payload.type',
};

/** Pure. `secretOf` makes the reference from what is written. */
export function buildWebhooks(
  file: Readonly<Record<string, FileWebhook>>,
  secretOf: (secret: unknown) => SecretRef,
  expand: (path: string) => string,
): Record<string, WebhookConfig> {
  // Without a prototype, so that a hook called `constructor` is not found where none is configured.
  const hooks = Object.create(null) as Record<string, WebhookConfig>;
  for (const [name, hook] of Object.entries(file)) {
    const parsed = parseHookTemplate(hook.prompt);
    hooks[name] = {
      scheme: hook.scheme,
      secret: isGenerated(hook.secret) ? { generated: true } : secretOf(hook.secret),
      signature: {
        header: (hook.header ?? '').toLowerCase(),
        prefix: hook.prefix ?? '',
        encoding: hook.encoding ?? 'hex',
      },
      idHeader: idHeaderOf(hook),
      template: 'template' in parsed ? parsed.template : [],
      filter: {
        scheme: hook.scheme,
        event: place(hook.eventAt ?? eventPlaces[hook.scheme]),
        events: hook.events ?? [],
        when: Object.entries(hook.when ?? {}).map(([text, wanted]) => ({
          text,
          path: place(text),
          anyOf: (Array.isArray(wanted) ? wanted : [wanted]) as readonly Scalar[],
        })),
      },
      executor: hook.executor ?? null,
      lane: hook.lane ?? null,
      session: hook.session ?? null,
      cwd: hook.cwd === undefined ? null : expand(hook.cwd),
      priority: hook.priority ?? 0,
      notify: hook.notify ?? null,
      waitMs: hook.wait === undefined ? 0 : (parseSpan(hook.wait) ?? 0),
      rate: parseRate(hook.rate ?? '') ?? defaultRate,
      bodyLimit: hook.bodyLimit ?? defaultBodyLimit,
    };
  }
  return hooks;
}

function idHeaderOf({ scheme, idHeader }: FileWebhook): string | null {
  if (scheme === 'github') return 'x-github-delivery';
  if (scheme === 'bearer') return (idHeader ?? 'Idempotency-Key').toLowerCase();
  return idHeader?.toLowerCase() ?? null;
}

function place(text: string): HookPath {
  return parseHookPath(text) ?? { root: 'payload', steps: [] };
}
