// Starts the runner of a run: a detached process that outlives the daemon and talks with it through files only.

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileNames, type SecretFrame } from '../runner/files.ts';
import { encodeFrame } from '../runner/secret-frame.ts';

export interface RunnerCommand {
  /** The Node to run it with and the arguments before its own, e.g. [node, 'src/runner/main.ts']. */
  readonly argv: readonly [string, ...string[]];
  /** Its own environment; nothing of it reaches the agent. */
  readonly env: Readonly<Record<string, string>>;
}

export interface RunnerProcess {
  readonly pid: number;
  /** Resolves with its exit code when it is gone; null: ended by a signal. */
  readonly exited: Promise<number | null>;
}

/** Rejects when the process cannot be started. Resolves once it is started; its secrets are then in its pipe. */
export function startRunner(
  command: RunnerCommand,
  directory: string,
  runId: string,
  home: string,
  frame: SecretFrame,
): Promise<RunnerProcess> {
  const log = openSync(join(directory, fileNames.log), 'a', 0o600);
  try {
    const [file, ...args] = command.argv;
    const child = spawn(file, [...args, '--run', runId, '--home', home], {
      cwd: directory,
      env: command.env,
      detached: true,
      stdio: ['pipe', 'ignore', log],
    });
    const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    // The daemon may end while the runner works.
    child.unref();
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      // A runner that dies at once breaks the pipe; its exit tells.
      child.stdin?.on('error', () => undefined);
      child.once('spawn', () => {
        child.stdin?.end(encodeFrame(frame));
        resolve({ pid: child.pid ?? 0, exited });
      });
    });
  } finally {
    closeSync(log);
  }
}
