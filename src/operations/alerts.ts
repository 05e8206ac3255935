// Operations on alerts: what is wrong, what nobody wants to be told of for a while, and whether anybody would be told at all.

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { AlertService } from '../alerts/alerts.ts';
import type { Config } from '../config/config.ts';
import { alertRules, isSilenced, type Alert, type Silence } from '../core/alerts.ts';
import { HomerError } from '../core/errors.ts';
import { parseSpan } from '../core/span.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { defineOperation, type Operation } from './operation.ts';

const rule = z.enum(alertRules);

const alertView = z.object({
  rule,
  /** A lane, a part, an executor, …; empty where there is only one. */
  subject: z.string(),
  state: z.enum(['pending', 'firing', 'clearing']),
  since: z.iso.datetime(),
  /** When somebody was last told; null: nobody was. */
  toldAt: z.iso.datetime().nullable(),
  silenced: z.boolean(),
  text: z.string(),
});

const silenceView = z.object({
  id: z.string(),
  rule,
  /** Null: all of the rule. */
  subject: z.string().nullable(),
  until: z.iso.datetime(),
});

const alertsView = z.object({
  alerts: z.array(alertView),
  silences: z.array(silenceView),
  /** Names of those who are told; empty: alerts are off. */
  to: z.array(z.string()),
});

export type AlertsView = z.infer<typeof alertsView>;
export type SilenceView = z.infer<typeof silenceView>;

export interface AlertOperationsOptions {
  readonly ledger: Ledger;
  readonly config: () => Config;
  readonly alerts: AlertService;
}

export function alertOperations({ ledger, config, alerts }: AlertOperationsOptions): readonly Operation[] {
  return [
    defineOperation({
      name: 'alerts.list',
      input: z.strictObject({}),
      output: alertsView,
      async handle() {
        const now = ledger.now();
        const silences = ledger.alerts.silences(now);
        return {
          output: {
            alerts: ledger.alerts.all().map((alert) => viewAlert(alert, isSilenced(alert, silences, now))),
            silences: silences.map(viewSilence),
            to: Object.keys(config().alerts.to),
          },
        };
      },
    }),
    defineOperation({
      name: 'alerts.silence',
      input: z.strictObject({
        rule,
        subject: z.string().min(1).max(200).optional(),
        for: z
          .string()
          .refine((text) => parseSpan(text) !== null, 'is not a time like "30m", "4h" or "7d"')
          .default('4h'),
      }),
      output: z.object({ silence: silenceView }),
      async handle({ rule: of, subject, for: lasts }, caller) {
        const now = ledger.now();
        const id = `s${randomBytes(4).toString('hex')}`;
        const silence: Silence = {
          ...{ id, rule: of, subject: subject ?? null },
          until: now + (parseSpan(lasts) ?? 0),
        };
        await ledger.commit(() => ledger.alerts.silence(silence, caller.tokenId, now));
        return { output: { silence: viewSilence(silence) } };
      },
    }),
    defineOperation({
      name: 'alerts.unsilence',
      input: z.strictObject({ id: z.string().min(1).max(64) }),
      output: z.object({ id: z.string() }),
      async handle({ id }) {
        await ledger.commit(() => ledger.alerts.unsilence(id));
        return { output: { id } };
      },
    }),
    defineOperation({
      name: 'alerts.test',
      input: z.strictObject({}),
      output: z.object({ deliveries: z.array(z.string()) }),
      async handle() {
        if (Object.keys(config().alerts.to).length === 0)
          throw new HomerError('HOMER_ALERTS_OFF', 'Nobody is told of alerts: `alerts.to` is empty.');
        return { output: { deliveries: [...(await alerts.test())] } };
      },
    }),
  ];
}

const iso = (at: number): string => new Date(at).toISOString();

function viewAlert(
  { rule: of, subject, phase, since, toldAt, text }: Alert,
  silenced: boolean,
): z.infer<typeof alertView> {
  const told = toldAt === null ? null : iso(toldAt);
  return { rule: of, subject, state: phase, since: iso(since), toldAt: told, silenced, text };
}

function viewSilence({ id, rule: of, subject, until }: Silence): SilenceView {
  return { id, rule: of, subject, until: iso(until) };
}
