// A state directory to do violence to: its executors, its jobs and their gates, its daemons, and an end to all of it.

import { execFile, execFileSync } from 'node:child_process';
import {
  constants,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { directoryIdentity } from '../../src/lifecycle/lock.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import { startDaemon, type ChaosDaemon, type StartOptions } from './chaos-daemon.ts';
import { findOwn } from '../../src/drill/own-processes.ts';
import { kill } from './processes.ts';
import { untilLines } from './signals.ts';

/** `once`: a command that must not be repeated; `again`: an idempotent one; `agent`: resumable, speaks as Claude Code does. */
export type Kind = 'once' | 'again' | 'agent';
export const kinds: readonly Kind[] = ['once', 'again', 'agent'];

export interface ChaosJob {
  readonly kind: Kind;
  readonly key: string;
  /** Its prompt: PATH.effect, PATH.starts and PATH.gate are about it. */
  readonly path: string;
  /** Lets it go on, `times` for as many runs of it. */
  release(times?: number): void;
  /** Resolves when its effect has begun. */
  began(): Promise<void>;
}

export interface HomeOptions {
  /** Merged into config.yaml; a function is given the executors that are there. */
  readonly config?: Record<string, unknown> | ((executors: object) => Record<string, unknown>);
  /** Merged into each executor. */
  readonly executor?: Record<string, unknown>;
  /** An existing directory, e.g. a mounted one, in which the state directory is made; all else stays outside. */
  readonly homeParent?: string;
}

export interface ChaosHome {
  /** Absolute path; a test that renames it says so here. */
  path: string;
  readonly base: string;
  readonly env: Record<string, string>;
  readonly identity: string;
  /** Every job that was acknowledged, by its id. */
  readonly accepted: Map<string, ChaosJob>;
  start(options?: StartOptions): ChaosDaemon;
  /** `gated`: it stops in the middle of its effect until it is released. */
  plan(kind: Kind, gated?: boolean): ChaosJob;
  /** Sends it with its key. */
  submit(daemon: ChaosDaemon, job: ChaosJob, more?: Record<string, unknown>): Promise<JobView>;
  processes(): { readonly runners: readonly number[]; readonly agents: readonly number[] };
  /** All that its runs have left in their files, for the message of a test that fails. */
  remains(): string;
  /** Kills whatever is left of it, and removes it. */
  remove(): Promise<void>;
}

const agents = join(import.meta.dirname, '../fixtures/agents');

export function createChaosHome(options: HomeOptions = {}): ChaosHome {
  const base = mkdtempSync(join(tmpdir(), 'homer-chaos-'));
  const path = join(options.homeParent ?? base, 'home');
  const effects = join(base, 'effects');
  for (const directory of [path, effects, join(base, 'user')]) mkdirSync(directory, { mode: 0o700 });
  const command = {
    kind: 'command',
    argv: ['sh', join(agents, 'effect.sh'), '{prompt}'],
    ...options.executor,
  };
  const executors = {
    once: command,
    again: { ...command, idempotent: true },
    agent: {
      kind: 'claude',
      bin: process.execPath,
      args: [join(agents, 'claude-like.ts')],
      permissions: 'all',
      ...options.executor,
    },
  };
  const more = typeof options.config === 'function' ? options.config(executors) : options.config;
  const config = { lanes: { default: { concurrency: 4 } }, executors, ...more };
  // YAML is a superset of JSON.
  writeFileSync(join(path, 'config.yaml'), JSON.stringify(config));
  const env = {
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
    HOME: join(base, 'user'),
    LANG: 'C.UTF-8',
    HOMER_PORT: '0',
    NODE_COMPILE_CACHE: compileCache,
  };
  const identity = directoryIdentity(path);
  const daemons: ChaosDaemon[] = [];
  const gates: number[] = [];
  let count = 0;

  const home: ChaosHome = {
    path,
    base,
    env,
    identity,
    accepted: new Map(),
    start(start) {
      const daemon = startDaemon(home.path, env, start);
      daemons.push(daemon);
      return daemon;
    },
    plan(kind, gated = false) {
      const key = `${kind}-${++count}`;
      const job = join(effects, key);
      let gate: number | null = null;
      if (gated) {
        execFileSync('mkfifo', [`${job}.gate`]);
        // Open for both, so that neither side ever waits for the other to open it.
        gate = openSync(`${job}.gate`, constants.O_RDWR);
        gates.push(gate);
      }
      return {
        kind,
        key,
        path: job,
        release(times = 1) {
          if (gate !== null) writeSync(gate, '\n'.repeat(times));
        },
        began: () => untilLines(`${job}.effect`, 1),
      };
    },
    async submit(daemon, job, more = {}) {
      const body = { prompt: job.path, executor: job.kind, ...more };
      const answer = await daemon.ask<{ job: JobView }>('POST', '/api/v1/jobs', body, {
        'idempotency-key': job.key,
      });
      if (answer.status !== 202 && answer.status !== 200)
        throw new Error(`refused: ${answer.status} ${JSON.stringify(answer.body)}`);
      home.accepted.set(answer.body.job.id, job);
      return answer.body.job;
    },
    processes: () => findOwn(identity),
    remains() {
      const runs = join(home.path, 'runs');
      const files = readdirSync(runs, { recursive: true, withFileTypes: true }).filter((it) => it.isFile());
      return files
        .filter(({ name }) => name !== 'reserve')
        .map((file) => join(file.parentPath, file.name))
        .map((file) => `${file.slice(runs.length)}:\n${readFileSync(file, 'utf8').slice(-2_000)}`)
        .join('\n');
    },
    async remove() {
      for (const daemon of daemons) await daemon.end('SIGKILL');
      // A runner that is stopped dies of KILL all the same; what it started is killed after it, so that nothing is reported.
      for (const part of ['runners', 'agents'] as const)
        for (const pid of findOwn(identity)[part]) {
          kill(pid);
          await untilGone(pid);
        }
      for (const gate of gates) closeSync(gate);
      rmSync(base, { recursive: true, force: true });
    },
  };
  return home;
}

/** As the launcher has it, sources are compiled once; beside the packages, where it is nobody's leftover. */
const compileCache = join(import.meta.dirname, '../../node_modules/.cache/homer-chaos');

/** Resolves when a process that is no child of ours is gone. tail(1) does the looking. */
export async function untilGone(pid: number): Promise<void> {
  await promisify(execFile)('tail', [`--pid=${pid}`, '-s', '0.02', '-f', '/dev/null']);
}
