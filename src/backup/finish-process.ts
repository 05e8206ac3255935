// Starts the process that finishes a backup and waits for its answer.

import { spawn } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HomerError, type ErrorCode } from '../core/errors.ts';
import type { Finished, FinishOrder } from './finish.ts';

/** Rejects with the error of `finishCopy`, or the signal's reason once the process is gone. */
export async function finishInProcess(
  order: FinishOrder,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Finished> {
  signal.throwIfAborted();
  const entry = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
  const { NODE_COMPILE_CACHE } = env;
  const child = spawn(process.execPath, [entry], {
    env: NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = `${stderr}${text}`.slice(-2_000)));
  // One that dies at once breaks the pipe; its end tells.
  child.stdin.on('error', () => undefined);
  // Its input stays open: the end of it means that we are gone.
  child.stdin.write(`${JSON.stringify(order)}\n`);
  try {
    const end = await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, killed) => resolve(killed ?? String(code)));
    });
    signal.throwIfAborted();
    return readAnswer(stdout, `The process that was to verify it ended with ${end}: ${stderr.trim()}`);
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

function readAnswer(stdout: string, otherwise: string): Finished {
  if (!stdout.endsWith('\n')) throw new HomerError('HOMER_BACKUP_FAILED', otherwise);
  const answer = JSON.parse(stdout) as
    | { readonly finished: Finished }
    | { readonly error: { readonly code: ErrorCode; readonly message: string } };
  if ('error' in answer) throw new HomerError(answer.error.code, answer.error.message);
  return answer.finished;
}
