// The operation with which something is said to a person, through the outbox: once, whatever breaks.

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { parseTarget, targetRule } from '../core/delivery.ts';
import { HomerError } from '../core/errors.ts';
import { isIdempotencyKey, keyRule } from '../core/idempotency-key.ts';
import { createBuckets } from '../core/token-bucket.ts';
import { checkNotify, type NotifyOptions } from '../intake/notify.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { deliveryView, viewDelivery } from './deliveries.ts';
import { defineOperation, type Caller, type Operation } from './operation.ts';
import { chatOf, firstAbove } from './own.ts';

export interface MessageOperationsOptions extends NotifyOptions {
  readonly ledger: Ledger;
}

/** Of one job with all under it: a few at once, then one a minute. Nobody reads more, and what an agent read must not make it a flood. */
const rateOfJob = { burst: 10, perSecond: 1 / 60 };

export function messageOperations(options: MessageOperationsOptions): readonly Operation[] {
  const { ledger } = options;
  const rates = createBuckets(rateOfJob, () => performance.now());

  /** HOMER_NOTIFY_REFUSED for a run that names somebody, HOMER_CHAT_NONE for one that has no chat. */
  const targetFor = ({ run }: Caller, to: string | undefined): string => {
    if (run !== undefined && to !== undefined)
      throw new HomerError('HOMER_NOTIFY_REFUSED', 'A run asked for somebody to be told.');
    const target = run === undefined ? to : (chatOf(ledger, run.jobId) ?? undefined);
    if (target !== undefined) return target;
    throw run === undefined
      ? new HomerError('HOMER_TARGET_INVALID', 'It is not said to whom: `to` is missing.')
      : new HomerError('HOMER_CHAT_NONE', `Job ${run.jobId} belongs to no chat.`);
  };

  return [
    defineOperation({
      name: 'messages.send',
      input: z.strictObject({
        text: z
          .string()
          .min(1)
          .max(20_000)
          .meta({ examples: ['The backup is through.'] }),
        /** The chat; a run has its own and names none. */
        to: z
          .string()
          .refine((text) => parseTarget(text) !== null, targetRule)
          .optional()
          .meta({ examples: ['telegram:123456789'] }),
        key: z.string().refine(isIdempotencyKey, keyRule).optional(),
      }),
      output: z.object({ delivery: deliveryView }),
      async handle({ text, to, key = randomUUID() }, caller) {
        const target = targetFor(caller, to);
        checkNotify(options, target);
        const named = `message:${caller.source}:${key}`;
        const jobId = caller.run?.jobId ?? null;
        const known = ledger.deliveries.find(named);
        if (known === null && jobId !== null) {
          const retryAfter = rates.take(firstAbove(ledger, jobId));
          if (retryAfter > 0)
            throw new HomerError('HOMER_RATE_LIMITED', 'This job has said too much in too short a time.', {
              details: { retryAfter },
            });
        }
        const { id } = await ledger.commit(() =>
          ledger.deliveries.add({ target, key: named, jobId, text }, ledger.now()),
        );
        const delivery = ledger.deliveries.get(id);
        const isOther = jobId === null && delivery.target !== target;
        if (isOther || delivery.text !== ledger.events.redact(text))
          throw new HomerError(
            'HOMER_KEY_REUSED',
            `The key ${JSON.stringify(key)} belongs to delivery ${id}.`,
          );
        return { output: { delivery: viewDelivery(delivery) }, status: 202 };
      },
    }),
  ];
}
