// How a process ended, in words.

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** The signal that ended it: told directly, or as 128 + n by a wrapper (bwrap, sh) that lived longer. */
export function signalOf(exit: ProcessExit): string | null {
  if (exit.signal !== null) return exit.signal;
  if (exit.code === null || exit.code <= 128) return null;
  return wrappedSignals[exit.code - 128] ?? null;
}

// signal(7): numbers that are the same on Linux and macOS, those which end programs in practice.
const wrappedSignals: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
};

/** `exited with code 3`, `was ended by SIGKILL`. */
export function describeExit(exit: ProcessExit): string {
  const signal = signalOf(exit);
  if (signal !== null) return `was ended by ${signal}`;
  return exit.code === null ? 'ended in an unknown way' : `exited with code ${exit.code}`;
}
