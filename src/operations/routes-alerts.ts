// Where the operations on alerts are found.

import type { Route } from './routes.ts';

export const alertRoutes = {
  'alerts.list': {
    method: 'GET',
    path: '/api/v1/alerts',
    scope: 'read',
    summary: 'What is wrong, what is silenced, and who is told',
  },
  'alerts.silence': {
    method: 'POST',
    path: '/api/v1/alerts/silences',
    scope: 'operate',
    summary: 'Tell nobody of a rule, or of one subject of it, for a while',
  },
  'alerts.unsilence': {
    method: 'DELETE',
    path: '/api/v1/alerts/silences/:id',
    scope: 'operate',
    summary: 'End a silence',
  },
  'alerts.test': {
    method: 'POST',
    path: '/api/v1/alerts/test',
    scope: 'operate',
    summary: 'Send a test to everybody who is told of alerts',
  },
} as const satisfies Record<string, Route>;
