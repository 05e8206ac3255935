// A scheduler over a real ledger, with a clock that the test moves: jobs are rows, and end when the test says so.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { ScheduleConfig } from '../../src/config/schedules.ts';
import type { HomerError } from '../../src/core/errors.ts';
import { idRandomBytes, newScheduleId, type JobId } from '../../src/core/ids.ts';
import { scheduleDefaults } from '../../src/core/schedule.ts';
import { EmbeddedEngine } from '../../src/engine/embedded.ts';
import type { Claim } from '../../src/engine/engine.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { OccurrenceRecord, ScheduleRecord } from '../../src/ledger/schedule-record.ts';
import type { ScheduleRules } from '../../src/core/schedule.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { nextTimes, type Announcement } from '../../src/scheduler/look.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { draft, openLedgerIn } from './ledger-room.ts';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

export class SchedulerRoom {
  readonly home = mkdtempSync(join(tmpdir(), 'homer-scheduler-'));
  now = Date.parse('2026-03-04T09:00:00Z');
  upMs = 1_000_000;
  file: Record<string, ScheduleConfig> = {};
  refusal: HomerError | null = null;
  readonly announced: Announcement[] = [];
  /** What becomes of messages: somebody delivers them, or they are said by the status. */
  deliversAs: 'said' | 'sending' = 'said';
  readonly ended: JobId[] = [];
  readonly errors: unknown[] = [];
  readonly #claims = new Map<JobId, Claim>();
  #ledger: Ledger | null = null;
  #scheduler: Scheduler | null = null;

  get ledger(): Ledger {
    if (this.#ledger === null) throw new Error('The room is not open.');
    return this.#ledger;
  }

  get scheduler(): Scheduler {
    if (this.#scheduler === null) throw new Error('The room is not open.');
    return this.#scheduler;
  }

  /** A start of the daemon: everything but the ledger is new. */
  async open(): Promise<void> {
    const ledger = await openLedgerIn(this.home, { now: () => this.now });
    this.#ledger = ledger;
    const lane = { concurrency: 100, rate: null };
    const engine = new EmbeddedEngine({
      ledger,
      lanes: () => ({ default: lane }),
      onError: (error) => void this.errors.push(error),
    });
    this.#scheduler = new Scheduler({
      ledger,
      makeJob: ({ id, prompt }, dueAt) => {
        if (this.refusal !== null) throw this.refusal;
        const key = `${id}@${dueAt}`;
        return ledger.jobs.accept(draft({ source: `schedule:${id}`, key, prompt }), this.now).id;
      },
      announce: (announcement) => {
        this.announced.push(announcement);
        return this.deliversAs;
      },
      fromFile: () => this.file,
      newId: (now) => newScheduleId(now, randomBytes(idRandomBytes)),
      endRun: (id) => void this.ended.push(id),
      upMs: () => this.upMs,
      onError: (error) => void this.errors.push(error),
    });
    for (const run of ledger.claims.liveRuns()) {
      const claim = await ledger.commit(() => ledger.claims.adopt(run.id, this.now));
      this.#claims.set(claim.jobId, claim);
    }
    await engine.receive(async (claim) => void this.#claims.set(claim.jobId, claim));
    await this.#scheduler.start();
  }

  /** The process dies: nothing is said good-bye to but the file. */
  async die(): Promise<void> {
    await this.#scheduler?.stop();
    this.#ledger?.close('crashed');
    this.#claims.clear();
  }

  async close(): Promise<void> {
    await this.die();
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Time goes by, also for the host. */
  async pass(ms: number): Promise<void> {
    this.now += ms;
    this.upMs += ms;
    await this.scheduler.look();
  }

  /** Somebody sets the clock. */
  async moveClock(ms: number): Promise<void> {
    this.now += ms;
    this.upMs += 1_000;
    await this.scheduler.look();
  }

  async add(name: string, rules: Partial<ScheduleRules>): Promise<ScheduleRecord> {
    const { ledger, now } = this;
    const calendar = await this.scheduler.calendar();
    const whole: ScheduleRules = {
      ...{ kind: 'every', spec: '1h', timeZone: 'UTC', ...scheduleDefaults, says: false, prompt: name },
      ...{ executor: null, lane: null, session: null, cwd: null, notify: null },
      ...{ activeHours: null, quiet: null, jobOptions: null },
      ...rules,
    };
    const origin = { origin: 'made', source: 'test', byOwner: true, requestKey: null } as const;
    const id = newScheduleId(now, randomBytes(idRandomBytes));
    await ledger.commit(() => {
      const made = ledger.schedules.create({ id, name, ...origin, rules: whole, anchorAt: now }, now);
      ledger.schedules.place(made, now, nextTimes(calendar, made, now));
    });
    return ledger.schedules.get(id);
  }

  /** Oldest first. */
  occurrences(name: string): OccurrenceRecord[] {
    const { id } = this.ledger.schedules.get(name);
    return this.ledger.occurrences.list(id, 5_000).toReversed();
  }

  /** `pending:1 missed:2`, in the order in which the states first come. */
  tally(name: string): string {
    const counts = new Map<string, number>();
    for (const { state } of this.occurrences(name)) counts.set(state, (counts.get(state) ?? 0) + 1);
    return [...counts].map(([state, number]) => `${state}:${number}`).join(' ');
  }

  jobs(): number {
    return this.ledger.jobs.list({ limit: 10_000 }).length;
  }

  /** Jobs that run now, oldest first. */
  running(): JobId[] {
    return [...this.#claims.keys()].filter((id) => this.ledger.jobs.get(id).state === 'running').toSorted();
  }

  /** The oldest running job ends, and what waited for it is looked at. */
  async settle(verdict: Verdict = 'done'): Promise<void> {
    const [id] = this.running();
    const claim = id === undefined ? undefined : this.#claims.get(id);
    if (claim === undefined) throw new Error('Nothing runs.');
    const report = {
      ...{ verdict, text: null, agentSessionId: null, exitCode: 0, tree: 'gone', message: verdict },
      usage: { inputTokens: null, outputTokens: null, costUsd: null },
    } as const;
    await this.ledger.commit(() => this.ledger.claims.settle(claim, report as never, this.now));
    await this.scheduler.look();
  }

  async settleAll(verdict: Verdict = 'done'): Promise<void> {
    while (this.running().length > 0) await this.settle(verdict);
  }
}
