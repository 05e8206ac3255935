// Errors of alerts.

import type { ErrorEntry } from './error-entry.ts';

export const alertErrors = {
  HOMER_ALERTS_OFF: {
    status: 409,
    exit: 1,
    title: 'Nobody is told of alerts',
    hint: 'Say in `alerts.to` of config.yaml who is: a chat, a webhook or ntfy.',
  },
  HOMER_SILENCE_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is no such silence',
    hint: '`homer alerts` lists those that are in force.',
  },
} as const satisfies Record<string, ErrorEntry>;
