// Operations on what is said in sessions: look back, say something.

import { z } from 'zod';
import { isIdempotencyKey, keyRule } from '../core/idempotency-key.ts';
import { jobStates } from '../core/job.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { fromDigits } from './from-digits.ts';
import { jobView } from './job-view.ts';
import { readPage } from './jobs.ts';
import { problemOf } from './needs.ts';
import { defineOperation, type Operation } from './operation.ts';

const named = z.string().min(1).max(64);

const turn = z.object({
  jobId: z.string(),
  at: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  state: z.enum(jobStates as readonly [string, ...string[]]),
  /** Who said it: the source of the job. */
  source: z.string(),
  prompt: z.string(),
  /** Null: none yet, or it failed. */
  answer: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

/** `create` is `jobs.create`: a message is a job. */
export function conversationOperations(ledger: Ledger, create: Operation): readonly Operation[] {
  return [
    defineOperation({
      name: 'sessions.history',
      input: z.strictObject({
        id: named,
        limit: z.preprocess(fromDigits, z.int().min(1).max(200)).default(50),
        cursor: z.preprocess(fromDigits, z.int().min(1)).optional(),
      }),
      output: z.object({ turns: z.array(turn), nextCursor: z.string().nullable() }),
      async handle({ id, limit, cursor }) {
        const sessionId = ledger.sessions.get(id).id;
        const { jobs, hasMore } = await readPage(ledger, { sessionId, limit, before: cursor });
        const turns = jobs.map((job) => {
          const error = problemOf(ledger, job);
          return {
            jobId: job.id,
            at: new Date(job.createdAt).toISOString(),
            endedAt: job.endedAt === null ? null : new Date(job.endedAt).toISOString(),
            state: job.state,
            source: job.source,
            prompt: job.prompt,
            answer: job.resultText,
            error: error === null ? null : { code: error.code, message: error.message },
          };
        });
        const last = jobs.at(-1);
        return { output: { turns, nextCursor: hasMore && last !== undefined ? String(last.seq) : null } };
      },
    }),
    defineOperation({
      name: 'sessions.send',
      input: z.strictObject({
        id: named,
        prompt: z
          .string()
          .min(1)
          .max(900_000)
          .meta({ examples: ['And now the same in blue.'] }),
        key: z.string().refine(isIdempotencyKey, keyRule).optional(),
      }),
      output: z.object({ job: jobView, warnings: z.array(z.string()) }),
      async handle({ id, prompt, key }, caller, gone) {
        const session = ledger.sessions.get(id);
        const input = { prompt, session: session.id, ...(key === undefined ? {} : { key }) };
        const { output, status = 200 } = await create.handle(input, caller, gone);
        return { output: output as { job: z.infer<typeof jobView>; warnings: string[] }, status };
      },
    }),
  ];
}
