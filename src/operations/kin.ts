// What a run may touch with its own token: its job, and the jobs under it.

import { HomerError } from '../core/errors.ts';
import type { JobId } from '../core/ids.ts';
import type { Family } from '../ledger/family.ts';
import type { Caller } from './operation.ts';

/** Throws HOMER_OTHERS_JOB unless the job is under the caller's own, or is that (`own`: allowed). All jobs are the owner's. */
export function requireKin(family: Family, { run }: Caller, id: JobId, own: 'own' | 'under'): void {
  if (run === undefined || (own === 'own' && id === run.jobId) || family.isUnder(id, run.jobId)) return;
  throw new HomerError('HOMER_OTHERS_JOB', `Job ${id} is not under job ${run.jobId}.`);
}
