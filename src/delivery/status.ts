// The messages that follow jobs: edited in place while a job waits and works, at most once a second, and never again once it
// has ended. What is shown here may be lost; what must not be lost is a delivery.

import type { ChannelOf } from '../channels/channel.ts';
import { parseTarget } from '../core/delivery.ts';
import { isRunId, type JobId } from '../core/ids.ts';
import { isEnded } from '../core/job.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Service } from '../lifecycle/service.ts';
import { brief, wordStatus } from './render.ts';
import { statusKey } from '../ledger/deliveries.ts';
import type { Turns } from './turns.ts';

/** What a run says, as far as it is shown. */
export interface SaidEntry {
  readonly type: string;
  readonly text?: string | undefined;
  readonly name?: string | undefined;
  readonly summary?: string | undefined;
}

/** 0: that it works; 1: which tools it uses; 2: also what it says meanwhile. */
export type Verbosity = 0 | 1 | 2;

export interface StatusOptions {
  readonly ledger: Ledger;
  readonly channelOf: ChannelOf;
  readonly turns: Turns;
  readonly verbosityOf: (target: string) => Verbosity;
  /** Hands on what a run says, from its beginning, until the signal. */
  readonly follow: (
    runId: string,
    onEntries: (entries: readonly SaidEntry[]) => void,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

interface Followed {
  readonly target: string;
  readonly lines: string[];
  readonly ended: AbortController;
  runId: string | null;
  timer: NodeJS.Timeout | null;
  editedAt: number;
  shown: string;
}

const betweenEditsMs = 1_000;
const mostLines = 6;
const eventsAtOnce = 500;

export class StatusMessages implements Service {
  readonly #options: StatusOptions;
  readonly #followed = new Map<JobId, Followed>();
  readonly #stopped = new AbortController();
  #seen = 0;
  #announced = 0;
  #unsubscribe: (() => void) | null = null;

  constructor(options: StatusOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#unsubscribe !== null || this.#stopped.signal.aborted) return;
    const { ledger } = this.#options;
    this.#seen = ledger.events.lastSeq();
    this.#unsubscribe = ledger.events.subscribe(() => this.#look());
    for (const run of ledger.claims.liveRuns()) this.#note(run.jobId, run.id);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#unsubscribe?.();
    for (const jobId of this.#followed.keys()) this.#forget(jobId);
    await this.#options.turns.idle();
  }

  #look(): void {
    const { ledger } = this.#options;
    // Without anybody to tell, events are nobody's business here.
    if (this.#followed.size === 0 && ledger.deliveries.announced === this.#announced) return;
    if (this.#followed.size === 0) this.#seen = Math.max(this.#seen, ledger.events.lastSeq() - eventsAtOnce);
    this.#announced = ledger.deliveries.announced;
    for (;;) {
      const events = ledger.events.read(this.#seen, eventsAtOnce);
      for (const { type, jobId, runId } of events)
        if (jobId !== null && /^(job|run|delivery\.delivered)/.test(type)) this.#note(jobId as JobId, runId);
      const last = events.at(-1);
      if (last === undefined) return;
      this.#seen = last.seq;
      if (events.length < eventsAtOnce) return;
    }
  }

  /** Something happened to the job; nothing is done for one that nobody follows. */
  #note(jobId: JobId, runId: string | null): void {
    const { ledger } = this.#options;
    let followed = this.#followed.get(jobId);
    if (followed === undefined) {
      const status = ledger.deliveries.find(statusKey(jobId));
      if (status === null || isEnded(ledger.jobs.get(jobId).state)) return;
      const begun = { lines: [], ended: new AbortController(), runId: null, timer: null };
      followed = { target: status.target, ...begun, editedAt: 0, shown: '' };
      this.#followed.set(jobId, followed);
    }
    if (isEnded(ledger.jobs.get(jobId).state)) {
      this.#forget(jobId);
      return;
    }
    if (runId !== null && followed.runId !== runId) this.#listen(jobId, followed, runId);
    this.#refresh(jobId, followed);
  }

  #forget(jobId: JobId): void {
    const followed = this.#followed.get(jobId);
    if (followed === undefined) return;
    this.#followed.delete(jobId);
    followed.ended.abort();
    if (followed.timer !== null) clearTimeout(followed.timer);
  }

  #listen(jobId: JobId, followed: Followed, runId: string): void {
    followed.runId = runId;
    const { follow, verbosityOf, onError } = this.#options;
    if (!isRunId(runId) || verbosityOf(followed.target) === 0) return;
    const onEntries = (entries: readonly SaidEntry[]): void => {
      if (followed.runId !== runId || followed.ended.signal.aborted) return;
      const verbosity = verbosityOf(followed.target);
      const fresh = entries.flatMap((entry) => lineOf(entry, verbosity));
      if (fresh.length === 0) return;
      followed.lines.push(...fresh);
      followed.lines.splice(0, followed.lines.length - mostLines);
      this.#refresh(jobId, followed);
    };
    follow(runId, onEntries, followed.ended.signal).catch((error: unknown) =>
      onError(error, { part: 'status', runId }),
    );
  }

  /** Edits soon; whatever comes meanwhile goes into the same edit. */
  #refresh(jobId: JobId, followed: Followed, notBeforeMs = 0): void {
    if (followed.timer !== null) return;
    const ms = Math.max(notBeforeMs, followed.editedAt + betweenEditsMs - Date.now(), 0);
    followed.timer = setTimeout(() => {
      followed.timer = null;
      followed.editedAt = Date.now();
      void this.#edit(jobId, followed);
    }, ms);
    followed.timer.unref();
  }

  /** Never rejects. */
  async #edit(jobId: JobId, followed: Followed): Promise<void> {
    const { ledger, channelOf, turns, onError } = this.#options;
    const target = parseTarget(followed.target);
    if (target === null) return;
    try {
      await turns.take(target.line, async () => {
        if (followed.ended.signal.aborted) return;
        const messageId = ledger.deliveries.statusMessage(jobId);
        const channel = channelOf(target.channel);
        const job = ledger.jobs.get(jobId);
        if (messageId === null || channel === null || isEnded(job.state)) return;
        const { text, buttons } = wordStatus(job, followed.lines);
        if (text === followed.shown) return;
        const outcome = await channel.edit(target, messageId, { text, buttons }, this.#stopped.signal);
        if (outcome.is === 'sent') followed.shown = text;
        if (outcome.is === 'temporary') this.#refresh(jobId, followed, outcome.retryAfterMs);
      });
    } catch (error) {
      onError(error, { part: 'status', jobId });
    }
  }
}

function lineOf({ type, text, name, summary }: SaidEntry, verbosity: Verbosity): string[] {
  if (type === 'tool_start') return [`🔧 ${brief(`${name ?? ''} ${summary ?? ''}`, 120)}`];
  if (type === 'text' && verbosity === 2 && text !== undefined && text.trim() !== '')
    return [`💬 ${brief(text, 300)}`];
  return [];
}
