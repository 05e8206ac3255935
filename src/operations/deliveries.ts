// Operations on deliveries: what was said to whom, what could not be, and what a person decides about it.

import { z } from 'zod';
import type { Config } from '../config/config.ts';
import {
  deliveryKinds,
  deliveryStates,
  parseTarget,
  type DeliveryKind,
  type DeliveryState,
} from '../core/delivery.ts';
import { HomerError } from '../core/errors.ts';
import { isDeliveryId, isJobId, type DeliveryId } from '../core/ids.ts';
import type { DeliveryRecord } from '../ledger/delivery-record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { fromDigits } from './from-digits.ts';
import { defineOperation, type Operation } from './operation.ts';

const time = z.iso.datetime().nullable();

export const deliveryView = z.object({
  id: z.string(),
  state: z.enum(deliveryStates as readonly [DeliveryState, ...DeliveryState[]]),
  kind: z.enum(deliveryKinds as readonly [DeliveryKind, ...DeliveryKind[]]),
  target: z.string(),
  jobId: z.string().nullable(),
  key: z.string(),
  text: z.string(),
  /** The channel's own ids of its messages. */
  messageIds: z.array(z.string()),
  attempts: z.int(),
  createdAt: time,
  /** When the next attempt is made, where the last one failed. */
  dueAt: time,
  endedAt: time,
  /** Why it is not delivered, or not yet. */
  reason: z.string().nullable(),
});

export type DeliveryView = z.infer<typeof deliveryView>;

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

export function viewDelivery(delivery: DeliveryRecord): DeliveryView {
  const { id, state, kind, target, jobId, key, text, messageIds, attempts, reason } = delivery;
  return {
    id,
    state,
    kind,
    target,
    jobId,
    key,
    text,
    messageIds: [...messageIds],
    attempts,
    createdAt: iso(delivery.createdAt),
    dueAt: iso(delivery.dueAt),
    endedAt: iso(delivery.endedAt),
    reason,
  };
}

/** A list says what each is about; `deliveries.get` has the whole. */
const longestText = 4_000;

function cut(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText - 1)}…` : text;
}

export interface DeliveryOperationsOptions {
  readonly ledger: Ledger;
  readonly config: () => Pick<Config, 'telegram'>;
}

const deliveryId = z.string().refine(isDeliveryId, 'is not the id of a delivery');
const idInput = z.strictObject({ id: deliveryId });
const oneDelivery = z.object({ delivery: deliveryView });

export function deliveryOperations({ ledger, config }: DeliveryOperationsOptions): readonly Operation[] {
  const isOff = (target: string): boolean =>
    parseTarget(target)?.channel === 'telegram' && config().telegram === null;
  const view = (delivery: DeliveryRecord): DeliveryView => {
    const seen = viewDelivery(delivery);
    const waits = seen.state === 'pending' && isOff(seen.target);
    return waits ? { ...seen, reason: 'Telegram is not configured; it is sent once it is.' } : seen;
  };
  const one = (id: DeliveryId): { output: { delivery: DeliveryView } } => ({
    output: { delivery: view(ledger.deliveries.get(id)) },
  });
  return [
    defineOperation({
      name: 'deliveries.list',
      input: z.strictObject({
        state: z.enum(deliveryStates as readonly [DeliveryState, ...DeliveryState[]]).optional(),
        job: z.string().refine(isJobId, 'is not the id of a job').optional(),
        target: z.string().max(64).optional(),
        limit: z.preprocess(fromDigits, z.int().min(1).max(200)).default(50),
        cursor: z.preprocess(fromDigits, z.int().min(1)).optional(),
      }),
      output: z.object({ deliveries: z.array(deliveryView), nextCursor: z.string().nullable() }),
      async handle({ state, job, target, limit, cursor }) {
        const filter = { state, jobId: job, target, limit: limit + 1, before: cursor };
        const found = ledger.deliveries.list(filter);
        const shown = found.slice(0, limit);
        const last = found.length > limit ? shown.at(-1) : undefined;
        const nextCursor = last === undefined ? null : String(last.seq);
        const deliveries = shown.map(view).map((seen) => ({ ...seen, text: cut(seen.text) }));
        return { output: { deliveries, nextCursor } };
      },
    }),
    defineOperation({
      name: 'deliveries.get',
      input: idInput,
      output: oneDelivery,
      async handle({ id }) {
        return one(id);
      },
    }),
    defineOperation({
      name: 'deliveries.retry',
      input: idInput,
      output: oneDelivery,
      async handle({ id }) {
        await ledger.commit(() => {
          const delivery = ledger.deliveries.get(id);
          // It would wait in silence, for as long as the channel is off.
          if (isOff(delivery.target))
            throw new HomerError('HOMER_CHANNEL_OFF', 'Telegram is not configured.');
          if (delivery.state === 'sending' || delivery.state === 'delivered')
            throw new HomerError('HOMER_DELIVERY_ENDED', `Delivery ${id} is ${delivery.state}.`);
          ledger.deliveries.repeat(delivery, ledger.now());
        });
        return one(id);
      },
    }),
    defineOperation({
      name: 'deliveries.drop',
      input: idInput,
      output: oneDelivery,
      async handle({ id }, caller) {
        await ledger.commit(() => {
          const delivery = ledger.deliveries.get(id);
          if (delivery.state === 'dropped') return;
          if (delivery.state === 'sending' || delivery.state === 'delivered')
            throw new HomerError('HOMER_DELIVERY_ENDED', `Delivery ${id} is ${delivery.state}.`);
          ledger.deliveries.drop(delivery, `Dropped by ${caller.source}.`, ledger.now());
        });
        return one(id);
      },
    }),
  ];
}
