// Errors of starting and being the one daemon of a state directory.

import type { ErrorEntry } from './error-entry.ts';

export const instanceErrors = {
  HOMER_LOCK_HELD: {
    status: null,
    exit: 75,
    title: 'Another Homer holds this state directory',
    hint: 'Use the one that runs (`homer status`), stop it (`homer stop`), or choose another --home.',
  },
  HOMER_LOCK_UNAVAILABLE: {
    status: null,
    exit: 1,
    title: 'The state directory cannot be locked',
    hint: 'Install util-linux (flock) and keep the state directory on a local file system.',
  },
  HOMER_PORT_TAKEN: {
    status: null,
    exit: 78,
    title: 'Another program listens on the port',
    hint: 'Stop that program, or set `port` in config.yaml (or HOMER_PORT) to a free one.',
  },
  HOMER_HOME_UNUSABLE: {
    status: null,
    exit: 78,
    title: 'The state directory cannot be used',
    hint: 'Make it a directory that you own and can write to, or choose another with --home.',
  },
  HOMER_HOME_REPLACED: {
    status: null,
    exit: 1,
    title: 'The state directory was replaced while Homer ran',
    hint: 'Put the original directory back, or start Homer again on the new one.',
  },
  HOMER_CONFIG_INVALID: {
    status: 400,
    exit: 78,
    title: 'The configuration is not valid',
    hint: 'Mend the listed lines; `homer config schema` prints what may stand there.',
  },
  HOMER_CONFIG_CHANGED: {
    status: 409,
    exit: 1,
    title: 'The configuration was changed meanwhile',
    hint: 'Read it again (`config.get`), and make the changes from what it is now.',
  },
  HOMER_CONFIG_GUARDED: {
    status: 403,
    exit: 1,
    title: 'This change of the configuration has to be confirmed',
    hint: 'Look at it once more, and send it with `confirm: true` if it is meant.',
  },
  HOMER_LEDGER_NEWER: {
    status: null,
    exit: 78,
    title: 'The ledger was written by a newer Homer',
    hint: 'Install that version again, or restore a backup made before the upgrade.',
  },
  HOMER_LEDGER_BROKEN: {
    status: 500,
    exit: 1,
    title: 'The ledger cannot be read or written',
    hint: 'Check the disk (`dmesg`), then start Homer again; what could be saved is in backups/.',
  },
  HOMER_REDIS: {
    status: null,
    exit: 1,
    title: 'Redis is away or cannot be used',
    hint: 'Nothing is lost and jobs go on without it; look at Redis and at `engine.url` in config.yaml.',
  },
  HOMER_CANARY_LATE: {
    status: null,
    exit: null,
    title: 'The canary did not come through, so work may not be done',
    hint: 'Look at the end of logs/daemon.log and at `homer doctor`; it goes by itself once one comes through.',
  },
  HOMER_NOT_RUNNING: {
    status: null,
    exit: 3,
    title: 'Homer is not running',
    hint: 'Start it with `homer start`.',
  },
  HOMER_UNREACHABLE: {
    status: null,
    exit: 1,
    title: 'Homer runs but does not answer',
    hint: 'Look at the end of logs/daemon.log; `homer stop --now`, then `homer start`.',
  },
  HOMER_START_FAILED: {
    status: null,
    exit: 1,
    title: 'Homer did not become ready',
    hint: 'The last lines of its log are above; logs/daemon.log and logs/start.log in the state directory have the whole.',
  },
  HOMER_USAGE: {
    status: null,
    exit: 2,
    title: 'The command line cannot be understood',
    hint: 'See `homer --help`.',
  },
} as const satisfies Record<string, ErrorEntry>;
