// The system's processes as /proc shows them (proc(5)); empty where there is no /proc.

import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Start, clock ticks since boot: with it a number means one process for ever. */
  readonly ticks: number;
}

/** True where processes can be looked at. */
export function hasProcessTable(): boolean {
  return processRow(process.pid) !== null;
}

/** Every live process; those that are dead and only wait to be reaped are left out, they can do nothing any more. */
export function readProcesses(): readonly ProcessRow[] {
  return listNumbers('/proc')
    .map(processRow)
    .filter((row) => row !== null);
}

/** One process, or null when it is gone or dead. */
export function processRow(pid: number): ProcessRow | null {
  const stat = orNull(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (stat === null) return null;
  const [state, parent, group, session, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return null;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    ticks: Number(rest[15]),
  };
}

/** The value of a variable in the environment a process was started with; null when it has none or cannot be read. */
export function environmentValue(pid: number, name: string): string | null {
  const environ = orNull(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
  const entry = environ?.split('\0').find((line) => line.startsWith(`${name}=`));
  return entry?.slice(name.length + 1) ?? null;
}

/** `pid:[inode]`, or null when it is gone or not ours to look at. */
export function pidNamespaceOf(pid: number | 'self'): string | null {
  return orNull(() => readlinkSync(`/proc/${pid}/ns/pid`));
}

/** True for the process that is number 1 in a PID namespace below ours. */
export function isNamespaceInit(pid: number): boolean {
  const status = orNull(() => readFileSync(`/proc/${pid}/status`, 'latin1'));
  // One number per namespace, from ours inwards.
  return /^NSpid:(\t\d+)+\t1$/m.test(status ?? '');
}

/** True when a process has one of these files open, given as `device:inode` with the name it last had. */
export function hasOpen(pid: number, files: readonly OpenFile[]): boolean {
  const directory = `/proc/${pid}/fd`;
  return listNumbers(directory).some((fd) => {
    // The name first: to stat what others have open could hang on a dead network.
    const path = orNull(() => readlinkSync(`${directory}/${fd}`));
    const named = path === null ? [] : files.filter(({ name }) => path.includes(name));
    if (named.length === 0) return false;
    const stat = orNull(() => statSync(`${directory}/${fd}`, { bigint: true }));
    return stat !== null && named.some(({ identity }) => identity === `${stat.dev}:${stat.ino}`);
  });
}

export interface OpenFile {
  readonly name: string;
  /** `device:inode`, decimal. */
  readonly identity: string;
}

function listNumbers(directory: string): readonly number[] {
  const names = orNull(() => readdirSync(directory)) ?? [];
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}

function orNull<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    // Processes end while they are looked at, and those of others are closed to us: both are "not there".
    return null;
  }
}
