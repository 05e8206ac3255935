// The processes of one state directory, found as the kernel shows them: runners by their arguments, what they started by its marker.

import { readFileSync } from 'node:fs';
import { environmentValue, readProcesses } from '../../src/runner/process-table.ts';

export interface HomeProcesses {
  readonly runners: readonly number[];
  /** Everything with the marker of a run of this home: wrappers and agents. */
  readonly agents: readonly number[];
}

/** `identity`: `device:inode` of the state directory. */
export function findProcesses(identity: string): HomeProcesses {
  const runners: number[] = [];
  const agents: number[] = [];
  for (const { pid } of readProcesses()) {
    if (argumentsOf(pid).join(' ').endsWith(`--home ${identity}`)) runners.push(pid);
    if (environmentValue(pid, 'HOMER_RUN')?.startsWith(`${identity}/`) === true) agents.push(pid);
  }
  return { runners, agents };
}

export function argumentsOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    // Gone meanwhile.
    return [];
  }
}

/** False when it was gone already. */
export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    // It ended by itself a moment before; what is tested is that nobody cares who was first.
    return false;
  }
}
