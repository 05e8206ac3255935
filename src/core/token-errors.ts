// Errors of tokens, and of browsers that log in.

import type { ErrorEntry } from './error-entry.ts';

export const tokenErrors = {
  HOMER_TOKEN_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is no such token',
    hint: '`homer token list` shows them.',
  },
  HOMER_TOKEN_EXISTS: {
    status: 409,
    exit: 1,
    title: 'There is a token of this name already',
    hint: 'Choose another name, or give that token a new text with `homer token rotate`.',
  },
  HOMER_TOKEN_REVOKED: {
    status: 409,
    exit: 1,
    title: 'The token is good no more',
    hint: 'Make another one with `homer token add`.',
  },
  HOMER_LOGIN_CODE: {
    status: 401,
    exit: 1,
    title: 'This link to log in is good no more',
    hint: 'Run `homer open` again: each link is good once, for a minute.',
  },
} as const satisfies Record<string, ErrorEntry>;
