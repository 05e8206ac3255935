// Opens the registry: every operation there is, with what it works on.

import { createIntake, type IntakeOptions } from '../intake/intake.ts';
import { daemonOperations, type DaemonOperationsOptions } from './daemon.ts';
import { jobOperations, type JobOperationsOptions } from './jobs.ts';
import { laneOperations } from './lanes.ts';
import type { Operation } from './operation.ts';
import { waitOperations } from './waiting.ts';

export type OperationsOptions = IntakeOptions &
  DaemonOperationsOptions &
  Pick<JobOperationsOptions, 'endRun'>;

export function openOperations(options: OperationsOptions): readonly Operation[] {
  return [
    ...jobOperations({ ...options, accept: createIntake(options) }),
    ...waitOperations(options.ledger),
    ...laneOperations(options),
    ...daemonOperations(options),
  ];
}
