// Stops the daemon: asks it, and only if it does not answer signals its process, which must be the very one the
// record names while the lock is held. Nothing is ever looked for by name or by port.

import { setTimeout as delay } from 'node:timers/promises';
import { readToken } from '../config/token.ts';
import { HomerError, isHomerError } from '../core/errors.ts';
import { isRecordAlive, removeRecord, type DaemonRecord } from '../lifecycle/record.ts';
import type { StopMode } from '../lifecycle/shutdown.ts';
import type { StatusAnswer } from './answers.ts';
import { createClient, readiness, type Client } from './client.ts';
import { count } from './format.ts';
import type { Say } from './launch.ts';
import { locateDaemon } from './locate.ts';

export interface Halt {
  readonly pid: number;
  /** Runs it left running for the next start to adopt; null when it could not say. */
  readonly runsLeft: number | null;
}

const askMs = 5_000;
/** The longest drain that can be configured, and a bit. */
const drainMs = 3_660_000;
/** After SIGTERM, before SIGKILL. A daemon that does not answer over HTTP rarely drains either. */
const termMs = 10_000;
/** A daemon whose port is closed is gone within this, unless it hangs. */
const leavingMs = 1_000;
/** A start takes a second; with a large ledger to look through, longer. */
const startMs = 120_000;
const startLookMs = 100;
const lookMs = 25;
const secondMs = 100;
/** What a token that is gone, wrong or unreadable is answered with; too many wrong ones are not even looked at. */
const tokenTroubles: ReadonlySet<string> = new Set([
  'HOMER_TOKEN_MISSING',
  'HOMER_TOKEN_WRONG',
  'HOMER_RATE_LIMITED',
  'HOMER_HOME_UNUSABLE',
]);

/** Returns when the daemon is gone; `asked` is called when it is told to stop. Throws HOMER_NOT_RUNNING, or HOMER_UNREACHABLE when it cannot be stopped. */
export async function haltDaemon(
  home: string,
  mode: StopMode,
  say: Say,
  asked: () => void = () => undefined,
): Promise<Halt> {
  const found = await locateDaemon(home);
  if (found.state === 'stopped')
    throw new HomerError('HOMER_NOT_RUNNING', `Homer is not running in ${home}.`);
  const record = found.state === 'running' ? found.record : await waitForRecord(home);
  try {
    const client = createClient(record, readToken(home));
    const running = await runningOnceStarted(client);
    if (running.length > 0) say(told(mode, running.length));
    asked();
    const left = await askToStop(client, mode);
    await gone(home, record, null);
    return { pid: record.pid, runsLeft: left };
  } catch (error) {
    if (!isHomerError(error)) throw error;
    if (tokenTroubles.has(error.code)) await endByToken(home, record, mode, error, say);
    else if (error.code === 'HOMER_TRIAL') await endTrial(home, record, error, say);
    else if (error.code === 'HOMER_UNREACHABLE') await endProcess(home, record, error, say);
    else throw error;
    return { pid: record.pid, runsLeft: null };
  }
}

/** A daemon that has just begun answers to nothing yet; one that ends meanwhile is unreachable. */
async function runningOnceStarted(client: Client): Promise<StatusAnswer['running']> {
  const giveUpAt = Date.now() + startMs;
  for (;;) {
    try {
      return (await client.call<StatusAnswer>('daemon.status', { timeoutMs: askMs })).running;
    } catch (error) {
      if (!isHomerError(error, 'HOMER_STARTING') || Date.now() > giveUpAt) throw error;
      await delay(startLookMs);
    }
  }
}

/** The answer comes when the daemon has drained, which may take long; so its pulse is felt meanwhile. */
async function askToStop(client: Client, mode: StopMode): Promise<number> {
  const asked = new AbortController();
  const answer = client
    .call<{ readonly left: number }>('daemon.stop', {
      body: { mode },
      timeoutMs: drainMs,
      signal: asked.signal,
    })
    .finally(() => asked.abort());
  const pulse = async (): Promise<void> => {
    while (!asked.signal.aborted) {
      await delay(askMs, null, { signal: asked.signal });
      if ((await readiness(client.record)) === 'silent') asked.abort();
    }
  };
  // Ends by the abort, which is how it is meant to end.
  pulse().catch(() => undefined);
  return (await answer).left;
}

/** Before a stop that has runs to wait for. */
export function told(mode: StopMode, running: number): string {
  if (mode === 'kill') return `Ending ${count(running, 'run')}.`;
  if (mode === 'now') return `Leaving ${count(running, 'run')} running.`;
  return `Waiting for ${count(running, 'run')} to finish; what takes too long goes on without the daemon.`;
}

async function waitForRecord(home: string): Promise<DaemonRecord> {
  for (let waited = 0; waited < askMs; waited += lookMs) {
    const found = await locateDaemon(home);
    if (found.state === 'running') return found.record;
    if (found.state === 'stopped')
      throw new HomerError('HOMER_NOT_RUNNING', `Homer is not running in ${home}.`);
    await delay(lookMs);
  }
  throw new HomerError('HOMER_UNREACHABLE', `A Homer holds ${home}, but does not say which process it is.`, {
    hint: 'End the `homer serve` of this state directory by hand.',
  });
}

/** The daemon is well, but nobody can prove to it who he is; whoever may signal its process may stop it too. */
async function endByToken(
  home: string,
  record: DaemonRecord,
  mode: StopMode,
  why: HomerError,
  say: Say,
): Promise<void> {
  if (!isRecordAlive(record)) return endProcess(home, record, why, say);
  say(`The token in ${home} is gone or not the daemon's. Sending SIGTERM to its process ${record.pid}.`);
  if (mode === 'kill') say('Its runs cannot be ended this way: they go on, and the next start adopts them.');
  signal(record, 'SIGTERM');
  // The second one says not to wait for runs; a drain may take as long as it does while the daemon answers.
  // Not at once, or the kernel makes one of the two (signal(7)).
  if (mode !== 'drain' && !(await gone(home, record, secondMs))) signal(record, 'SIGTERM');
  while (!(await gone(home, record, termMs)))
    if (mode !== 'drain' || (await readiness(record)) === 'silent') return endProcess(home, record, why, say);
}

/** It answers to nothing before it has passed; the signal it heeds as always. */
async function endTrial(home: string, record: DaemonRecord, why: HomerError, say: Say): Promise<void> {
  signal(record, 'SIGTERM');
  if (!(await gone(home, record, termMs))) await endProcess(home, record, why, say);
}

async function endProcess(home: string, record: DaemonRecord, why: HomerError, say: Say): Promise<void> {
  // It may have stopped by itself while we asked, or be about to: another caller's stop closes its port first.
  if (await gone(home, record, leavingMs)) return;
  if (!isRecordAlive(record)) {
    if (await gone(home, record, termMs)) return;
    throw why;
  }
  say(`Homer (pid ${record.pid}) does not answer. Sending SIGTERM, and SIGKILL after ${termMs / 1000} s.`);
  signal(record, 'SIGTERM');
  if (await gone(home, record, termMs)) return;
  say(`It is still there. Sending SIGKILL; runs go on and are adopted by the next start.`);
  signal(record, 'SIGKILL');
  const isGone = await gone(home, record, termMs);
  // What stopping in order does; a record that is left says that it crashed, and then whoever waits starts it again.
  if (isGone) await removeRecord(home, record.instanceId);
  else
    throw new HomerError('HOMER_UNREACHABLE', `Process ${record.pid} does not end, not even by SIGKILL.`, {
      hint: 'It hangs in the kernel, as on a dead network disk; mend that, or restart the machine.',
    });
}

function signal(record: DaemonRecord, name: 'SIGTERM' | 'SIGKILL'): void {
  // Checked again right before: between two looks the number may have been given away.
  if (!isRecordAlive(record)) return;
  try {
    process.kill(record.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
    throw new HomerError(
      'HOMER_UNREACHABLE',
      `Process ${record.pid} cannot be signalled: it belongs to another user.`,
      {
        hint: `Stop Homer as the user who started it.`,
        cause: error,
      },
    );
  }
}

/** Waits for the end of this very daemon, at most `limitMs`; false when it is still there. */
async function gone(home: string, record: DaemonRecord, limitMs: number | null): Promise<boolean> {
  const since = Date.now();
  while (!(await isGone(home, record))) {
    if (limitMs !== null && Date.now() - since > limitMs) return false;
    await delay(lookMs);
  }
  return true;
}

/**
 * The lock is free, or a standby has it and has said so. Between the two it is not known whose the lock is: that a process
 * shows as ended does not say that all its threads have let go of it.
 */
async function isGone(home: string, record: DaemonRecord): Promise<boolean> {
  const found = await locateDaemon(home);
  if (found.state === 'running') return found.record.instanceId !== record.instanceId;
  return found.state === 'stopped';
}
