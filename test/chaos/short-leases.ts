// The times of a lease, all shorter, so that a test need not wait for minutes.

import type { LeaseTerms } from '../../src/worker/remote/messages.ts';

export function shortLeases(leaseMs: number): LeaseTerms {
  return { leaseMs, marginMs: leaseMs / 3, beatMs: leaseMs / 12 };
}
