// A state directory that nobody needs, with a daemon to be hurt and jobs whose effects can be counted. Nothing in here reaches the
// state directory of the user: where it is, what the daemon sees of the environment and which port it takes are made up here.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readToken } from '../config/token.ts';
import { directoryIdentity } from '../lifecycle/lock.ts';
import { readRecord } from '../lifecycle/record.ts';
import { notePlayer, scratchPrefix } from './left-behind.ts';
import { endAll, findOwn } from './own-processes.ts';

/** `once`: a command that must not be repeated; `again`: one that may be. */
export type Kind = 'once' | 'again';

export interface DrillJob {
  readonly id: string;
  readonly kind: Kind;
  /** What it leaves behind begins with this: PATH.begun and PATH.ended have a line for each time. */
  readonly path: string;
}

export interface Program {
  /** How this Homer is started: the runtime with its flags, and the command line's own file. */
  readonly argv: readonly string[];
  readonly signal: AbortSignal;
}

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The part of a job that is read here. */
interface JobAnswer {
  readonly state: string;
  readonly error: { readonly code: string } | null;
}

/** Does its work in two steps, with a gate between them that it looks at ten times a second. */
const effect = [
  'echo begun >> "$1.begun"',
  'while [ ! -e "$1.gate" ]; do sleep 0.1; done',
  'echo ended >> "$1.ended"',
].join('\n');

const lookMs = 10;
/** A start waits up to 90 s for a port; all else is far quicker. Whoever is not ready or done after this is stuck. */
const patienceMs = 120_000;
const restful = new Set(['succeeded', 'failed', 'cancelled', 'waiting']);

export class Scratch {
  readonly base: string;
  readonly home: string;
  readonly jobs: DrillJob[] = [];
  /** Ids of those that only have to be kept. */
  readonly stored: string[] = [];
  /** How long each start took until it was ready, ms. */
  readonly ready: number[] = [];
  readonly #program: Program;
  readonly #env: Record<string, string>;
  readonly #children = new Set<ChildProcess>();
  #count = 0;

  private constructor(program: Program, base: string, home: string) {
    this.#program = program;
    this.base = base;
    this.home = home;
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      HOME: join(base, 'user'),
      LANG: 'C.UTF-8',
      HOMER_PORT: '0',
    };
  }

  /** `more` is merged into config.yaml. `mount`: an empty directory that becomes the state directory. */
  static create(program: Program, more: Readonly<Record<string, unknown>> = {}, mount?: string): Scratch {
    const base = mkdtempSync(join(tmpdir(), scratchPrefix));
    const scratch = new Scratch(program, base, mount ?? join(base, 'home'));
    for (const directory of [scratch.home, join(base, 'user'), join(base, 'effects')])
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    notePlayer(base, { home: scratch.home, identity: scratch.identity });
    scratch.configure(more);
    return scratch;
  }

  configure(more: Readonly<Record<string, unknown>> = {}): void {
    const command = { kind: 'command', argv: ['sh', '-c', effect, 'sh', '{prompt}'] };
    const executors = { once: command, again: { ...command, idempotent: true } };
    // JSON is YAML too. Drills want claims at once and copies only when they ask for them.
    const config = { lanes: { default: { concurrency: 4 } }, executors, backup: { every: 'off' }, ...more };
    writeFileSync(join(this.home, 'config.yaml'), JSON.stringify(config, null, 2));
  }

  /** Starts a daemon and waits until it is ready. Throws with what it said when it ends before. */
  async start(env: Record<string, string> = {}): Promise<void> {
    const began = performance.now();
    const child = this.serve(env);
    let said = '';
    child.stderr?.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-2_000)));
    await this.until(async () => {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the daemon ended before it was ready: ${said.trim().split('\n').at(-1) ?? ''}`);
      return this.#isReady([child]);
    }, 'the daemon was not ready');
    this.ready.push(performance.now() - began);
  }

  /** Waits until one of them is ready. */
  async untilReady(daemons: readonly ChildProcess[]): Promise<void> {
    await this.until(() => this.#isReady(daemons), 'no daemon was ready');
  }

  /** Starts `homer serve` and waits for nothing. */
  serve(env: Record<string, string> = {}): ChildProcess {
    const [file = '', ...args] = this.#program.argv;
    const child = spawn(file, [...args, 'serve', '--home', this.home], {
      env: { ...this.#env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    return child;
  }

  /** A command of Homer's on this state directory. */
  async command(...words: readonly string[]): Promise<Said> {
    const [file = '', ...args] = this.#program.argv;
    const { promise, resolve } = Promise.withResolvers<Said>();
    const child = execFile(
      file,
      [...args, ...words, '--home', this.home],
      { env: this.#env, signal: this.#program.signal },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
    return promise;
  }

  /** As `command`, and throws with what it said when it does not succeed. */
  async must(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.command(...words);
    if (code === 0) return stdout;
    throw new Error(`homer ${words[0] ?? ''} ended with ${String(code)}: ${stderr.trim()}`);
  }

  /** Kills the daemons with -9, as a power cut would, and waits for their end. */
  async kill(): Promise<void> {
    await Promise.all(
      [...this.#children].map(async (child) => {
        const closed = once(child, 'close');
        child.kill('SIGKILL');
        await closed;
      }),
    );
  }

  /** Gives the daemon a task; it counts from the moment on at which it is acknowledged. */
  async submit(kind: Kind): Promise<DrillJob> {
    const path = join(this.base, 'effects', `${kind}-${++this.#count}`);
    const job = { id: await this.#send({ prompt: path, executor: kind }, path), kind, path };
    this.jobs.push(job);
    return job;
  }

  /** Gives the daemon a large task for some day far away: it only has to be kept. */
  async store(): Promise<void> {
    const prompt = 'x'.repeat(20_000);
    const key = `stored-${this.stored.length}`;
    this.stored.push(await this.#send({ prompt, executor: 'again', runAfter: '2099-01-01T00:00:00Z' }, key));
  }

  /** Resolves when the command of each has begun its work. */
  async begun(...jobs: readonly DrillJob[]): Promise<void> {
    await this.until(() => jobs.every(({ path }) => existsSync(`${path}.begun`)), 'a job did not begin');
  }

  /** Lets jobs come to their end, also those that begin later. */
  release(...jobs: readonly DrillJob[]): void {
    for (const { path } of jobs) writeFileSync(`${path}.gate`, '');
  }

  /** How a job is; null: the daemon does not know it. */
  async look(id: string): Promise<JobAnswer | null> {
    const answer = await this.#ask(`/api/v1/jobs/${id}`);
    if (answer?.status === 404) return null;
    if (answer?.status !== 200) throw new Error('the daemon does not answer');
    return ((await answer.json()) as { job: JobAnswer }).job;
  }

  /** Waits until each has ended, or waits for a person with a reason; those that do not in time are given back. */
  async settle(jobs: readonly DrillJob[] = this.jobs): Promise<readonly DrillJob[]> {
    const open = new Set(jobs);
    const isDone = async (): Promise<boolean> => {
      for (const job of open) if (restful.has((await this.look(job.id))?.state ?? '')) open.delete(job);
      return open.size === 0;
    };
    try {
      await this.until(isDone, 'still at work');
    } catch (error) {
      this.#program.signal.throwIfAborted();
      // What is still open is the answer.
      if (open.size === 0) throw error;
    }
    return [...open];
  }

  /** How often a job came to its end. */
  ends({ path }: DrillJob): number {
    return existsSync(`${path}.ended`) ? readFileSync(`${path}.ended`, 'utf8').trim().split('\n').length : 0;
  }

  get identity(): string {
    return directoryIdentity(this.home);
  }

  /** Ends whatever is left of it, and removes it. */
  async remove(): Promise<void> {
    await this.kill();
    if (existsSync(this.home)) await endAll(findOwn(this.identity));
    rmSync(this.base, { recursive: true, force: true });
  }

  /** Resolves as soon as `isTrue` is; throws an Error with `trouble` when it takes too long. */
  async until(isTrue: () => boolean | Promise<boolean>, trouble: string): Promise<void> {
    const giveUpAt = performance.now() + patienceMs;
    while (!(await isTrue())) {
      this.#program.signal.throwIfAborted();
      if (performance.now() > giveUpAt) throw new Error(`${trouble} within ${patienceMs / 1000} s`);
      await delay(lookMs);
    }
  }

  async #send(job: Readonly<Record<string, string>>, key: string): Promise<string> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    const answer = await this.#ask('/api/v1/jobs', { method: 'POST', headers, body: JSON.stringify(job) });
    if (answer?.status === 202) return ((await answer.json()) as { job: { id: string } }).job.id;
    throw new Error(`a job was refused: ${answer === null ? 'no answer' : await answer.text()}`);
  }

  /** What is left behind of a dead daemon must not be asked: its port may be anybody's. */
  async #isReady(daemons: readonly ChildProcess[]): Promise<boolean> {
    const pid = (await readRecord(this.home))?.pid;
    return daemons.some((each) => each.pid === pid) && (await this.#ask('/readyz'))?.status === 200;
  }

  /** null: nobody answers. */
  async #ask(path: string, init: RequestInit = {}): Promise<Response | null> {
    const record = await readRecord(this.home);
    if (record === null) return null;
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${readToken(this.home) ?? ''}`);
    try {
      return await fetch(`http://127.0.0.1:${record.port}${path}`, { ...init, headers });
    } catch {
      // Nobody listens there yet, or any more.
      return null;
    }
  }
}
