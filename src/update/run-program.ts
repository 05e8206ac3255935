// Runs git, npm, tar and scripts/setup to their end.

import { execFile } from 'node:child_process';
import { HomerError } from '../core/errors.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
}

const patienceMs = 15 * 60_000;
const mostBytes = 32 * 1024 * 1024;
const shownLines = 5;

/** Its standard output. HOMER_UPDATE_REFUSED with its last words: whoever has begun already says more. */
export async function runProgram(
  file: string,
  args: readonly string[],
  { cwd, env, timeoutMs = patienceMs }: RunOptions,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile(
    file,
    args,
    { cwd, env: { ...env }, timeout: timeoutMs, maxBuffer: mostBytes },
    (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = stderr.trim().split('\n').slice(-shownLines).join(' ').trim();
      const what = `\`${[file, ...args].join(' ')}\` failed: ${said === '' ? error.message : said}`;
      reject(new HomerError('HOMER_UPDATE_REFUSED', what, { cause: error }));
    },
  );
  child.stdin?.end();
  return promise;
}
