// Errors of replacing the program by another version of it.

import type { ErrorEntry } from './error-entry.ts';

export const updateErrors = {
  HOMER_TRIAL: {
    status: 503,
    exit: 1,
    title: 'A new version is on trial and takes nothing yet',
    hint: 'Try again in a few seconds: by then it is taken over, or the version before is back.',
  },
  HOMER_TRIAL_FAILED: {
    status: null,
    exit: 1,
    title: 'The new version did not pass its trial',
    hint: 'The version before is put back by `homer update`, or by the next `homer start`.',
  },
  HOMER_UPDATE_REFUSED: {
    status: null,
    exit: 1,
    title: 'This update cannot be begun; nothing was changed',
    hint: 'Mend what is named, then try again; `homer update --check` tells which versions there are.',
  },
  HOMER_UPDATE_FAILED: {
    status: null,
    exit: 1,
    title: 'The update failed, and the version before is back',
    hint: 'Nothing is lost: nothing was accepted, run or sent meanwhile. What the new version said stands in logs/daemon.log.',
  },
  HOMER_UPDATE_STUCK: {
    status: null,
    exit: 1,
    title: 'The update failed, and the version before could not be put back',
    hint: 'Mend what is named, then `homer start`; if no `homer` starts any more: `sh ~/.homer/update/roll-back`.',
  },
} as const satisfies Record<string, ErrorEntry>;
