// A worker as the daemon knows it now.

import { HomerError } from '../../core/errors.ts';
import type { WorkerRecord } from '../../ledger/workers.ts';
import type { DaemonEnd } from '../../remote/conversation.ts';
import type { About, Down, Up } from './messages.ts';
import { hereName } from './placement.ts';

export interface Seat {
  readonly record: WorkerRecord;
  readonly end: DaemonEnd<Up, Down>;
  about: About | null;
  isUp: boolean;
  drains: boolean;
  /** On the steady clock, and on the wall's; of the last message. */
  heardAt: number;
  seenAt: number | null;
  /** Its newest beat. */
  beat: number;
  /** Conversations so far. */
  talk: number;
}

/** HOMER_INPUT_INVALID for a name that no worker can have. */
export function assertWorkerName(name: string): void {
  if (/^[a-z0-9][a-z0-9_-]{0,31}$/.test(name) && name !== hereName) return;
  throw new HomerError(
    'HOMER_INPUT_INVALID',
    `"${name}" is not a name for a worker (lower case letters, digits, - and _, at most 32; not "here").`,
  );
}
