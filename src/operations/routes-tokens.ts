// Where the operations on tokens, logins and the audit are found.

import type { Route } from './routes.ts';

export const tokenRoutes = {
  'tokens.list': {
    method: 'GET',
    path: '/api/v1/tokens',
    scope: 'admin',
    summary: 'Tokens and logins of browsers, what they may do and when they were used; never their texts',
  },
  'tokens.create': {
    method: 'POST',
    path: '/api/v1/tokens',
    scope: 'admin',
    summary: 'Make a token; the answer is the one time its text is told',
  },
  'tokens.rotate': {
    method: 'POST',
    path: '/api/v1/tokens/:id/rotate',
    scope: 'admin',
    summary: 'Give a token (id, name or "owner") another text; the old one is void at once',
  },
  'tokens.revoke': {
    method: 'DELETE',
    path: '/api/v1/tokens/:id',
    scope: 'admin',
    summary: 'End a token, or the login of a browser, and all that were made by it',
  },
  'logins.offer': {
    method: 'POST',
    path: '/api/v1/logins',
    scope: 'admin',
    summary: 'A code that logs one browser in, once, within a minute',
  },
  'audit.list': {
    method: 'GET',
    path: '/api/v1/audit',
    scope: 'admin',
    summary: 'Who asked for what, from where, and what came of it; newest first',
  },
} as const satisfies Record<string, Route>;
