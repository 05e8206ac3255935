// Errors of workers on other hosts.

import type { ErrorEntry } from './error-entry.ts';

export const workerErrors = {
  HOMER_WORKER_EXISTS: {
    status: 409,
    exit: 1,
    title: 'There is a worker of this name already',
    hint: 'Choose another name, or take the old one away first: `homer workers remove NAME`.',
  },
  HOMER_WORKER_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is no such worker',
    hint: '`homer workers` lists them, `homer workers add NAME` lets one in.',
  },
  HOMER_WORKERS_OFF: {
    status: 409,
    exit: 1,
    title: 'Workers on other hosts need Redis',
    hint: 'Set `engine: { kind: bullmq, url: … }` in config.yaml and restart Homer.',
  },
  HOMER_WORKER_AWAY: {
    status: null,
    exit: null,
    title: 'No worker is there that could run this',
    hint: '`homer workers` shows who is there; it goes on by itself when one is, or `homer retry ID` looks now.',
  },
  HOMER_WORKER_TOKEN: {
    status: null,
    exit: 78,
    title: 'This worker has no usable token',
    hint: 'Make one where the daemon runs: `homer workers add NAME`, and give it to `homer worker` on standard input or with --token-file.',
  },
} as const satisfies Record<string, ErrorEntry>;
