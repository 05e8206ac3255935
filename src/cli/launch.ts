// Starts a daemon in the background and waits until it is ready. Many may do so at once: the lock lets one win, and
// all of them wait for that one.

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { extname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { prepareHome } from '../config/home.ts';
import { HomerError } from '../core/errors.ts';
import { directoryIdentity } from '../lifecycle/lock.ts';
import { logName } from '../lifecycle/log-file.ts';
import { undoCutOff } from '../lifecycle/previous-version.ts';
import type { DaemonRecord } from '../lifecycle/record.ts';
import { readiness } from './client.ts';
import { plain } from './format.ts';
import { locateDaemon } from './locate.ts';
import { startThroughService } from './start-service.ts';

export interface Launch {
  readonly record: DaemonRecord;
  /** False when one was there already, or another caller's won. */
  readonly isOurs: boolean;
}

export type Say = (line: string) => void;

export interface LaunchTerms {
  /** What is started with `serve …`: the program itself unless given. */
  readonly argv: readonly string[];
  /** How long it may take until it is ready, ms. */
  readonly patienceMs: number;
}

const lookMs = 25;
/** Longer than the 90 s for which a start retries a port that is in TIME_WAIT. */
const usualPatienceMs = 120_000;
const explainAfterMs = 5_000;
const shownLines = 12;
/** Beyond this the words of earlier starts are forgotten. */
const mostWords = 256 * 1024;
/** One that has said where it listens and then answers nothing for this long is stuck. */
const silentMs = 8_000;
/** A lock that is free for this long is not between two owners. */
const absentMs = 200;

/**
 * Returns once a daemon of this state directory is ready, starting one if none is there. Throws HOMER_START_FAILED
 * with the end of its log told through `say` and the exit code of the process in `details.exitCode`, or
 * HOMER_UNREACHABLE when the one that is there is stuck. An update that was cut off is undone first.
 */
export async function ensureDaemon(
  home: string,
  say: Say,
  terms: LaunchTerms = usualTerms(),
): Promise<Launch> {
  const found = await locateDaemon(home);
  if (found.state === 'running' && (await readiness(found.record)) === 'ready')
    return { record: found.record, isOurs: false };
  const waiting: Waiting = { ...terms, home, say, deadline: Date.now() + terms.patienceMs };
  return found.state === 'stopped' ? launch(waiting) : waitUntilReady(waiting, null);
}

function usualTerms(): LaunchTerms {
  const main = fileURLToPath(new URL(`main${extname(import.meta.url)}`, import.meta.url));
  return { argv: [process.execPath, ...process.execArgv, main], patienceMs: usualPatienceMs };
}

interface Waiting extends LaunchTerms {
  readonly home: string;
  readonly say: Say;
  readonly deadline: number;
}

async function launch(waiting: Waiting): Promise<Launch> {
  const { home, say, argv } = waiting;
  prepareHome(home);
  refuseToDieWithRun(home);
  await undoCutOff(home, say);
  if (await startThroughService(home, say)) {
    const { record } = await waitUntilReady(waiting, null);
    return { record, isOurs: true };
  }
  // The daemon keeps its log itself. This takes the words of one that dies before it can, and those of Node.
  const words = openSync(join(home, 'logs', 'start.log'), 'a+', 0o600);
  const log = openSync(join(home, 'logs', logName), 'a+', 0o600);
  try {
    if (fstatSync(words).size > mostWords) ftruncateSync(words);
    const [wordsBefore, logBefore] = [fstatSync(words).size, fstatSync(log).size];
    const [file = '', ...args] = argv;
    const child = spawn(file, [...args, 'serve', '--background', '--home', home], {
      detached: true,
      stdio: ['ignore', words, words],
      cwd: home,
    });
    child.unref();
    const tail = (): string[] =>
      [...readTail(log, logBefore), ...readTail(words, wordsBefore)].slice(-shownLines);
    return await waitUntilReady(waiting, { child, tail });
  } finally {
    closeSync(words);
    closeSync(log);
  }
}

interface Started {
  readonly child: ChildProcess;
  /** The last lines of what this start has logged. */
  readonly tail: () => readonly string[];
}

async function waitUntilReady(waiting: Waiting, started: Started | null): Promise<Launch> {
  const { home, say, deadline, patienceMs } = waiting;
  let explainAt = Date.now() + explainAfterMs;
  let stoppedSince: number | null = null;
  let silentSince: number | null = null;
  let ours = started;
  let failure: Error | null = null;
  ours?.child.once('error', (error) => (failure = error));
  for (;;) {
    const now = Date.now();
    if (failure !== null)
      throw new HomerError('HOMER_START_FAILED', 'The daemon could not be started.', { cause: failure });
    if (ours !== null && (ours.child.exitCode !== null || ours.child.signalCode !== null)) {
      // 75: somebody else took the lock first, so a daemon is there or on its way.
      if (ours.child.exitCode !== 75) throw startFailed(ours, say);
      ours = null;
    }
    const found = await locateDaemon(home);
    if (found.state === 'running' && (ours === null || found.record.pid === ours.child.pid)) {
      const state = await readiness(found.record);
      if (state === 'ready') return { record: found.record, isOurs: ours !== null };
      silentSince = state === 'silent' ? (silentSince ?? now) : null;
      if (silentSince !== null && now - silentSince > silentMs)
        throw new HomerError(
          'HOMER_UNREACHABLE',
          `Homer (pid ${found.record.pid}) runs but does not answer.`,
        );
    }
    if (ours === null) {
      // The one we waited for was stopping, or could not start: now it is our turn, and we shall know why if we cannot.
      stoppedSince = found.state === 'stopped' ? (stoppedSince ?? now) : null;
      if (stoppedSince !== null && now - stoppedSince > absentMs) return launch(waiting);
    }
    if (now > explainAt) {
      const last = ours?.tail().at(-1);
      say(
        last === undefined
          ? 'Still waiting for Homer to be ready.'
          : `Still waiting for Homer. It says: ${last}`,
      );
      explainAt = now + 2 * explainAfterMs;
    }
    if (now > deadline)
      throw new HomerError('HOMER_START_FAILED', `Homer was not ready after ${patienceMs / 1000} s.`, {
        hint: 'Look at the end of logs/daemon.log in the state directory.',
      });
    await delay(lookMs);
  }
}

function startFailed({ child, tail }: Started, say: Say): HomerError {
  const lines = tail();
  for (const line of lines) say(`  ${line}`);
  const how =
    child.exitCode === null ? `was ended by ${child.signalCode}` : `ended with exit code ${child.exitCode}`;
  return new HomerError('HOMER_START_FAILED', `The daemon ${how} before it was ready.`, {
    ...(lines.length === 0 ? { hint: 'It logged nothing; `homer serve` shows it in the foreground.' } : {}),
    details: { exitCode: child.exitCode },
  });
}

function readTail(log: number, from: number): string[] {
  const size = fstatSync(log).size;
  const start = Math.max(from, size - 16_384);
  const buffer = Buffer.alloc(Math.max(0, size - start));
  readSync(log, buffer, 0, buffer.length, start);
  return buffer
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-shownLines)
    .map(readable);
}

/** A JSON line of the log as its message, anything else as it is. */
function readable(line: string): string {
  try {
    const value = JSON.parse(line) as {
      readonly msg?: unknown;
      readonly error?: { readonly message?: unknown };
    };
    const cause = typeof value.error?.message === 'string' ? ` (${value.error.message})` : '';
    return plain(typeof value.msg === 'string' ? `${value.msg}${cause}` : line);
  } catch {
    // Not JSON: an error told in words before the log was set up.
    return plain(line);
  }
}

/** A daemon that is started in a run of its own would be of the run's tree, and be ended with it. HOMER_USAGE. */
export function refuseToDieWithRun(home: string): void {
  const marker = process.env['HOMER_RUN'];
  if (marker?.startsWith(`${directoryIdentity(home)}/`) !== true) return;
  throw new HomerError('HOMER_USAGE', 'A daemon that is started inside a run would end with it.', {
    hint: 'Start it where no run is: in a terminal of your own, or as a service.',
  });
}
