// Memory and CPU time of a process, from /proc (Linux only): https://man7.org/linux/man-pages/man5/proc.5.html

import { readFileSync } from 'node:fs';

/** Linux reports CPU time in hundredths of a second to programs (USER_HZ). */
const tickMicros = 10_000;

export function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMicros;
}

/** Resident memory, megabytes. */
export function residentMegabytes(pid: number | 'self'): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 102.4) / 10;
}
