// update.json: how far replacing the program by another version has come. Written whole or not at all, and synced, so that
// whoever finds it after a crash or a power cut knows whether the new version was taken over or has to go.

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isLockHeldProof, probeLock } from './lock.ts';

/** `switching`: the program is being replaced; `trial`: the new version has to show that it works. */
export type UpdatePhase = 'switching' | 'trial' | 'done' | 'rolled-back';

export interface ProgramVersion {
  /** As in package.json. */
  readonly version: string;
  /** Of a checkout. */
  readonly commit: string | null;
  /** What was checked out by name; null: the commit itself, or no checkout. */
  readonly branch: string | null;
}

export interface UpdateRecord {
  readonly phase: UpdatePhase;
  readonly kind: 'checkout' | 'package';
  /** Absolute path of the program. */
  readonly root: string;
  /** Where the version before is kept until the new one is taken over, complete and able to run. */
  readonly previous: string;
  readonly from: ProgramVersion;
  readonly to: ProgramVersion;
  /** Of a package: the packed file the new one comes from. */
  readonly tarball: string | null;
  /** The verified backup. */
  readonly backup: string;
  /** How long a start may take until its canary is through, ms. */
  readonly trialMs: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Why the version before was put back. */
  readonly why: string | null;
}

/** Below the state directory: its lock is held by whoever drives an update, and what a rollback needs is in it. */
export function updateDirectory(home: string): string {
  return join(home, 'update');
}

/** Null: there was none, or what is there cannot be read. */
export function readUpdate(home: string): UpdateRecord | null {
  try {
    const value: unknown = JSON.parse(readFileSync(join(home, 'update.json'), 'utf8'));
    return isUpdateRecord(value) ? value : null;
  } catch {
    // Not there, which is the rule. It is never half there.
    return null;
  }
}

/** Returns when it is on disk; throws as the file system does. */
export function writeUpdate(home: string, record: UpdateRecord): void {
  const path = join(home, 'update.json');
  writeSynced(`${path}.tmp`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
  syncDirectory(home);
}

/** What was neither taken over nor put back: nothing may run as if nothing were. */
export function unfinishedUpdate(home: string): UpdateRecord | null {
  const record = readUpdate(home);
  return record?.phase === 'switching' || record?.phase === 'trial' ? record : null;
}

/** Whether somebody drives an update of this state directory just now. */
export async function isUpdateDriven(home: string): Promise<boolean> {
  const directory = updateDirectory(home);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const state = probeLock(directory);
  return (state === 'unknown' ? await isLockHeldProof(directory) : state) === 'held';
}

export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function writeSynced(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

const phases: ReadonlySet<unknown> = new Set(['switching', 'trial', 'done', 'rolled-back']);

function isUpdateRecord(value: unknown): value is UpdateRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { phase, kind, root, previous, backup, trialMs, from, to } = value as Record<string, unknown>;
  return (
    phases.has(phase) &&
    (kind === 'checkout' || kind === 'package') &&
    [root, previous, backup].every((path) => typeof path === 'string') &&
    typeof trialMs === 'number' &&
    [from, to].every((version) => typeof version === 'object' && version !== null)
  );
}
