// The operation with which people, programs and runs wait for jobs.

import { z } from 'zod';
import { HomerError } from '../core/errors.ts';
import { isJobId } from '../core/ids.ts';
import { jobStates } from '../core/job.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { fromDigits } from './from-digits.ts';
import { requireKin } from './kin.ts';
import { defineOperation, type Operation } from './operation.ts';
import { areEnded, type Waits } from './waits.ts';

const longestWaitMs = 3_600_000;

const waitInput = z.strictObject({
  id: z.string().refine(isJobId, 'is not the id of a job'),
  timeoutMs: z.preprocess(fromDigits, z.int().min(0).max(longestWaitMs)).default(60_000),
  children: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Wait for all children of the job instead of for the job itself' }),
});

const waitView = z.object({
  /** Whether all that was waited for has ended. */
  ended: z.boolean(),
  jobs: z.array(
    z.object({
      id: z.string(),
      state: z.enum(jobStates as readonly [string, ...string[]]),
      endedAt: z.iso.datetime().nullable(),
    }),
  ),
});

export type WaitView = z.infer<typeof waitView>;

export function waitOperations(ledger: Ledger, waits: Waits): readonly Operation[] {
  const { family } = ledger;
  return [
    defineOperation({
      name: 'jobs.wait',
      input: waitInput,
      output: waitView,
      async handle({ id, timeoutMs, children }, caller, gone) {
        requireKin(family, caller, id, 'own');
        const ofChildren = children === 'true';
        if (id === caller.run?.jobId && !ofChildren)
          throw new HomerError('HOMER_INPUT_INVALID', 'A run cannot wait for its own end.', {
            hint: 'Wait for its children with `children=true`, or name one of them.',
          });
        // An unknown job is said to be unknown, not to have no children.
        family.find(id);
        const jobs = await waits.wait({
          look: () => (ofChildren ? family.childrenOf(id) : [family.find(id)]),
          by: caller.tokenId,
          run: caller.run?.runId ?? null,
          timeoutMs,
          gone,
        });
        return {
          output: {
            ended: areEnded(jobs),
            jobs: jobs.map((job) => ({
              id: job.id,
              state: job.state,
              endedAt: job.endedAt === null ? null : new Date(job.endedAt).toISOString(),
            })),
          },
        };
      },
    }),
  ];
}
