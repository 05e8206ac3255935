// Finds the daemon of a state directory. The lock says whether one runs; the record says where. The token is only
// ever sent to a port whose record belongs to the holder of the lock, since any program may listen on a left-over one.

import { readlinkSync } from 'node:fs';
import { isLockHeldProof, probeLock } from '../lifecycle/lock.ts';
import { isRecordAlive, readRecord, type DaemonRecord } from '../lifecycle/record.ts';

export type Whereabouts =
  | { readonly state: 'running'; readonly record: DaemonRecord }
  /** Somebody holds the lock and has not said yet where it listens. */
  | { readonly state: 'starting' }
  | { readonly state: 'stopped' };

/** Looks once; costs about a millisecond, unless the kernel's list of locks cannot be read. */
export async function locateDaemon(home: string): Promise<Whereabouts> {
  const lock = probeLock(home);
  if (lock === 'free') return { state: 'stopped' };
  const record = await readRecord(home);
  if (record !== null && isRecordAlive(record)) return { state: 'running', record };
  if (lock === 'held') {
    // Without start times (no /proc) or from another PID namespace the record cannot be checked, only believed.
    const isCheckable = record?.startTime !== null && isInHostNamespace();
    return record === null || isCheckable ? { state: 'starting' } : { state: 'running', record };
  }
  if ((await isLockHeldProof(home)) !== 'held') return { state: 'stopped' };
  return record === null ? { state: 'starting' } : { state: 'running', record };
}

function isInHostNamespace(): boolean {
  try {
    // PROC_PID_INIT_INO of the kernel.
    return readlinkSync('/proc/self/ns/pid') === 'pid:[4026531836]';
  } catch {
    // No /proc: nothing of it can be checked.
    return false;
  }
}
