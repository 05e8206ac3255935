// `alerts` in config.yaml: who is told when something is wrong, of what, and when not.

import { z } from 'zod';
import { isActive, parseActiveHours, type ActiveHours } from '../core/active-hours.ts';
import { alertRules, defaultTerms, type AlertPolicy, type RuleTerms } from '../core/alerts.ts';
import { parseTarget } from '../core/delivery.ts';
import { parseSpan } from '../core/span.ts';
import { isTimeZone, localTimeZone } from '../core/wall-clock.ts';
import type { SecretRef } from './config.ts';

/** Where alerts go. Addresses are secrets: whoever has one can write there. */
export type AlertTarget =
  | { readonly kind: 'telegram'; readonly target: string }
  | { readonly kind: 'webhook'; readonly url: SecretRef }
  | { readonly kind: 'ntfy'; readonly url: SecretRef; readonly token: SecretRef | null };

export interface AlertsConfig {
  /** By name; empty: nobody is told. */
  readonly to: Readonly<Record<string, AlertTarget>>;
  /** Null: none. */
  readonly quiet: ActiveHours | null;
  readonly timeZone: string;
  readonly repeatMs: number;
  readonly terms: AlertPolicy['terms'];
  /** Asked each minute while Homer is ready; null: none is. */
  readonly ping: SecretRef | null;
}

const repeatMs = 4 * 3_600_000;

interface Pieces<Secret extends z.ZodType> {
  readonly mapping: <Shape extends z.ZodRawShape>(shape: Shape) => z.ZodObject<Shape, z.core.$strict>;
  readonly secret: Secret;
}

export function alertsSchema<Secret extends z.ZodType>({ mapping, secret }: Pieces<Secret>) {
  const span = z
    .string()
    .refine((text) => parseSpan(text) !== null, 'is not a time like "90s", "30m", "4h" or "1d"');
  const chat = z
    .string()
    .refine(
      (text) => parseTarget(text)?.channel === 'telegram',
      'is not telegram:CHAT or telegram:CHAT:TOPIC',
    );
  const rule = z.union([z.literal('off'), mapping({ at: z.number().optional(), for: span.optional() })], {
    error: 'must be off or { at: NUMBER, for: TIME }',
  });
  return mapping({
    to: z
      .record(
        z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'is not a name'),
        z.union(
          [
            mapping({ telegram: chat }),
            mapping({ webhook: secret }),
            mapping({ ntfy: secret, token: secret.optional() }),
          ],
          {
            error: 'must be { telegram: TARGET }, { webhook: URL } or { ntfy: URL, token: TOKEN }',
          },
        ),
      )
      .optional(),
    quiet: z
      .string()
      .refine((text) => parseActiveHours(text) !== null, 'is not a time of day like "22:00-07:00"')
      .optional(),
    timeZone: z.string().refine(isTimeZone, 'is not a time zone like "Europe/Berlin"').optional(),
    repeat: span.optional(),
    rules: z.partialRecord(z.enum(alertRules), rule).optional(),
    ping: secret.optional(),
  });
}

interface FileAlerts {
  readonly to?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  readonly quiet?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly repeat?: string | undefined;
  readonly rules?:
    | Readonly<Partial<Record<string, 'off' | { at?: number | undefined; for?: string | undefined }>>>
    | undefined;
  readonly ping?: unknown;
}

/** Pure. */
export function buildAlerts(file: FileAlerts = {}, secretRef: (secret: unknown) => SecretRef): AlertsConfig {
  const targets = Object.entries(file.to ?? {}).map(([name, to]) => [name, targetOf(to, secretRef)] as const);
  return {
    to: Object.fromEntries(targets),
    quiet: parseActiveHours(file.quiet ?? ''),
    timeZone: file.timeZone ?? localTimeZone(),
    repeatMs: parseSpan(file.repeat ?? '') ?? repeatMs,
    terms: termsOf(file.rules ?? {}),
    ping: file.ping === undefined ? null : secretRef(file.ping),
  };
}

export function policyOf({ quiet, timeZone, repeatMs: every, terms }: AlertsConfig): AlertPolicy {
  return { terms, repeatMs: every, isQuiet: (now) => quiet !== null && isActive(now, quiet, timeZone) };
}

function targetOf(
  to: Readonly<Record<string, unknown>>,
  secretRef: (secret: unknown) => SecretRef,
): AlertTarget {
  if ('telegram' in to) return { kind: 'telegram', target: String(to['telegram']) };
  if ('webhook' in to) return { kind: 'webhook', url: secretRef(to['webhook']) };
  const token = to['token'] === undefined ? null : secretRef(to['token']);
  return { kind: 'ntfy', url: secretRef(to['ntfy']), token };
}

/** The mark at which it is well again keeps its distance when the other is moved. */
function termsOf(rules: NonNullable<FileAlerts['rules']>): AlertPolicy['terms'] {
  const entries = alertRules.flatMap((name) => {
    const own = rules[name];
    if (own === 'off') return [];
    const usual: RuleTerms = defaultTerms[name];
    const raiseAt = own?.at ?? usual.raiseAt;
    const clearAt = raiseAt * (usual.clearAt / usual.raiseAt);
    return [[name, { ...usual, raiseAt, clearAt, forMs: parseSpan(own?.for ?? '') ?? usual.forMs }] as const];
  });
  return Object.fromEntries(entries);
}
