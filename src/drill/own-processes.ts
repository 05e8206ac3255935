// The processes of one state directory, found by what Homer gave them: runners by their arguments, what they started by its marker.

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { environmentValue, hasProcessTable, readProcesses } from '../runner/process-table.ts';

export interface OwnProcesses {
  readonly runners: readonly number[];
  /** Agents and commands, and what keeps them together. */
  readonly agents: readonly number[];
}

const lookMs = 20;
/** A runner leaves at once after its last word, but for a machine that is busy. */
const leavingMs = 10_000;

/** `identity`: `device:inode` of the state directory. Empty where the system has no /proc, see `canFind`. */
export function findOwn(identity: string): OwnProcesses {
  const runners: number[] = [];
  const agents: number[] = [];
  for (const { pid } of readProcesses()) {
    if (argumentsOf(pid).join(' ').endsWith(`--home ${identity}`)) runners.push(pid);
    if (environmentValue(pid, 'HOMER_RUN')?.startsWith(`${identity}/`) === true) agents.push(pid);
  }
  return { runners, agents };
}

export function canFind(): boolean {
  return hasProcessTable();
}

/** Those that are still there after a moment to leave in. */
export async function findLeftOver(identity: string): Promise<number> {
  const giveUpAt = performance.now() + leavingMs;
  for (;;) {
    const { runners, agents } = findOwn(identity);
    const left = runners.length + agents.length;
    if (left === 0 || performance.now() > giveUpAt) return left;
    await delay(lookMs);
  }
}

/** Kills them with -9; runners first, so that none of them reports the end of its agent. */
export async function endAll({ runners, agents }: OwnProcesses): Promise<void> {
  for (const pid of [...runners, ...agents]) endOne(pid);
  await delay(lookMs);
}

export function endOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was gone already, which is what is wanted.
  }
}

/** The words it was started with, one space between them; empty for one that is gone. */
export function argumentsOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    // Gone meanwhile.
    return [];
  }
}
