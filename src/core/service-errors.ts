// Errors of being a service of the machine: what starts Homer at boot and again when it crashed.

import type { ErrorEntry } from './error-entry.ts';

export const serviceErrors = {
  HOMER_SERVICE_UNAVAILABLE: {
    status: null,
    exit: 1,
    title: 'There is nothing here that keeps services',
    hint: '`homer start` runs Homer until the next boot; `homer service print --pm2` is for PM2.',
  },
  HOMER_SERVICE_FOREIGN: {
    status: null,
    exit: 1,
    title: 'A service that Homer did not write is in the way',
    hint: 'Stop and remove it with what installed it, then install again; see docs/service.md.',
  },
  HOMER_SERVICE_MISSING: {
    status: null,
    exit: 3,
    title: 'Homer is not installed as a service',
    hint: '`homer service install` does that, and shows first what it would write.',
  },
  HOMER_SERVICE_INSTALLED: {
    status: null,
    exit: 1,
    title: 'Homer is a service here, and that is kept by somebody else',
    hint: 'Use `sudo homer service start --system`.',
  },
  HOMER_SERVICE_FAILED: {
    status: null,
    exit: 1,
    title: 'The service did not do what it was told',
    hint: '`homer service logs` shows what Homer said.',
  },
} as const satisfies Record<string, ErrorEntry>;
