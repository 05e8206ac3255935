// A run that is only lent to this host, by a daemon on another one, for as long as that hears of it. Its worker moves the end of the
// lease in `lease.json`; the runner keeps it by itself, so that nothing of the run is alive when the job is given to somebody else,
// whatever became of the worker, the network or the machine's sleep.

import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostBootId } from '../lifecycle/process-identity.ts';
import { fileNames, filesVersion } from './files.ts';
import type { StopTimes } from './ladder.ts';
import { readPlainFile } from './plain-file.ts';
import type { Stop } from './stop-switch.ts';

const maxBytes = 4_096;

/** Timers stand still while a machine sleeps: this is how long a run can live on after waking, beside what it takes to kill it. */
export const leaseLookMs = 250;

/** `endsAt`: on the steady clock of this host, ms. Not synced: a host that is restarted has no runs. Throws as the file system does. */
export function writeLease(directory: string, endsAt: number): void {
  const path = join(directory, fileNames.lease);
  writeFileSync(`${path}.tmp`, JSON.stringify({ version: filesVersion, endsAt, hostBootId: hostBootId() }), {
    mode: 0o600,
  });
  renameSync(`${path}.tmp`, path);
}

/** When the lease ends, on the steady clock; null: there is none that counts, so that it has ended. */
export function readLease(directory: string): number | null {
  try {
    const text = readPlainFile(join(directory, fileNames.lease), maxBytes);
    const value = JSON.parse(text ?? 'null') as { endsAt?: unknown; hostBootId?: unknown } | null;
    return typeof value?.endsAt === 'number' && value.hostBootId === hostBootId() ? value.endsAt : null;
  } catch {
    // Not whole, or cannot be read: nobody can say that it lasts.
    return null;
  }
}

/**
 * The order to end, when no more than `marginMs` of the lease is left. When the ladder would take longer than that, it is done without:
 * a run that was frozen beyond its lease is gone at once.
 */
export function decideLease(
  endsAt: number | null,
  now: number,
  marginMs: number,
  times: StopTimes,
): Stop | null {
  const leftMs = (endsAt ?? 0) - now;
  if (leftMs > marginMs) return null;
  const message =
    'The worker could not reach Homer for too long, and the run was ended before its job is given to another.';
  return { reason: 'interrupted', message, urgent: leftMs < times.cancelMs + times.termMs + times.proofMs };
}
