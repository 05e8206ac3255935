// The scheduler: one timer for what is due next, and a look whenever something changed. It decides nothing itself (core/due.ts)
// and writes all of a look in one commit (look.ts).

import { decideClockMove, type ClockReading } from '../core/due.ts';
import type { ScheduleConfig } from '../config/schedules.ts';
import type { JobId, ScheduleId } from '../core/ids.ts';
import { HomerError } from '../core/errors.ts';
import type { ScheduleRecord } from '../ledger/schedule-record.ts';
import type { Service } from '../lifecycle/service.ts';
import { loadCalendar, type Calendar } from './calendar.ts';
import { takeOverFile } from './file-schedules.ts';
import { lookAtAll, say, startable, startJob, type LookParts } from './look.ts';

export interface SchedulerOptions extends Omit<LookParts, 'calendar'> {
  /** Those of config.yaml as it is now. */
  readonly fromFile: () => Readonly<Record<string, ScheduleConfig>>;
  readonly newId: (now: number) => ScheduleId;
  /** Tells the run of a job to end, if there is one. */
  readonly endRun: (jobId: JobId) => void;
  /** Time since the host was started, with its sleep, ms. */
  readonly upMs: () => number;
  /** Told of an error nobody awaits. */
  readonly onError: (error: unknown) => void;
}

/** Timers do not run while the host sleeps: a longer wait is cut, so that waking up and a moved clock are noticed within a minute. */
const longestWaitMs = 60_000;
/** After a look that could not be written, as on a full disk. */
const retryMs = 10_000;

export class Scheduler implements Service {
  readonly #options: SchedulerOptions;
  #calendar: Promise<Calendar> | null = null;
  #isStarted = false;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #isAsked = false;
  #changed = false;
  #clock: ClockReading | null = null;
  #lastLookAt: number | null = null;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    const note = (): void => void (this.#changed = true);
    options.ledger.schedules.watch(note);
    options.ledger.occurrences.watch(note);
    options.ledger.writer.join({
      afterCommit: () => {
        if (!this.#changed) return;
        this.#changed = false;
        // Not at once: whoever committed may still have to note it, as the end of a held start is.
        setImmediate(() => this.wake());
      },
      afterRollback: () => {
        this.#changed = false;
      },
    });
  }

  /** When it last looked at the clock, ms since the epoch; null: not yet. It looks at least once a minute while anything is to fire. */
  get lastLookAt(): number | null {
    return this.#lastLookAt;
  }

  /** For whoever wants to know when rules are due. */
  calendar(): Promise<Calendar> {
    this.#calendar ??= loadCalendar();
    return this.#calendar;
  }

  /** The first look: whatever was due while no daemon ran is decided on before this resolves. */
  async start(): Promise<void> {
    this.#isStarted = true;
    await this.refresh().catch((error: unknown) => this.#options.onError(error));
    await this.look();
  }

  /** Takes over the schedules of config.yaml as it is now. */
  async refresh(): Promise<void> {
    const { ledger, fromFile, newId } = this.#options;
    const file = fromFile();
    const isConcerned =
      Object.keys(file).length > 0 || ledger.schedules.list().some(({ origin }) => origin === 'file');
    if (!isConcerned) return;
    const calendar = await this.calendar();
    await ledger.commit(() => takeOverFile({ ledger, calendar, newId }, file, ledger.now()));
  }

  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#disarm();
    await this.#looking;
  }

  /**
   * Fires a schedule now, beside its due times and whatever runs of it. Resolves with the due time of the occurrence, which is on
   * disk. HOMER_HELD while Homer is held; what intake refuses is told by the occurrence.
   */
  async runNow(id: ScheduleId): Promise<{ readonly schedule: ScheduleRecord; readonly dueAt: number }> {
    const { ledger } = this.#options;
    if (ledger.isHeld()) throw new HomerError('HOMER_HELD', 'Homer is held and runs nothing.');
    const parts = { ...this.#options, calendar: await this.calendar() };
    return ledger.commit(() => {
      const now = ledger.now();
      const schedule = ledger.schedules.get(id);
      let dueAt = now;
      while (ledger.occurrences.find(id, dueAt) !== null) dueAt += 1;
      if (schedule.says) say(parts, schedule, dueAt, now);
      else startJob(parts, schedule, dueAt, now);
      return { schedule: ledger.schedules.get(id), dueAt };
    });
  }

  /** Looks soon; nothing happens before the start and after the stop. */
  wake(): void {
    if (this.#isStarted) void this.look();
  }

  /** Looks at the clock and does what is due; one look at a time. Never rejects. */
  async look(): Promise<void> {
    this.#isAsked = true;
    this.#looking ??= this.#lookWhileAsked().finally(() => {
      this.#looking = null;
    });
    await this.#looking;
  }

  async #lookWhileAsked(): Promise<void> {
    while (this.#isAsked && this.#isStarted) {
      this.#isAsked = false;
      this.#disarm();
      try {
        this.#armFor(await this.#lookOnce());
      } catch (error) {
        this.#options.onError(error);
        this.#armFor(this.#options.ledger.now() + retryMs);
      }
    }
  }

  /** Returns when the next one fires, null: none ever does. */
  async #lookOnce(): Promise<number | null> {
    const { ledger, endRun } = this.#options;
    // Its release says that there was a gap, and wakes us.
    if (ledger.isHeld()) return null;
    const reading = { now: ledger.now(), upMs: this.#options.upMs() };
    const movedMs = decideClockMove(this.#clock, reading);
    const next = ledger.schedules.nextFire(reading.now);
    const isDue = next !== null && (next.at <= reading.now || next.isBack);
    if (isDue || startable(ledger).length > 0) {
      const calendar = await this.calendar();
      const running = await ledger.commit(() =>
        lookAtAll({ ...this.#options, calendar }, { now: reading.now, movedMs }),
      );
      for (const jobId of running) endRun(jobId);
    }
    this.#clock = reading;
    this.#lastLookAt = reading.now;
    return ledger.schedules.nextFire(reading.now)?.at ?? null;
  }

  #armFor(at: number | null): void {
    if (at === null || !this.#isStarted) return;
    const waitMs = Math.min(longestWaitMs, Math.max(0, at - this.#options.ledger.now()));
    this.#timer = setTimeout(() => void this.look(), waitMs);
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
