// The command line as a user has it: a process of its own, with a state directory that lives as long as the test.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRecordAlive, readRecord } from '../../src/lifecycle/record.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with the first match in standard error; rejects when the process ends without one. */
  saw(pattern: RegExp): Promise<RegExpExecArray>;
}

export interface Room {
  readonly home: string;
  /** A directory beside the state directory, for jobs. */
  readonly work: string;
  start(
    args: readonly string[],
    options?: { readonly input?: string; readonly env?: NodeJS.ProcessEnv },
  ): Running;
  run(
    args: readonly string[],
    options?: { readonly input?: string; readonly env?: NodeJS.ProcessEnv },
  ): Promise<Ended>;
  /** Ends what is left, by number. */
  close(): Promise<void>;
}

export async function openRoom(): Promise<Room> {
  const work = await mkdtemp(join(tmpdir(), 'homer-cli-'));
  const home = join(work, 'home');
  const children: ChildProcess[] = [];
  const room: Room = {
    home,
    work,
    start(args, { input, env } = {}) {
      const child = spawn(process.execPath, [main, ...args], {
        cwd: work,
        env: {
          PATH: process.env['PATH'],
          NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
          HOME: work,
          HOMER_HOME: home,
          HOMER_PORT: '0',
          ...env,
        },
        stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      });
      children.push(child);
      child.stdin?.end(input);
      return watch(child);
    },
    run: (args, options) => room.start(args, options).ended,
    async close() {
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      // A daemon that was killed has left its runs alive: only a daemon can end them all.
      if (existsSync(join(home, 'runs')) && readdirSync(join(home, 'runs')).length > 0)
        await room.run(['start']);
      await room.run(['stop', '--kill']);
      const record = await readRecord(home);
      if (record !== null && isRecordAlive(record)) process.kill(record.pid, 'SIGKILL');
      await rm(work, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return room;
}

function watch(child: ChildProcess): Running {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return {
    child,
    ended,
    saw(pattern) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(stderr);
          if (match !== null) resolve(match);
        };
        child.stderr?.on('data', look);
        look();
        void ended.then(() => reject(new Error(`ended without ${pattern}: ${stderr}`)));
      });
    },
  };
}
