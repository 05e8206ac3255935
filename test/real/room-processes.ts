// The processes of one Homer, told by what the kernel shows of them and not by the product's own search.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

export interface RoomProcesses {
  /** Everything with this HOMER_HOME: daemons and callers of the command line. */
  readonly daemons: readonly number[];
  readonly runners: readonly number[];
  /** Everything with the marker of a run of this home: wrappers, agents, tools. */
  readonly tree: readonly number[];
  /** Those of the tree that the runners started, without the wrappers around them; what an agent starts itself is not among them. */
  readonly agents: readonly number[];
}

/** `identity`: `device:inode` of the state directory. */
export function processesOf(identity: string, home: string): RoomProcesses {
  const all = livePids();
  const tree = all.filter((pid) => read(pid, 'environ').includes(`\0HOMER_RUN=${identity}/`));
  const runners = all.filter((pid) => read(pid, 'cmdline').endsWith(`\0--home\0${identity}\0`));
  return {
    daemons: all.filter(
      (pid) => read(pid, 'environ').includes(`\0HOMER_HOME=${home}\0`) && pid !== process.pid,
    ),
    runners,
    tree,
    agents: tree.filter((pid) => !isWrapper(pid) && isStartedBy(runners, parentOf(pid))),
  };
}

/** Directly, or through wrappers only. */
function isStartedBy(runners: readonly number[], parent: number): boolean {
  if (runners.includes(parent)) return true;
  return isWrapper(parent) && isStartedBy(runners, parentOf(parent));
}

function isWrapper(pid: number): boolean {
  return ['bwrap', 'setpriv', 'unshare'].includes(basename(programOf(pid) ?? ''));
}

/** 0 for one that is gone. */
function parentOf(pid: number): number {
  try {
    // The name before it may hold anything, parentheses too.
    const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return Number(parent);
  } catch {
    // Processes end while they are looked at.
    return 0;
  }
}

/** Arguments of every process there is, for a search. */
export function allArguments(): string {
  return livePids()
    .map((pid) => read(pid, 'cmdline'))
    .join('\n');
}

/** Those that were started as this command, its words set apart by single spaces. */
export function pidsOf(command: string): readonly number[] {
  return livePids().filter((pid) => read(pid, 'cmdline') === `\0${command.replaceAll(' ', '\0')}\0`);
}

export function environmentOf(pid: number): string {
  return read(pid, 'environ');
}

function livePids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** With a NUL before the first entry; empty for one that is gone, dead or not ours to look at. */
function read(pid: number, file: 'environ' | 'cmdline'): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/${file}`, 'utf8')}`;
  } catch {
    // Processes end while they are looked at.
    return '\0';
  }
}

function programOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    // As above.
    return null;
  }
}
