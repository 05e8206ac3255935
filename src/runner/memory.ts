// The memory that the processes of a run hold together. A limit of the kernel per process (RLIMIT_AS) cannot be used: agents
// reserve tens of gigabytes of addresses that they never touch, and each of their children would get the limit anew.

import { readFileSync } from 'node:fs';

/**
 * Bytes. Resident sizes are added up first, which is quick and counts what is shared once per process; where that reaches
 * `limit` the kernel is asked for the fair share of each (`Pss` in proc_pid_smaps_rollup(5)), so that nobody is ended for
 * libraries and forks. Processes that end meanwhile hold nothing.
 */
export function memoryOf(pids: readonly number[], limit: number): number {
  const resident = sum(pids.map(residentBytes));
  return resident <= limit ? resident : sum(pids.map((pid) => fairBytes(pid) ?? residentBytes(pid)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(pid, 'status'))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

function fairBytes(pid: number): number | null {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(read(pid, 'smaps_rollup'))?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    // It ended, or is closed to us: what it holds is not known.
    return '';
  }
}
