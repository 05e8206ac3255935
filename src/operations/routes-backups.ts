// Where the operations on what is kept are found: backups, and what is over its time.

import type { Route } from './routes.ts';

export const backupRoutes = {
  'backups.create': {
    method: 'POST',
    path: '/api/v1/backups',
    scope: 'admin',
    summary: 'Copy the ledger while it works, and verify the copy; answered once it is in its place',
  },
  'backups.state': {
    method: 'GET',
    path: '/api/v1/backups',
    scope: 'read',
    summary: 'When the last verified backup was made, and when the next one is due',
  },
  'daemon.cleanup': {
    method: 'POST',
    path: '/api/v1/cleanup',
    scope: 'admin',
    summary:
      'Remove what is over its time, and end what is left of runs that are over; dryRun only says what',
  },
} as const satisfies Record<string, Route>;
