// Runs a program to hear what it says of itself, in the least environment and for a bounded time.

import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';

export interface Said {
  /** Null: it did not end by itself, or could not be started. */
  readonly code: number | null;
  readonly output: string;
  readonly errorOutput: string;
  readonly timedOut: boolean;
}

const mostBytes = 64 * 1024;

/** Never rejects. What it started is ended with it. */
export function askProgram(
  argv: readonly [string, ...string[]],
  env: Readonly<Record<string, string | undefined>>,
  timeoutMs: number,
): Promise<Said> {
  const [file, ...args] = argv;
  return new Promise((resolve) => {
    let output = '';
    let errorOutput = '';
    let timedOut = false;
    const child = spawn(file, args, {
      cwd: tmpdir(),
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const endAll = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The whole group has gone by itself.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      endAll();
    }, timeoutMs);
    const done = (code: number | null): void => {
      clearTimeout(timer);
      endAll();
      resolve({ code, output, errorOutput, timedOut });
    };
    child.stdout.on('data', (data: Buffer) => (output = (output + data.toString()).slice(0, mostBytes)));
    child.stderr.on(
      'data',
      (data: Buffer) => (errorOutput = (errorOutput + data.toString()).slice(0, mostBytes)),
    );
    child.once('error', () => done(null));
    // Not `close`: what it left behind may hold the pipes open.
    child.once('exit', (code) => setImmediate(() => done(code)));
  });
}

/** `2.1.330` out of `2.1.330 (Claude Code)`; null when no number stands there. */
export function versionIn(text: string): string | null {
  return /\d+\.\d+(?:\.\d+)*(?:-[0-9A-Za-z.-]+)?/.exec(text)?.[0] ?? null;
}
