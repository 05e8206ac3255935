// Errors of backups and of putting one back.

import type { ErrorEntry } from './error-entry.ts';

export const backupErrors = {
  HOMER_CLOCK_DOUBTED: {
    status: 409,
    exit: 1,
    title: 'The clock may be wrong, so nothing is removed by age',
    hint: 'Set the clock right and restart Homer; after a long absence it believes the clock once it has run for a day.',
  },
  HOMER_BACKUP_FAILED: {
    status: 500,
    exit: 1,
    title: 'No backup could be made',
    hint: 'See that the disk has room and that the directory can be written to, then try `homer backup` again.',
  },
  HOMER_BACKUP_BROKEN: {
    status: null,
    exit: 1,
    title: 'The file is damaged, or no backup of a ledger',
    hint: 'Take another one: `homer backup list` shows what there is.',
  },
  HOMER_BACKUP_ENCRYPTED: {
    status: null,
    exit: 1,
    title: 'The backup is encrypted and cannot be opened',
    hint: 'Give the identity that it was made for: --identity FILE, with a line AGE-SECRET-KEY-1….',
  },
  HOMER_RUNS_LEFT: {
    status: null,
    exit: 1,
    title: 'Runs of this state directory still go on',
    hint: 'End them first: `homer start`, then `homer stop --kill`. Or restore into another directory with --home.',
  },
} as const satisfies Record<string, ErrorEntry>;
