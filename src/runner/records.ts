// The small files of a run: written whole or not at all, read with suspicion, since the other side may be of another version
// or may have died at any byte.

import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isVerdict } from '../core/verdict.ts';
import {
  type Exit,
  fileNames,
  filesVersion,
  type Order,
  type OrderedStop,
  type RunRecord,
  type SessionRecord,
  type Spec,
} from './files.ts';
import { readPlainFile } from './plain-file.ts';

/** More than any record can hold; what is larger is none. */
const maxRecordBytes = 8 * 1024 * 1024;
/** A new file, and never what a link in its place leads to. */
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Replaces a file so that after a power cut either the old or the new one is there, whole. Throws as the system does.
 * `beforeRename` is called when the new one is on disk and does not have its name yet.
 */
export function writeFileWhole(path: string, text: string, beforeRename?: () => void): void {
  const temporary = `${path}.tmp`;
  try {
    // What lies there is the leftover of a crash, or was planted.
    rmSync(temporary, { force: true, recursive: true });
    const fd = openSync(temporary, createFlags, 0o600);
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    beforeRename?.();
    renameSync(temporary, path);
  } catch (error) {
    // On a full disk the half-written file would take the room that the next try needs.
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

/** Makes the names in a directory durable: a rename is on disk only then. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes spec.json of a run, synced. */
export function writeSpec(directory: string, spec: Spec): void {
  writeFileWhole(join(directory, fileNames.spec), JSON.stringify(spec));
}

/** spec.json, or null when it is missing, not whole or of a version that is not known here. */
export function readSpec(directory: string): Spec | null {
  const value = readRecord(directory, fileNames.spec);
  return value !== null && isObject(value['settings']) && isObject(value['turn']) && isObject(value['limits'])
    ? (value as unknown as Spec)
    : null;
}

/** run.json, or null; when it is there the agent may have been started. */
export function readRunRecord(directory: string): RunRecord | null {
  const value = readRecord(directory, fileNames.run);
  return value !== null && typeof value['pid'] === 'number' && typeof value['marker'] === 'string'
    ? (value as unknown as RunRecord)
    : null;
}

/** session.json, or null while the agent has not named its session. */
export function readSession(directory: string): SessionRecord | null {
  const value = readRecord(directory, fileNames.session);
  return value !== null && typeof value['agentSessionId'] === 'string'
    ? (value as unknown as SessionRecord)
    : null;
}

/** exit.json if it is whole and valid, else null: then the run has not ended, or not in order. */
export function readExit(directory: string): Exit | null {
  const value = readRecord(directory, fileNames.exit);
  if (value === null || !isVerdict(value['verdict']) || typeof value['runId'] !== 'string') return null;
  if (!isObject(value['journal']) || !isObject(value['usage'])) return null;
  return value['tree'] === 'dead' || value['tree'] === 'unproven' ? (value as unknown as Exit) : null;
}

/** Puts an order into a run's inbox under the next free number; it appears there whole. Returns its number. */
export function sendOrder(directory: string, order: Order): number {
  const inbox = join(directory, fileNames.inbox);
  const temporary = join(inbox, `${process.pid}-${orderCount++}.tmp`);
  rmSync(temporary, { force: true });
  writeFileSync(temporary, JSON.stringify(order), { mode: 0o600, flag: 'wx' });
  try {
    for (let number = Math.max(0, ...orderNumbers(inbox)) + 1; ; number++) {
      try {
        // A link, not a rename: it does not overwrite what another sender has just put there.
        linkSync(temporary, join(inbox, `${number}.json`));
        return number;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  } finally {
    rmSync(temporary, { force: true });
  }
}
let orderCount = 0;

/** The order of a number in an inbox, or null when what lies there is none of ours. */
export function readOrder(inbox: string, number: number): Order | null {
  const text = readPlainFile(join(inbox, `${number}.json`), maxRecordBytes);
  return text === null ? null : parseOrder(text);
}

/** An order read from its text, or null when it is none of ours. */
export function parseOrder(text: string): Order | null {
  const value = parseRecord(text);
  if (value === null) return null;
  if (value['type'] === 'stop')
    return isStopReason(value['reason']) &&
      isTold(value['message'], 'string') &&
      isTold(value['until'], 'number')
      ? (value as Order)
      : null;
  return value['type'] === 'answer' &&
    typeof value['requestId'] === 'string' &&
    typeof value['allow'] === 'boolean'
    ? (value as Order)
    : null;
}

const orderedStops: ReadonlySet<unknown> = new Set<OrderedStop>([
  'cancelled',
  'interrupted',
  'budget',
  'timed_out',
]);

function isStopReason(reason: unknown): boolean {
  return orderedStops.has(reason);
}

function isTold(value: unknown, type: 'string' | 'number'): boolean {
  return value === undefined || typeof value === type;
}

/** The numbers of the orders in an inbox, ascending; whatever else lies there is left alone. */
export function orderNumbers(inbox: string): readonly number[] {
  return readdirSync(inbox)
    .map((name) => /^(\d+)\.json$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

/** Whether a file of this version can be read: ours and the one before. */
export function isReadableVersion(version: unknown): boolean {
  return version === filesVersion || version === filesVersion - 1;
}

function readRecord(directory: string, name: string): Record<string, unknown> | null {
  const text = readPlainFile(join(directory, name), maxRecordBytes);
  return text === null ? null : parseRecord(text);
}

function parseRecord(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && isReadableVersion(value['version']) ? value : null;
  } catch {
    // Torn or foreign: the same as not there.
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
