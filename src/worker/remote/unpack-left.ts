// Puts what a run on another host left for a person where it would be had the run been here: in `outbox/` of its workspace. Done again, it
// changes nothing.

import {
  createReadStream,
  createWriteStream,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  isSameFile,
  type LeftFile,
  type LeftFiles,
  outboxName,
  type StayingFile,
} from '../../core/left-files.ts';
import { fileNames } from '../../runner/files.ts';
import { outboxOf, writeStayed } from '../../runner/outbox.ts';
import { syncDirectory } from '../../runner/records.ts';
import { isPassing } from '../persist.ts';

/** While the disk takes nothing. */
const retryMs = 2_000;

/** `directory`: of the run's mirror. What cannot be put there is noted beside it. Rejects with the signal's reason. */
export async function unpackLeft(
  directory: string,
  workspace: string,
  { files, staying }: LeftFiles,
  { onError, signal }: { readonly onError: (error: unknown) => void; readonly signal: AbortSignal },
): Promise<void> {
  const failed: StayingFile[] = [];
  let at = 0;
  for (const file of files) {
    try {
      await whenTaken(() => unpackFile(directory, workspace, file, at, signal), signal);
    } catch (error) {
      if (signal.aborted) throw error;
      onError(error);
      failed.push({ name: file.name, why: 'failed' });
    }
    at += file.size;
  }
  const stays = [...staying, ...failed];
  if (stays.length > 0) await whenTaken(() => writeStayed(directory, stays), signal);
}

/** What has come of it and is not wanted any more. Throws as the file system does. */
export function dropLeft(directory: string): void {
  rmSync(join(directory, fileNames.left), { force: true });
}

async function unpackFile(
  directory: string,
  workspace: string,
  file: LeftFile,
  at: number,
  signal: AbortSignal,
): Promise<void> {
  mkdirSync(join(workspace, outboxName), { recursive: true, mode: 0o700 });
  const outbox = outboxOf(workspace);
  if (outbox === null) throw new Error(`${join(workspace, outboxName)} leads elsewhere.`);
  const path = join(outbox, file.name);
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isFile() === true) {
    const { size, mtimeMs } = there;
    if (isSameFile({ name: file.name, size, mtimeMs: Math.trunc(mtimeMs) }, file)) return;
  }
  // Made where no agent writes, and put there whole: a link in its place is replaced, not followed.
  const temporary = join(directory, `${fileNames.left}.tmp`);
  rmSync(temporary, { force: true });
  const part = createReadStream(join(directory, fileNames.left), { start: at, end: at + file.size - 1 });
  await pipeline(part, createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }), { signal });
  // By this time it is known for the same file. A fraction of a second cut off to nanoseconds may lose one: half a millisecond is spare.
  const seconds = (file.mtimeMs + 0.5) / 1_000;
  utimesSync(temporary, seconds, seconds);
  renameSync(temporary, path);
  syncDirectory(outbox);
}

/** However long the disk refuses. */
async function whenTaken(write: () => void | Promise<void>, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
    }
    await delay(retryMs, undefined, { signal });
  }
}
