// Errors of webhooks, as their senders and their owner meet them.

import type { ErrorEntry } from './error-entry.ts';

export const hookErrors = {
  HOMER_HOOK_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is no such webhook',
    hint: '`homer webhooks` lists those of config.yaml, and says why one without a secret is not there.',
  },
  HOMER_HOOK_UNSIGNED: {
    status: 401,
    exit: 1,
    title: 'The delivery carries no usable signature',
    hint: 'Set the secret at the sender; docs/webhooks.md says which header each scheme needs.',
  },
  HOMER_HOOK_SIGNATURE: {
    status: 401,
    exit: 1,
    title: 'The signature or secret is not that of this webhook',
    hint: 'Set the same secret at the sender and in config.yaml; nothing between them may change the body.',
  },
  HOMER_HOOK_STALE: {
    status: 401,
    exit: 1,
    title: 'The delivery was signed at another time',
    hint: 'Set the clocks of both machines right; a delivery is good for five minutes.',
  },
  HOMER_HOOK_UNMOUNTED: {
    status: 503,
    exit: 1,
    title: 'A webhook cannot take deliveries',
    hint: 'Provide what is named; the webhook takes deliveries as soon as it is there.',
  },
  HOMER_HOOK_UNREADY: {
    status: 503,
    exit: 1,
    title: 'The webhook cannot take deliveries now',
    hint: 'Send the delivery again later.',
  },
  HOMER_HOOK_SECRET_NOT_OURS: {
    status: 409,
    exit: 2,
    title: 'The secret of this webhook is not kept by Homer',
    hint: 'Change it where config.yaml says it is kept, or write `secret: { generated: true }`.',
  },
  HOMER_BODY_LATE: {
    status: 408,
    exit: 1,
    title: 'The body did not arrive in time',
    hint: 'Send it again.',
  },
} as const satisfies Record<string, ErrorEntry>;
