// A real daemon in a state directory of its own, started the way a person starts it.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './redis-server.ts';

export const launcher = join(import.meta.dirname, '../homer');

/** A state directory that is removed at the end, with nothing of the caller's own in it. */
export class BenchHome {
  readonly directory = mkdtempSync(join(tmpdir(), 'homer-bench-home-'));
  readonly env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: this.directory,
    HOMER_HOME: this.directory,
    HOMER_LOG: 'error',
  };

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export class BenchDaemon {
  readonly #child: ChildProcess;
  readonly port: number;
  readonly #home: BenchHome;
  /** From the spawn of the launcher to the first 200 of /readyz. */
  readonly readyMs: number;

  /** Resolves when the process has ended. */
  readonly gone: Promise<unknown>;

  private constructor(home: BenchHome, child: ChildProcess, port: number, readyMs: number) {
    this.#home = home;
    this.#child = child;
    this.gone = once(child, 'exit');
    this.port = port;
    this.readyMs = readyMs;
  }

  static async start(home: BenchHome): Promise<BenchDaemon> {
    const port = await freePort();
    const startedAt = performance.now();
    const child = spawn(launcher, ['serve'], {
      env: { ...home.env, HOMER_PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    while (!(await isReady(port))) {
      if (child.exitCode !== null) throw new Error(`The daemon ended with ${child.exitCode}.`);
      await delay(2);
    }
    return new BenchDaemon(home, child, port, performance.now() - startedAt);
  }

  /** The daemon itself: the launcher becomes it. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The owner's. */
  get token(): string {
    return readFileSync(join(this.#home.directory, 'token'), 'utf8').trim();
  }

  async request(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.gone;
  }

  /** Kills the daemon as the kernel would; its runs go on. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.gone;
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200;
  } catch {
    // Nobody listens yet.
    return false;
  }
}
