// Kills at random: the daemon, runners, agents, all at once, again and again on one state directory. After each round all
// that was accepted is let to its end and the books are looked at. The same seed plans the same deaths; when each
// of them falls on the machine's own clock is not repeatable.

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isEnded, type JobState } from '../../src/core/job.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import { createChaosHome, kinds, type ChaosHome, type ChaosJob } from './chaos-home.ts';
import type { ChaosDaemon } from './chaos-daemon.ts';
import { kill } from './processes.ts';
import { expectOrder } from './vocabulary.ts';

export interface NemesisReport {
  readonly seed: number;
  readonly kills: Record<'daemon' | 'runner' | 'agent' | 'all', number>;
  readonly rounds: number;
  readonly jobs: number;
  readonly states: Readonly<Record<string, number>>;
  /** Milliseconds from spawn to ready, ascending. */
  readonly readyMs: readonly number[];
  /** The same for a Node that does nothing, in this very run. */
  readonly bareMs: readonly number[];
}

/** mulberry32: small, fast, and the same everywhere. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The value below which `share` of the ascending numbers lie. */
export function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN;
}

const killsPerRound = 20;
const runPoints = ['r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7'];

/** Throws as soon as anything is out of order; `tell` gets a line per round. */
export async function runNemesis(
  kills: number,
  seed: number,
  tell: (line: string) => void,
): Promise<NemesisReport> {
  const random = createRandom(seed);
  const home = createChaosHome();
  const nemesis = new Nemesis(home, random);
  const bareMs: number[] = [];
  let rounds = 0;
  try {
    while (nemesis.total < kills) {
      await nemesis.round(Math.min(killsPerRound, kills - nemesis.total));
      const books = await expectOrder(home);
      rounds += 1;
      bareMs.push(measureBareStart(), measureBareStart());
      tell(`seed ${seed}, round ${rounds}: ${nemesis.total} kills, ${books.jobs.length} jobs, all in order`);
      nemesis.states = count(books.jobs.map(({ state }) => state));
    }
  } finally {
    await home.remove();
  }
  return {
    seed,
    kills: nemesis.kills,
    rounds,
    jobs: home.accepted.size,
    states: nemesis.states,
    readyMs: nemesis.readyMs.toSorted((a, b) => a - b),
    bareMs: bareMs.toSorted((a, b) => a - b),
  };
}

class Nemesis {
  readonly kills = { daemon: 0, runner: 0, agent: 0, all: 0 };
  readonly readyMs: number[] = [];
  states: Readonly<Record<string, number>> = {};
  readonly #home: ChaosHome;
  readonly #random: () => number;
  readonly #deaths: string;
  #planned = 0;

  constructor(home: ChaosHome, random: () => number) {
    this.#home = home;
    this.#random = random;
    this.#deaths = join(home.base, 'deaths');
    mkdirSync(this.#deaths);
  }

  get total(): number {
    return Object.values(this.kills).reduce((sum, each) => sum + each, 0);
  }

  async round(kills: number): Promise<void> {
    const pending: ChaosJob[] = [];
    const gated: ChaosJob[] = [];
    const target = this.total + kills;
    let daemon = await this.#start();
    while (this.total < target) {
      // Some stop in the middle of their effect until the next blow, so that there is something to hit.
      for (let jobs = this.#upTo(3); jobs > 0; jobs--) {
        const job = this.#home.plan(this.#pick(kinds), this.#random() < 0.4);
        pending.push(job);
        gated.push(job);
      }
      await this.#submit(daemon, pending);
      if (await this.#strike(daemon)) {
        await daemon.exited;
        daemon = await this.#start();
      }
      // More than it can have runs: each of them may be cut off while it waits.
      for (const job of gated.splice(0, this.#upTo(gated.length))) job.release(50);
    }
    for (const job of gated) job.release(50);
    // A daemon with a death planned may be the last: it goes, and one that may live lets everything end.
    await daemon.end('SIGKILL');
    daemon = await this.#start(false);
    for (const job of pending) await this.#home.submit(daemon, job);
    await daemon.until(() => this.#isAtRest(daemon));
    await daemon.end('SIGTERM');
  }

  /** Some starts die by themselves at a point of the path; such a death counts once it has happened. */
  async #start(mayDie = true): Promise<ChaosDaemon> {
    for (;;) {
      const doomed = mayDie && this.#random() < 0.4;
      const daemon = this.#home.start({
        runnerKills: this.#deaths,
        ...(doomed ? { kill: `any:${1 + this.#upTo(12)}` } : {}),
      });
      const ms = await daemon.ready;
      if (ms !== null) {
        this.readyMs.push(ms);
        return daemon;
      }
      this.kills.daemon += 1;
    }
  }

  /** What is not acknowledged stays pending, as a sender would have it. */
  async #submit(daemon: ChaosDaemon, pending: ChaosJob[]): Promise<void> {
    const sent = pending.splice(0);
    const results = await Promise.allSettled(sent.map((job) => this.#home.submit(daemon, job)));
    results.forEach((result, index) => {
      const job = sent[index];
      if (result.status === 'rejected' && job !== undefined) pending.push(job);
    });
  }

  /** True when the daemon is dead, or will be. */
  async #strike(daemon: ChaosDaemon): Promise<boolean> {
    // The one place that lets time pass: a death must be able to fall anywhere, also between two points that have names.
    const early = await Promise.race([delay(this.#upTo(400)), daemon.exited]);
    if (early !== undefined) {
      this.kills.daemon += 1;
      return true;
    }
    const { runners, agents } = this.#home.processes();
    const chance = this.#random();
    if (chance < 0.35) {
      kill(daemon.pid);
      this.kills.daemon += 1;
      return true;
    }
    if (chance < 0.5) {
      // Died when a runner passes the point; counted now, since one of the next will.
      writeFileSync(join(this.#deaths, `${this.#pick(runPoints)}-${this.#planned++}`), '');
      this.kills.runner += 1;
      return false;
    }
    if (chance < 0.65 && runners.length > 0) {
      kill(this.#pick(runners));
      this.kills.runner += 1;
      return false;
    }
    if (chance < 0.85 && agents.length > 0) {
      kill(this.#pick(agents));
      this.kills.agent += 1;
      return false;
    }
    if (chance < 0.85) return false;
    for (const pid of [daemon.pid, ...runners, ...agents]) kill(pid);
    this.kills.all += 1;
    return true;
  }

  /** In one look: a job that is asked about state by state may slip from one to another in between. */
  async #isAtRest(daemon: ChaosDaemon): Promise<boolean> {
    const { body } = await daemon.ask<{ jobs: JobView[] }>('GET', '/api/v1/jobs?limit=500');
    return body.jobs.every(({ state }) => isEnded(state as JobState) || state === 'waiting');
  }

  #upTo(most: number): number {
    return Math.floor(this.#random() * (most + 1));
  }

  #pick<Value>(values: readonly Value[]): Value {
    return values[Math.floor(this.#random() * values.length)] as Value;
  }
}

function measureBareStart(): number {
  const before = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - before;
}

function count(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
