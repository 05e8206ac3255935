// Who a process number belongs to: numbers are used again, start times are not.

import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Start time of a process in clock ticks since boot, field 22 of /proc/PID/stat (proc_pid_stat(5)). Null when there
 * is no such process, or no /proc.
 */
export function startTicks(pid: number): number | null {
  const field = statFields(pid)?.[19];
  const ticks = Number(field);
  return field === undefined || !Number.isSafeInteger(ticks) ? null : ticks;
}

/**
 * True when the process has ended and only waits to be collected by its parent, as in containers whose first process
 * collects nobody. Of a program whose first thread ended before its others this is true as well.
 */
export function isZombie(pid: number): boolean {
  return statFields(pid)?.[0] === 'Z';
}

/** True when somebody has stopped the process (SIGSTOP, a debugger): it does nothing, and nothing is its fault. */
export function isStopped(pid: number): boolean {
  return statFields(pid)?.[0]?.toUpperCase() === 'T';
}

/** The PID namespace that the system starts with (PROC_PID_INIT_INO in the kernel's proc_ns.h). */
const firstNamespace = 'pid:[4026531836]';

/**
 * The id of this boot, null where the system has none. What dies with the host dies in a container with its first
 * process, so there the start of that one is part of the id: a container that was started anew has booted.
 */
export function hostBootId(): string | null {
  const boot = readProc('/proc/sys/kernel/random/boot_id')?.trim();
  if (boot === undefined) return null;
  return namespaceOfProcesses() === firstNamespace ? boot : `${boot}/${startTicks(1) ?? ''}`;
}

function namespaceOfProcesses(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    // A kernel without namespaces has the first one only.
    return firstNamespace;
  }
}

/** True when the process that had these start ticks is still there; false when it is gone or cannot be told. */
export function isSameProcess(pid: number, ticks: number | null): boolean {
  return ticks !== null && startTicks(pid) === ticks;
}

/** From field 3, the state, on. */
function statFields(pid: number): readonly string[] | null {
  const stat = readProc(`/proc/${pid}/stat`);
  // The name may hold spaces and parentheses; the last one closes it.
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Gone, or a system without /proc: both mean that nothing is known.
    return null;
  }
}
