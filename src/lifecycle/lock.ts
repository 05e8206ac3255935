// The kernel's lock on a directory: the one thing that decides who runs. Linux: flock(2) on the open directory, taken by
// flock(1) on a descriptor it shares with us, so that the lock is ours for as long as we keep the descriptor, and is gone the
// moment we are, however we went. macOS: O_EXLOCK on a file in the directory (open(2); not run by our tests).
// PID files, unlinked sockets and the lock packages of npm all let two in when 200 processes raced over stale leftovers.

import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HomerError, messageOf } from '../core/errors.ts';

export interface Lock {
  readonly directory: string;
  /** `device:inode` of the locked directory, decimal. */
  readonly identity: string;
  /** False once the path leads elsewhere (somebody replaced the directory), or the descriptor that holds the lock is gone. */
  isCurrent(): boolean;
  /** Gives the lock back. Tolerates a second call. */
  release(): void;
}

/** `unknown`: the kernel could not be asked. */
export type LockState = 'held' | 'free' | 'unknown';

/** flock(1) exits with this when somebody else holds the lock (`-E`, util-linux). */
const conflictStatus = 75;

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY;

/** <fcntl.h> of macOS: O_EXLOCK; Node does not name it. */
const openExclusively = 0x20;
const macLockFile = '.lock';

/** `device:inode` of what the path leads to, decimal. Throws as stat(2) does. */
export function directoryIdentity(path: string): string {
  return identityOf(statSync(path, { bigint: true }));
}

/**
 * Takes the lock on a directory, or returns null when another open of it holds the lock, in this process or any other.
 * @throws HomerError HOMER_LOCK_UNAVAILABLE when it cannot be decided; going on without would let two in.
 */
export function acquireLock(directory: string): Lock | null {
  if (process.platform === 'darwin') return acquireOnMac(directory);
  const fd = openDirectory(directory);
  try {
    const { status, signal, error, stderr } = spawnSync('flock', ['-n', '-E', String(conflictStatus), '3'], {
      stdio: ['ignore', 'ignore', 'pipe', fd],
      encoding: 'utf8',
    });
    if (error !== undefined) throw unavailable(directory, flockMissing(error), error);
    if (status === conflictStatus) return closeAnd(fd, null);
    if (status !== 0) throw unavailable(directory, `flock ended with ${signal ?? status}: ${stderr.trim()}`);
    return heldLock(directory, directory, fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Waits for the lock as long as it takes and takes it; the kernel wakes us, nothing polls.
 * @throws HomerError HOMER_LOCK_UNAVAILABLE, or the signal's reason when it is aborted.
 */
export async function waitForLock(directory: string, signal: AbortSignal): Promise<Lock> {
  for (;;) {
    signal.throwIfAborted();
    const lock =
      process.platform === 'darwin' ? await waitOnMac(directory, signal) : await wait(directory, signal);
    if (lock?.isCurrent() === true) return lock;
    // Won by another in between (macOS), or the directory was replaced while we waited on the old one.
    lock?.release();
  }
}

/**
 * Tells whether somebody holds the lock, without taking it even for an instant. On Linux the kernel's list of locks,
 * which shows them only in the host's own PID namespace: the holder by its books is flock(1), long gone, and a
 * process that cannot be named in a namespace is left out there. On macOS the lock is taken for a moment.
 */
export function probeLock(directory: string): LockState {
  if (process.platform === 'darwin') return probeOnMac(directory);
  try {
    // PROC_PID_INIT_INO of the kernel.
    if (readlinkSync('/proc/self/ns/pid') !== 'pid:[4026531836]') return 'unknown';
    // NFS, SMB (two), 9p, FUSE, Ceph: others may hold a lock that this kernel has never heard of.
    if (
      [0x6969, 0xff534d42, 0xfe534d42, 0x01021997, 0x65735546, 0x00c36400].includes(
        statfsSync(directory).type,
      )
    )
      return 'unknown';
    const { dev, ino } = statSync(directory, { bigint: true });
    return findFlock(readFileSync('/proc/locks', 'utf8'), dev, ino);
  } catch {
    // No such directory or no such file in /proc: nobody can tell, and that is an answer here.
    return 'unknown';
  }
}

/**
 * The kernel's own word, anywhere: really tries to take the lock (shared, so that two who ask do not see each other) and
 * lets go at once. Whoever tries to acquire in those few milliseconds is refused, so ask only about locks that no
 * one is expected to take now.
 */
export async function isLockHeldProof(directory: string): Promise<LockState> {
  if (process.platform === 'darwin') return probeOnMac(directory);
  for (const waitMs of [...scarcityDelaysMs, null]) {
    try {
      return await askFlock(directory);
    } catch (error) {
      // A directory that cannot be opened, or no flock: the caller treats unknown with care.
      const isOurs = scarce.has((error as NodeJS.ErrnoException).code);
      if (waitMs === null || !isOurs) break;
      await delay(waitMs);
    }
  }
  return 'unknown';
}

/** Our own lack of descriptors or processes says nothing about the lock, and goes by. */
const scarce: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM']);
const scarcityDelaysMs = [100, 200, 400, 800] as const;

function askFlock(directory: string): Promise<LockState> {
  return new Promise((resolve, reject) => {
    const fd = openSync(directory, directoryFlags);
    try {
      const child = spawn('flock', ['-s', '-n', '-E', String(conflictStatus), '3'], {
        stdio: ['ignore', 'ignore', 'ignore', fd],
      });
      child.once('error', reject);
      child.once('close', (status) =>
        resolve(status === 0 ? 'free' : status === conflictStatus ? 'held' : 'unknown'),
      );
    } finally {
      // Ours is closed at once: the lock then lives only as long as the helper.
      closeSync(fd);
    }
  });
}

/** Looks for a FLOCK row of this inode in the text of /proc/locks (proc_locks(5): device as hex major:minor). */
export function findFlock(locks: string, dev: bigint, ino: bigint): LockState {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  const device = [major, minor].map((part) => part.toString(16).padStart(2, '0')).join(':');
  let answer: LockState = 'free';
  for (const row of locks.split('\n')) {
    // `->` marks one that waits; it holds nothing.
    const [, kind, , , , where] = row.split(/\s+/);
    if (kind !== 'FLOCK' || where === undefined || !where.endsWith(`:${ino}`)) continue;
    if (where === `${device}:${ino}`) return 'held';
    // The same inode number elsewhere; but btrfs shows other device numbers in stat than here.
    answer = 'unknown';
  }
  return answer;
}

/**
 * A shell that waits for flock(1) and, should its standard input end first, kills it. The input is a pipe of ours: it
 * ends when we abort and when we are killed. Without that an orphaned flock lives on and takes the lock one day.
 */
const waiterScript = `
exec 4<&0
"$@" & waiter=$!
{ read -r _ <&4; kill -9 $waiter; } 2>/dev/null 3<&- & watcher=$!
wait $waiter; status=$?
kill -9 $watcher 2>/dev/null
exit $status`;

async function wait(directory: string, signal: AbortSignal): Promise<Lock> {
  const fd = openDirectory(directory);
  try {
    await runWaiter(directory, ['flock', '3'], fd, signal);
    return heldLock(directory, directory, fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function runWaiter(
  directory: string,
  command: readonly string[],
  fd: number | 'ignore',
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', waiterScript, 'sh', ...command], {
      stdio: ['pipe', 'ignore', 'ignore', fd],
    });
    const abort = (): void => {
      child.stdin?.end();
    };
    signal.addEventListener('abort', abort, { once: true });
    // The helper may be gone before its input is closed: nothing is lost by that.
    child.stdin?.on('error', () => undefined);
    child.once('error', (error) => reject(unavailable(directory, messageOf(error), error)));
    child.once('close', (status, killed) => {
      signal.removeEventListener('abort', abort);
      child.stdin?.destroy();
      if (signal.aborted) reject(signal.reason as Error);
      else if (status === 0) resolve();
      else reject(unavailable(directory, `the helper that waits for it ended with ${killed ?? status}`));
    });
  });
}

function acquireOnMac(directory: string): Lock | null {
  const path = join(directory, macLockFile);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | openExclusively;
  try {
    return heldLock(directory, path, openSync(path, flags, 0o600));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN' || code === 'EWOULDBLOCK') return null;
    throw unavailable(directory, messageOf(error), error);
  }
}

async function waitOnMac(directory: string, signal: AbortSignal): Promise<Lock | null> {
  const lock = acquireOnMac(directory);
  if (lock !== null) return lock;
  // A blocking open in a process of its own, since it could not be called off in ours; then we try.
  const script = `require('node:fs').openSync(process.argv[1], ${constants.O_RDWR | openExclusively})`;
  const command = [process.execPath, '-e', script, join(directory, macLockFile)];
  await runWaiter(directory, command, 'ignore', signal);
  return acquireOnMac(directory);
}

function probeOnMac(directory: string): LockState {
  try {
    const lock = acquireOnMac(directory);
    lock?.release();
    return lock === null ? 'held' : 'free';
  } catch {
    // What cannot be decided is unknown; only taking the lock has to fail closed.
    return 'unknown';
  }
}

/** `lockedPath` is what the descriptor was opened from. */
function heldLock(directory: string, lockedPath: string, fd: number): Lock {
  let open = true;
  const identity = (): string => identityOf(fstatSync(fd, { bigint: true }));
  const locked = identity();
  return {
    directory,
    identity: lockedPath === directory ? locked : directoryIdentity(directory),
    isCurrent() {
      try {
        return open && identity() === locked && directoryIdentity(lockedPath) === locked;
      } catch {
        return false; // It leads nowhere any more, or cannot be looked at: it is not the locked one.
      }
    },
    release() {
      if (!open) return;
      open = false;
      closeSync(fd);
    },
  };
}

function openDirectory(directory: string): number {
  try {
    // Node opens everything close-on-exec: what we start later does not inherit the lock.
    return openSync(directory, directoryFlags);
  } catch (error) {
    throw unavailable(directory, messageOf(error), error);
  }
}

function identityOf(stat: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${stat.dev}:${stat.ino}`;
}

function closeAnd<Value>(fd: number, value: Value): Value {
  closeSync(fd);
  return value;
}

function flockMissing(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'the program flock is not on the PATH' : error.message;
}

function unavailable(directory: string, why: string, cause?: unknown): HomerError {
  return new HomerError('HOMER_LOCK_UNAVAILABLE', `${directory} cannot be locked: ${why}.`, { cause });
}
