// Errors of the board at /admin/jobs.

import type { ErrorEntry } from './error-entry.ts';

export const boardErrors = {
  HOMER_BOARD_REFUSED: {
    status: 409,
    exit: null,
    title: 'The board cannot do this',
    hint: 'What it can do goes through the ledger: retry, promote (run now), clean (cancel), pause, resume.',
  },
} as const satisfies Record<string, ErrorEntry>;
