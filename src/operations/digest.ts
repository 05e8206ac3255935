// The operation that says what happened since a time: for "since you last looked", and for whoever was away.

import { z } from 'zod';
import { restartCauses, type RestartCause } from '../core/digest.ts';
import { HomerError } from '../core/errors.ts';
import type { Away, Counted, EndedJob } from '../ledger/digests.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { defineOperation, type Operation } from './operation.ts';

const time = z.iso.datetime();

const endedJobs = z.object({
  total: z.int(),
  /** Newest first; the first twenty. */
  newest: z.array(
    z.object({
      jobId: z.string(),
      executor: z.string(),
      prompt: z.string(),
      endedAt: time,
      /** Why it failed. */
      message: z.string().nullable(),
    }),
  ),
});

const digestView = z.object({
  since: time,
  until: time,
  /** Newest first. `downSince`: when the start before was last there; null: not known. */
  restarts: z.array(
    z.object({
      at: time,
      downSince: time.nullable(),
      cause: z.enum(restartCauses as readonly [RestartCause, ...RestartCause[]]),
      detail: z.string().nullable(),
      version: z.string(),
    }),
  ),
  succeeded: endedJobs,
  failed: endedJobs,
  cancelled: endedJobs,
  /** Runs that were cut off, and where their jobs stand now. */
  cutOff: z.array(
    z.object({
      jobId: z.string(),
      prompt: z.string(),
      verdict: z.enum(['interrupted', 'lost']),
      state: z.string(),
    }),
  ),
  missed: z.array(
    z.object({
      scheduleId: z.string(),
      name: z.string(),
      count: z.int(),
      /** The newest of them. */
      dueAt: time,
      reason: z.string().nullable(),
    }),
  ),
  /** Names of schedules that were paused after failures. */
  paused: z.array(z.string()),
  /** Now: jobs and questions that wait for a person, and messages that could not be delivered. */
  waiting: z.int(),
  undelivered: z.int(),
});

export type DigestView = z.infer<typeof digestView>;

const dayMs = 86_400_000;
const mostListed = 20;

export function digestOperations(ledger: Ledger): readonly Operation[] {
  return [
    defineOperation({
      name: 'digest.get',
      input: z.strictObject({
        since: z.iso.datetime({ offset: true }).optional().meta({ description: 'A day ago unless given' }),
      }),
      output: digestView,
      async handle({ since }) {
        const now = ledger.now();
        const from = since === undefined ? now - dayMs : Date.parse(since);
        if (from > now)
          throw new HomerError('HOMER_INPUT_INVALID', `${since ?? ''} is a time that is yet to come.`);
        return { output: viewAway(ledger.digests.read(from, now, mostListed)) };
      },
    }),
  ];
}

const iso = (at: number): string => new Date(at).toISOString();

function viewAway({ since, until, restarts, missed, ...away }: Away): DigestView {
  return {
    ...away,
    since: iso(since),
    until: iso(until),
    restarts: restarts.map(({ at, downSince, ...restart }) => ({
      ...restart,
      at: iso(at),
      downSince: downSince === null ? null : iso(downSince),
    })),
    succeeded: viewEnded(away.succeeded),
    failed: viewEnded(away.failed),
    cancelled: viewEnded(away.cancelled),
    cutOff: [...away.cutOff],
    missed: missed.map((each) => ({ ...each, dueAt: iso(each.dueAt) })),
    paused: [...away.paused],
  };
}

function viewEnded({ total, newest }: Counted<EndedJob>): DigestView['succeeded'] {
  return {
    total,
    newest: newest.map(({ id, endedAt, ...job }) => ({ ...job, jobId: id, endedAt: iso(endedAt) })),
  };
}
