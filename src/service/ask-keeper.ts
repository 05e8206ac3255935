// Runs the keeper's own program, with plain arguments and in no language but its own.

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { HomerError, messageOf } from '../core/errors.ts';

export interface KeeperAnswer {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Resolves with how it ended, whatever that is. HOMER_SERVICE_UNAVAILABLE when there is no such program. */
export async function askKeeper(
  argv: readonly [string, ...string[]],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<KeeperAnswer> {
  const [file, ...args] = argv;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...env, LC_ALL: 'C' } });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
  try {
    const [code, output, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    return { code, output, errors };
  } catch (error) {
    throw new HomerError('HOMER_SERVICE_UNAVAILABLE', `${file} cannot be run: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** The same for an order: HOMER_SERVICE_FAILED unless it ends with 0; resolves with what it printed. */
export async function order(
  argv: readonly [string, ...string[]],
  env?: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const { code, output, errors } = await askKeeper(argv, env);
  if (code === 0) return output;
  const said = (errors.trim() === '' ? output : errors).trim().split('\n').slice(0, 4).join(' ');
  throw new HomerError('HOMER_SERVICE_FAILED', `${argv.join(' ')} ended with ${code ?? 'a signal'}: ${said}`);
}

/** Runs a program in the caller's terminal; resolves with its exit code. */
export function handTerminal([file, ...args]: readonly [string, ...string[]]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'inherit' });
    // Ctrl-C is for both; the one that shows something ends, and we with it.
    const leave = (): void => undefined;
    process.on('SIGINT', leave);
    child.once('error', (error) =>
      reject(new HomerError('HOMER_SERVICE_UNAVAILABLE', `${file} cannot be run: ${messageOf(error)}.`)),
    );
    child.once('close', (code) => {
      process.off('SIGINT', leave);
      resolve(code ?? 130);
    });
  });
}
