// Operations on questions: an agent asks a person in words, and waits; a person answers.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { mostWithoutSlot } from '../core/approval.ts';
import { parseTarget, targetRule } from '../core/delivery.ts';
import { HomerError, isHomerError } from '../core/errors.ts';
import { isIdempotencyKey, keyRule } from '../core/idempotency-key.ts';
import { isJobId, isQuestionId, type JobId, type QuestionId } from '../core/ids.ts';
import { questionStates, type QuestionState } from '../core/question.ts';
import { checkNotify, type NotifyOptions } from '../intake/notify.ts';
import type { Config } from '../config/config.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { QuestionRecord } from '../ledger/questions.ts';
import { fromDigits } from './from-digits.ts';
import { requireKin } from './kin.ts';
import { defineOperation, type Caller, type Operation } from './operation.ts';
import { chatOf } from './own.ts';
import type { Waits } from './waits.ts';

export interface QuestionOperationsOptions extends NotifyOptions {
  readonly ledger: Ledger;
  readonly config: () => Pick<Config, 'telegram' | 'lanes'>;
}

const longestWaitMs = 3_600_000;
const time = z.iso.datetime().nullable();

export const questionView = z.object({
  id: z.string(),
  /** Null: a program asks, not a run. */
  jobId: z.string().nullable(),
  asker: z.string(),
  text: z.string(),
  choices: z.array(z.string()),
  state: z.enum(questionStates as readonly [QuestionState, ...QuestionState[]]),
  answer: z.string().nullable(),
  askedAt: time,
  answeredBy: z.string().nullable(),
  endedAt: time,
});

export type QuestionView = z.infer<typeof questionView>;

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

export function viewQuestion(question: QuestionRecord): QuestionView {
  const { id, jobId, asker, text, choices, state, answer, answeredBy } = question;
  const { askedAt, endedAt } = question;
  return {
    ...{ id, jobId, asker, text, choices: [...choices], state, answer, answeredBy },
    askedAt: iso(askedAt),
    endedAt: iso(endedAt),
  };
}

const questionId = z.string().refine(isQuestionId, 'is not the id of a question');
const oneQuestion = z.object({ question: questionView });

export function questionOperations(options: QuestionOperationsOptions, waits: Waits): readonly Operation[] {
  const { ledger, config } = options;
  const find = (id: QuestionId, caller: Caller): QuestionRecord => {
    const question = ledger.questions.get(id);
    requireAsker(ledger, caller, question);
    return question;
  };

  /** A chat that nobody lets in any more keeps no question from being asked where questions are listed. */
  const chatFor = (jobId: JobId): string | null => {
    const chat = chatOf(ledger, jobId);
    if (chat === null) return null;
    try {
      checkNotify(options, chat);
      return chat;
    } catch (error) {
      if (isHomerError(error, 'HOMER_CHANNEL_OFF') || isHomerError(error, 'HOMER_TARGET_INVALID'))
        return null;
      throw error;
    }
  };

  return [
    defineOperation({
      name: 'questions.ask',
      input: z.strictObject({
        text: z
          .string()
          .min(1)
          .max(4_000)
          .meta({ examples: ['Which of the two invoices is the right one?'] }),
        choices: z
          .array(z.string().min(1).max(100))
          .max(8)
          .default([])
          .meta({ examples: [['the first', 'the second']] }),
        /** The chat in which it is asked; a run has its own. */
        notify: z
          .string()
          .refine((text) => parseTarget(text) !== null, targetRule)
          .optional(),
        key: z.string().refine(isIdempotencyKey, keyRule).optional(),
      }),
      output: oneQuestion,
      async handle({ text, choices, notify, key }, { run, source }) {
        if (run !== undefined && notify !== undefined)
          throw new HomerError('HOMER_NOTIFY_REFUSED', 'A run asked for somebody to be told.');
        if (notify !== undefined) checkNotify(options, notify);
        const digest = createHash('sha256')
          .update(JSON.stringify([text, choices]))
          .digest('base64url');
        const question = await ledger.commit(() =>
          ledger.questions.ask(
            {
              ...{ text, choices, jobId: run?.jobId ?? null },
              asker: run === undefined ? source : `job:${run.jobId}`,
              // Each text of a job is asked once, over all its runs.
              key: key ?? digest,
              target: run === undefined ? (notify ?? null) : chatFor(run.jobId),
            },
            ledger.now(),
          ),
        );
        // The answer to another question would be taken for the answer to this one.
        if (key !== undefined && !isSame(ledger, question, text, choices))
          throw new HomerError(
            'HOMER_KEY_REUSED',
            `The key ${JSON.stringify(key)} belongs to question ${question.id}.`,
          );
        return { output: { question: viewQuestion(question) } };
      },
    }),
    defineOperation({
      name: 'questions.list',
      input: z.strictObject({
        state: z.enum(questionStates as readonly [QuestionState, ...QuestionState[]]).optional(),
        job: z.string().refine(isJobId, 'is not the id of a job').optional(),
        limit: z.preprocess(fromDigits, z.int().min(1).max(200)).default(50),
        cursor: z.preprocess(fromDigits, z.int().min(1)).optional(),
      }),
      output: z.object({ questions: z.array(questionView), nextCursor: z.string().nullable() }),
      async handle({ state, job, limit, cursor }, caller) {
        const jobId = job ?? caller.run?.jobId;
        if (jobId !== undefined) {
          requireKin(ledger.family, caller, jobId, 'own');
          ledger.jobs.get(jobId);
        }
        const found = ledger.questions.list({ state, jobId, limit: limit + 1, before: cursor });
        const shown = found.slice(0, limit);
        const last = found.length > limit ? shown.at(-1) : undefined;
        return {
          output: {
            questions: shown.map(viewQuestion),
            nextCursor: last === undefined ? null : String(last.seq),
          },
        };
      },
    }),
    defineOperation({
      name: 'questions.get',
      input: z.strictObject({ id: questionId }),
      output: oneQuestion,
      async handle({ id }, caller) {
        return { output: { question: viewQuestion(find(id, caller)) } };
      },
    }),
    defineOperation({
      name: 'questions.wait',
      input: z.strictObject({
        id: questionId,
        timeoutMs: z.preprocess(fromDigits, z.int().min(0).max(longestWaitMs)).default(60_000),
      }),
      output: oneQuestion,
      async handle({ id, timeoutMs }, caller, gone) {
        const look = (): readonly [QuestionRecord] => [find(id, caller)];
        look();
        const run = caller.run === undefined ? null : withoutSlot(caller.run);
        const [question] = await waits.waitFor({ look, by: caller.tokenId, run, timeoutMs, gone }, isSettled);
        return { output: { question: viewQuestion(question ?? find(id, caller)) } };
      },
    }),
    defineOperation({
      name: 'questions.answer',
      input: z.strictObject({
        id: questionId,
        answer: z
          .string()
          .min(1)
          .max(10_000)
          .meta({ examples: ['the second'] }),
      }),
      output: oneQuestion,
      async handle({ id, answer }, { source }) {
        const question = await ledger.commit(() => ledger.questions.answer(id, answer, source, ledger.now()));
        return { output: { question: viewQuestion(question) } };
      },
    }),
  ];

  /** The run whose slot is given up meanwhile; null where too many of its lane wait without theirs: then it keeps its own. */
  function withoutSlot({ jobId, runId }: NonNullable<Caller['run']>): typeof runId | null {
    const { lane } = ledger.jobs.get(jobId);
    const most = mostWithoutSlot(config().lanes[lane]?.concurrency ?? 1);
    return ledger.slots.withoutSlot(lane, 'children') < most ? runId : null;
  }
}

/** As it was kept, without secrets. */
function isSame(
  { events: { redact } }: Ledger,
  question: QuestionRecord,
  text: string,
  choices: readonly string[],
): boolean {
  const isText = question.text === redact(text);
  return isText && JSON.stringify(question.choices) === redact(JSON.stringify(choices));
}

function isSettled(questions: readonly QuestionRecord[]): boolean {
  return questions.every(({ state }) => state !== 'pending');
}

/** A run knows its own questions, and those of jobs under its own. HOMER_OTHERS_JOB. */
function requireAsker(ledger: Ledger, caller: Caller, { jobId, id }: QuestionRecord): void {
  if (caller.run === undefined) return;
  if (jobId === null) throw new HomerError('HOMER_OTHERS_JOB', `Question ${id} was asked by no job.`);
  requireKin(ledger.family, caller, jobId, 'own');
}
