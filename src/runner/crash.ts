// What a runner that fails says of it. Messages of errors quote what they could not handle, which may be a secret, and the
// stack begins with the message: only its class and where it was are told.

import { writeSync } from 'node:fs';

/** Writes the class of an error and its places in the code to standard error; never its message. */
export function tellCrash(error: unknown): void {
  try {
    writeSync(2, `${new Date().toISOString()} the runner failed: ${describeCrash(error)}\n`);
  } catch {
    // The log is on the disk that may be full; the run ends all the same.
  }
}

export function describeCrash(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = (error as NodeJS.ErrnoException).code;
  const known = typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,60}$/.test(code) ? ` ${code}` : '';
  const stack = error.stack ?? '';
  const places = stack
    .slice(stack.indexOf(error.message) + error.message.length)
    .split('\n')
    .filter((line) => /^ {4}at [\w.$<> []{0,80}\]? ?\(?(file|node):[^\s'"]{1,300}$/.test(line))
    .slice(0, 10);
  return [`${error.constructor.name}${known}`, ...places].join('\n');
}
