import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireLock, findFlock, isLockHeldProof, probeLock, waitForLock } from './lock.ts';
import { isSameProcess, startTicks } from './process-identity.ts';

const fixture = join(import.meta.dirname, '../../test/fixtures/agents/lock-holder.ts');

let directory: string;
const children: ChildProcessByStdio<Writable, Readable, null>[] = [];
const strays: number[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'homer-lock-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  for (const pid of strays.splice(0)) process.kill(pid, 'SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

interface Holder {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  /** The next line it says. */
  line(): Promise<string>;
}

function startHolder(...words: string[]): Holder {
  const child = spawn(process.execPath, [fixture, directory, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, line: async () => String((await lines.next()).value) };
}

async function killHard(child: ChildProcessByStdio<Writable, Readable, null>): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Processes whose parent is `pid`, with their command lines. */
function childrenOf(pid: number): { pid: number; ticks: number | null }[] {
  const found: { pid: number; ticks: number | null }[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      if (parent === pid) found.push({ pid: Number(name), ticks: startTicks(Number(name)) });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

describe('acquireLock', () => {
  test('lets one in, here and from other processes, until it is released', async () => {
    const lock = acquireLock(directory);
    expect(lock?.isCurrent()).toBe(true);
    expect(acquireLock(directory)).toBeNull();
    expect(await startHolder().line()).toBe('refused');
    lock?.release();
    lock?.release();
    expect(lock?.isCurrent()).toBe(false);
    const again = acquireLock(directory);
    expect(again).not.toBeNull();
    again?.release();
  });

  test('is free the moment the holder is killed, though a child of the holder lives on', async () => {
    const holder = startHolder('child');
    const [, , stray] = (await holder.line()).split(' ');
    strays.push(Number(stray));
    expect(acquireLock(directory)).toBeNull();
    await killHard(holder.child);
    expect(startTicks(Number(stray))).not.toBeNull();
    const lock = acquireLock(directory);
    expect(lock).not.toBeNull();
    lock?.release();
  });

  test('a stopped holder still holds', async () => {
    const holder = startHolder();
    await holder.line();
    holder.child.kill('SIGSTOP');
    expect(acquireLock(directory)).toBeNull();
    expect(await isLockHeldProof(directory)).toBe('held');
  });

  test('of thirty who try at once over stale leftovers one wins', async () => {
    const gone = startHolder();
    await gone.line();
    await killHard(gone.child);
    for (const name of ['.lock', 'homer.lock', 'daemon.json', 'daemon.pid'])
      writeFileSync(join(directory, name), String(process.pid));
    const holders = Array.from({ length: 30 }, () => startHolder());
    const said = await Promise.all(holders.map((holder) => holder.line()));
    expect(said.filter((line) => line.startsWith('held'))).toHaveLength(1);
    expect(said.filter((line) => line === 'refused')).toHaveLength(29);
  }, 60_000);

  test('deleting what is in the directory frees nothing; replacing the directory is seen', () => {
    const lock = acquireLock(directory);
    writeFileSync(join(directory, 'x'), '');
    rmSync(join(directory, 'x'));
    expect(lock?.isCurrent()).toBe(true);
    const aside = `${directory}-aside`;
    renameSync(directory, aside);
    expect(lock?.isCurrent()).toBe(false);
    mkdirSync(directory);
    expect(lock?.isCurrent()).toBe(false);
    rmSync(aside, { recursive: true });
    lock?.release();
  });

  test('fails closed when it cannot be decided', () => {
    expect(() => acquireLock(join(directory, 'missing'))).toThrow(
      expect.objectContaining({ code: 'HOMER_LOCK_UNAVAILABLE' }),
    );
    const path = process.env['PATH'];
    process.env['PATH'] = directory;
    try {
      expect(() => acquireLock(directory)).toThrow(/flock is not on the PATH/);
      writeFileSync(join(directory, 'flock'), '#!/bin/sh\necho odd >&2\nexit 1\n', { mode: 0o755 });
      expect(() => acquireLock(directory)).toThrow(/ended with 1: odd/);
    } finally {
      process.env['PATH'] = path;
    }
  });
});

describe('waitForLock', () => {
  test('takes over when the holder is killed', async () => {
    const holder = startHolder();
    await holder.line();
    let taken = false;
    const waiting = waitForLock(directory, new AbortController().signal).then((lock) => {
      taken = true;
      return lock;
    });
    expect(await startHolder().line()).toBe('refused');
    expect(taken).toBe(false);
    await killHard(holder.child);
    const lock = await waiting;
    expect(lock.isCurrent()).toBe(true);
    expect(acquireLock(directory)).toBeNull();
    lock.release();
  });

  test('an abort ends it, and its helpers', async () => {
    const lock = acquireLock(directory);
    const before = new Set(childrenOf(process.pid).map(({ pid }) => pid));
    const abort = new AbortController();
    const waiting = waitForLock(directory, abort.signal);
    const shell = childrenOf(process.pid).find(({ pid }) => !before.has(pid));
    expect(shell).toBeDefined();
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(isSameProcess(shell?.pid ?? 0, shell?.ticks ?? null)).toBe(false);
    lock?.release();
    const again = acquireLock(directory);
    expect(again).not.toBeNull();
    again?.release();
  });

  test('helpers of a waiter that is killed die with it, and never take the lock', async () => {
    const lock = acquireLock(directory);
    const waiter = startHolder('wait');
    await waiter.line();
    const pid = waiter.child.pid ?? 0;
    // The shell has its two children once both are there: one waits, one watches.
    const helpers = await untilSome(() => {
      const [shell] = childrenOf(pid);
      const below = shell === undefined ? [] : childrenOf(shell.pid);
      return shell !== undefined && below.length === 2 ? [shell, ...below] : [];
    });
    await killHard(waiter.child);
    await untilSome(() => (helpers.some((one) => isSameProcess(one.pid, one.ticks)) ? [] : [true]));
    lock?.release();
    const again = acquireLock(directory);
    expect(again).not.toBeNull();
    again?.release();
  });
});

describe('asking without taking', () => {
  test('probeLock and isLockHeldProof tell held from free', async () => {
    expect(probeLock(directory)).toBeOneOf(['free', 'unknown']);
    expect(await isLockHeldProof(directory)).toBe('free');
    const lock = acquireLock(directory);
    expect(probeLock(directory)).toBeOneOf(['held', 'unknown']);
    expect(await isLockHeldProof(directory)).toBe('held');
    lock?.release();
    expect(await isLockHeldProof(directory)).toBe('free');
    expect(await isLockHeldProof(join(directory, 'missing'))).toBe('unknown');
    expect(probeLock(join(directory, 'missing'))).toBe('unknown');
  });

  test('reads the rows of /proc/locks', () => {
    const dev = 0xfe00n;
    const row = (where: string, kind = 'FLOCK '): string => `1: ${kind} ADVISORY  WRITE 7 ${where} 0 EOF\n`;
    expect(findFlock(row('fe:00:12'), dev, 12n)).toBe('held');
    expect(findFlock(row('fe:00:112'), dev, 12n)).toBe('free');
    expect(findFlock(row('00:2a:12'), dev, 12n)).toBe('unknown');
    expect(findFlock(row('fe:00:12', 'POSIX '), dev, 12n)).toBe('free');
    expect(findFlock('1: -> FLOCK  ADVISORY  WRITE 7 fe:00:12 0 EOF\n', dev, 12n)).toBe('free');
    expect(findFlock('', dev, 12n)).toBe('free');
  });
});

describe('process identity', () => {
  test('tells a process by its start, whatever its name', async () => {
    const name = join(directory, 'a) (b 1 2');
    writeFileSync(name, '#!/bin/sh\nread x\n', { mode: 0o755 });
    const child = spawn(name, { stdio: ['pipe', 'ignore', 'ignore'] });
    await once(child, 'spawn');
    const ticks = startTicks(child.pid ?? 0);
    expect(ticks).toBeGreaterThan(0);
    expect(isSameProcess(child.pid ?? 0, ticks)).toBe(true);
    expect(isSameProcess(child.pid ?? 0, (ticks ?? 0) + 1)).toBe(false);
    child.stdin.end();
    await once(child, 'exit');
    expect(isSameProcess(child.pid ?? 0, ticks)).toBe(false);
    expect(startTicks(child.pid ?? 0)).toBeNull();
  });
});

/** Asks /proc again until the answer is not empty: it has no event for this. */
async function untilSome<Value>(ask: () => Value[]): Promise<Value[]> {
  for (;;) {
    const found = ask();
    if (found.length > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
