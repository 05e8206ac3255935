// Errors of questions, of messages and of what else a run may do with its own token.

import type { ErrorEntry } from './error-entry.ts';

export const questionErrors = {
  HOMER_QUESTION_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is no such question',
    hint: '`homer questions` lists what agents ask.',
  },
  HOMER_QUESTION_ANSWERED: {
    status: 409,
    exit: 1,
    title: 'The question was answered otherwise',
    hint: 'The first answer counts; `homer questions` shows it.',
  },
  HOMER_QUESTION_VOID: {
    status: 410,
    exit: 1,
    title: 'Nobody waits for the answer any more',
    hint: 'The job that asked has ended; run the task again if it matters.',
  },
  HOMER_QUESTION_PENDING: {
    status: null,
    exit: null,
    title: 'The agent asks a person',
    hint: 'Answer with `homer answer`.',
  },
  HOMER_CHAT_NONE: {
    status: 409,
    exit: 1,
    title: 'There is no chat to say this in',
    hint: 'A run speaks only to the chat its session came from, or that `notify` of its job names.',
  },
  HOMER_RUN_LIMIT: {
    status: 409,
    exit: 1,
    title: 'A run may not make more of this',
    hint: 'Remove what is not needed any more, or let a person make it.',
  },
} as const satisfies Record<string, ErrorEntry>;
