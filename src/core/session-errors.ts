// Errors of sessions, as a request meets them.

import type { ErrorEntry } from './error-entry.ts';

export const sessionErrors = {
  HOMER_SESSION_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is no such session',
    hint: '`homer sessions` lists them; `homer run -s NAME` makes one.',
  },
  HOMER_SESSION_EXISTS: {
    status: 409,
    exit: 1,
    title: 'There is a session of this name',
    hint: 'Use it, choose another name, or end it with `homer sessions stop NAME`.',
  },
  HOMER_SESSION_ENDED: {
    status: 409,
    exit: 1,
    title: 'The session has ended',
    hint: '`homer run -s NAME` begins a new one of that name.',
  },
  HOMER_SESSION_FIXED: {
    status: 409,
    exit: 2,
    title: 'A session keeps its executor, lane and directory',
    hint: 'Leave them out, use another session, or go on elsewhere with `homer sessions fork`.',
  },
  HOMER_SESSION_ACTIVE: {
    status: 409,
    exit: 1,
    title: 'A turn of the session is under way',
    hint: 'Wait for it, or end it with `homer cancel`.',
  },
  HOMER_SESSION_REFUSED: {
    status: 403,
    exit: 1,
    title: 'This session belongs to somebody else',
    hint: 'Use another name.',
  },
  HOMER_SESSION_NOT_RESUMABLE: {
    status: 409,
    exit: 1,
    title: 'This session cannot be continued in a terminal',
    hint: '`homer run -s NAME` takes its next turn.',
  },
} as const satisfies Record<string, ErrorEntry>;
