// daemon.json: where the daemon of a state directory can be found. It informs and never decides: the lock alone says
// whether one runs, so a record that was left behind or is missing misleads nobody.

import { open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { hostBootId, isSameProcess, isZombie, startTicks } from './process-identity.ts';

export interface DaemonRecord {
  readonly pid: number;
  /** Start of the process in clock ticks since boot; null where the system has no /proc. */
  readonly startTime: number | null;
  /** The host's boot, not Homer's; null where the system has no such id. */
  readonly bootId: string | null;
  /** Random, one per start of the daemon. */
  readonly instanceId: string;
  readonly port: number;
  readonly canvasPort: number | null;
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

const fileName = 'daemon.json';

/** The record of a running process; `startedAt` in ms since the epoch. */
export function recordOf(
  pid: number,
  daemon: {
    readonly instanceId: string;
    readonly port: number;
    readonly canvasPort: number;
    readonly version: string;
    readonly startedAt: number;
  },
): DaemonRecord {
  return {
    pid,
    startTime: startTicks(pid),
    bootId: hostBootId(),
    instanceId: daemon.instanceId,
    port: daemon.port,
    canvasPort: daemon.canvasPort,
    version: daemon.version,
    startedAt: new Date(daemon.startedAt).toISOString(),
  };
}

/** Writes the record whole or not at all (rename(2)); throws as the file system does. Only the holder of the lock may. */
export async function writeRecord(home: string, record: DaemonRecord): Promise<void> {
  const path = join(home, fileName);
  const draft = `${path}.${record.instanceId}.tmp`;
  // No fsync: after a power cut the record describes a process that is gone.
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(record)}\n`);
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

/** The record, or null when there is none that can be read. Whoever wrote it may be long gone. */
export async function readRecord(home: string): Promise<DaemonRecord | null> {
  try {
    const value: unknown = JSON.parse(await readFile(join(home, fileName), 'utf8'));
    return isRecord(value) ? value : null;
  } catch {
    // Missing, unreadable or cut off: nothing is known about a daemon, which is what null says.
    return null;
  }
}

/** Says that the daemon lives, by the time at which its record was changed; a record that is gone is not made again. */
export async function touchRecord(home: string): Promise<void> {
  const now = new Date(Date.now());
  await utimes(join(home, fileName), now, now).catch(() => {
    // Without a record nobody can be misled, and with a broken disk there is louder news.
  });
}

/** When the daemon that left a record was last there, ms since the epoch; null: it left none. */
export async function lastSign(home: string): Promise<number | null> {
  try {
    return Math.trunc((await stat(join(home, fileName))).mtimeMs);
  } catch {
    // It went in order, or never was there.
    return null;
  }
}

/** Removes the record, unless another instance has written its own since. */
export async function removeRecord(home: string, instanceId: string): Promise<void> {
  const record = await readRecord(home);
  if (record?.instanceId === instanceId) await rm(join(home, fileName), { force: true });
}

/**
 * True when the very process that wrote the record still lives: same host boot, number and start time. False also when
 * that cannot be told (no /proc, another PID namespace).
 */
export function isRecordAlive(record: DaemonRecord): boolean {
  return (
    record.bootId === hostBootId() && isSameProcess(record.pid, record.startTime) && !isZombie(record.pid)
  );
}

function isRecord(value: unknown): value is DaemonRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, port, startTime, bootId, instanceId, version, startedAt } = value as Record<string, unknown>;
  return (
    isPositive(pid) &&
    isPositive(port) &&
    (startTime === null || isPositive(startTime)) &&
    (bootId === null || typeof bootId === 'string') &&
    typeof instanceId === 'string' &&
    typeof version === 'string' &&
    typeof startedAt === 'string'
  );
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
