// A daemon process of a test: started, asked over HTTP, watched through its event stream, killed.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { JobView } from '../../src/operations/job-view.ts';
import { kill } from './processes.ts';

export interface StartOptions {
  /** `POINT[:N]`: where it kills itself. */
  readonly kill?: string;
  /** Directory of the deaths planned for runners. */
  readonly runnerKills?: string;
  /** Further arguments of daemon.ts. */
  readonly more?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Another program than daemon.ts, with its arguments. */
  readonly argv?: readonly [string, ...string[]];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

export interface ChaosDaemon {
  readonly pid: number;
  /** Resolves with the ms from spawn to ready; null when it ended before it was. */
  readonly ready: Promise<number | null>;
  readonly exited: Promise<Exit>;
  /** What it wrote on standard error so far. */
  lines(): readonly string[];
  /** Resolves when a line of its log holds the text; rejects when it ends without. */
  untilLine(text: string): Promise<void>;
  /** Rejects when the daemon is not there or dies before it answered. */
  ask<Body>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<Body>>;
  /** Resolves when `sees` is true, asked now and after each event of the ledger; rejects when the daemon ends. */
  until(sees: () => Promise<boolean>): Promise<void>;
  job(id: string): Promise<JobView>;
  untilJob(id: string, sees: (job: JobView) => boolean): Promise<JobView>;
  end(signal: NodeJS.Signals): Promise<Exit>;
}

const entry = join(import.meta.dirname, 'daemon.ts');

/** `env` is the whole environment. */
export function startDaemon(
  home: string,
  env: Record<string, string>,
  options: StartOptions = {},
): ChaosDaemon {
  const startedAt = performance.now();
  const own = [entry, home, ...(options.kill === undefined ? [] : ['--kill', options.kill])];
  const args = options.argv ?? [
    process.execPath,
    ...own,
    ...(options.runnerKills === undefined ? [] : ['--runner-kills', options.runnerKills]),
    ...(options.more ?? []),
  ];
  const child = spawn(args[0], args.slice(1), {
    env: { ...env, ...options.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  const ready = Promise.withResolvers<number | null>();
  let port = 0;
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    if (line.includes('"msg":"ready"')) {
      port = Number(/"port":(\d+)/.exec(line)?.[1]);
      ready.resolve(performance.now() - startedAt);
    }
    for (const listener of listeners) listener();
  });
  let ended = false;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true;
      ready.resolve(null);
      resolve({ code, signal });
      for (const listener of listeners) listener();
    });
  });
  const death = (): Error => new Error(`the daemon ended:\n${lines.slice(-15).join('\n')}`);
  const token = (): string => readFileSync(join(home, 'token'), 'utf8').trim();

  const daemon: ChaosDaemon = {
    pid: child.pid ?? 0,
    ready: ready.promise,
    exited,
    lines: () => lines,
    untilLine: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const isThere = lines.some((line) => line.includes(text));
          if (!isThere && !ended) return;
          listeners.delete(look);
          if (isThere) resolve();
          else reject(death());
        };
        listeners.add(look);
        look();
      }),
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows the shape of its answer
    async ask<Body>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      if ((await ready.promise) === null) throw death();
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { authorization: `Bearer ${token()}`, 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as Body };
    },
    async until(sees) {
      if ((await ready.promise) === null) throw death();
      const closing = new AbortController();
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/events`, {
        headers: { authorization: `Bearer ${token()}` },
        signal: closing.signal,
      });
      try {
        // The first piece comes when the stream listens: from then on nothing is missed.
        for await (const _ of response.body ?? []) if (await sees()) return;
      } catch (error) {
        throw ended ? death() : error;
      } finally {
        closing.abort();
      }
      throw death();
    },
    async job(id) {
      return (await daemon.ask<{ job: JobView }>('GET', `/api/v1/jobs/${id}`)).body.job;
    },
    async untilJob(id, sees) {
      let job = await daemon.job(id);
      await daemon.until(async () => sees((job = await daemon.job(id))));
      return job;
    },
    async end(signal) {
      kill(daemon.pid, signal);
      return exited;
    },
  };
  return daemon;
}
