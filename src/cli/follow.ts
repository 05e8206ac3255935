// Follows one job to its end. The event stream only says when to look again and the job itself is the truth, so that
// nothing depends on having seen every event; the journal of the current run is shown as it grows.

import { setTimeout as delay } from 'node:timers/promises';
import { HomerError, isHomerError } from '../core/errors.ts';
import { isEnded } from '../core/job.ts';
import type { Approval, Job, JobAnswer, JournalEntry, StatusAnswer } from './answers.ts';
import type { Client } from './client.ts';
import type { Connection } from './connection.ts';
import { readEvents } from './event-stream.ts';
import type { Progress } from './progress.ts';
import { explainQueue } from './job-story.ts';
import { listPending } from './question-id.ts';

export interface FollowOptions {
  readonly connection: Connection;
  readonly jobId: string;
  readonly progress: Progress;
  /** Told what the job's agent asks and nobody has answered, the oldest first; after every change, so also when it is nothing. */
  readonly asked: (questions: readonly Approval[]) => void;
  /** Return when the job waits for a person, not only when it has ended. */
  readonly stopsWhenWaiting: boolean;
  readonly signal: AbortSignal;
}

const explainQueueMs = 1_500;
/** How long the last lines of a journal are waited for once the job has ended. */
const lastWordsMs = 2_000;
const pollMs = 1_000;

/** Resolves with the job when it has ended (or waits for a person). Rejects with the signal's reason. */
export async function followJob(options: FollowOptions): Promise<Job> {
  const { connection, progress, signal } = options;
  const follower = new Follower(options);
  for (;;) {
    try {
      return await follower.watch(connection.client);
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      progress.away();
      await connection.renew(signal, progress.note);
      progress.back();
    }
  }
}

/** The daemon is restarting or stopping: the job is safe, and it is worth waiting. */
export function isPassing(error: unknown): boolean {
  return (
    isHomerError(error, 'HOMER_UNREACHABLE') ||
    isHomerError(error, 'HOMER_STARTING') ||
    isHomerError(error, 'HOMER_TRIAL') ||
    isHomerError(error, 'HOMER_DRAINING')
  );
}

class Follower {
  readonly #options: FollowOptions;
  /** The last journal entry seen of each run. */
  readonly #seen = new Map<string, number>();
  #isQueueExplained = false;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  async watch(client: Client): Promise<Job> {
    const over = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, over.signal]);
    const live = new Map<string, Promise<void>>();
    try {
      for await (const _ of this.#occasions(client, signal)) {
        const id = this.#options.jobId;
        // Before the job, so that a job is never seen as it was before it asked.
        const asked = await listPending(client, id, signal);
        const { job } = await client.call<JobAnswer>('jobs.get', { params: { id }, signal });
        this.#options.progress.job(job);
        this.#explainLater(client, job, signal);
        const runId = job.runs.at(-1)?.id;
        if (runId !== undefined && !live.has(runId))
          live.set(runId, this.#showRun(client, runId, signal, live));
        // A job may run and ask: when one of two questions is answered, its agent goes on with that part.
        const waitsForPerson = job.state === 'waiting' && job.error !== null;
        // It may have asked between the two looks; it waits until somebody answers, so this look is the last word.
        const open = waitsForPerson && asked.length === 0 ? await listPending(client, id, signal) : asked;
        const questions = isEnded(job.state) ? [] : open.toReversed();
        this.#options.asked(questions);
        const needsPerson = questions.length > 0 || waitsForPerson;
        if (isEnded(job.state) || (needsPerson && this.#options.stopsWhenWaiting)) {
          await Promise.race([Promise.all(live.values()), delay(lastWordsMs, null, { signal })]);
          return job;
        }
      }
      throw new HomerError('HOMER_UNREACHABLE', 'The daemon closed the connection.');
    } finally {
      over.abort();
    }
  }

  /** Each is a reason to look at the job: once at the beginning, then whenever something happened to it. */
  async *#occasions(client: Client, signal: AbortSignal): AsyncGenerator<void, void, undefined> {
    let response;
    try {
      response = await client.open('/api/v1/events', {}, signal);
    } catch (error) {
      if (!isHomerError(error, 'HOMER_RATE_LIMITED')) throw error;
      // All streams are taken: look once a second instead.
      for (;;) {
        yield;
        await delay(pollMs, null, { signal });
      }
    }
    yield;
    for await (const { event, data } of readEvents(response)) {
      if (event === 'reset' || (JSON.parse(data) as { jobId?: unknown }).jobId === this.#options.jobId) yield;
    }
  }

  async #showRun(
    client: Client,
    runId: string,
    signal: AbortSignal,
    live: Map<string, Promise<void>>,
  ): Promise<void> {
    try {
      const path = `/api/v1/runs/${runId}/stream?since=${this.#seen.get(runId) ?? 0}`;
      for await (const { id, data } of readEvents(await client.open(path, {}, signal))) {
        // Entries are numbered; what is not is the end of the stream.
        if (id === null) return;
        const entry = JSON.parse(data) as JournalEntry;
        this.#seen.set(runId, entry.n);
        this.#options.progress.entry(entry);
      }
    } catch {
      // Only the show is lost: the job is watched by the event stream, which also notices a daemon that is gone.
      live.delete(runId);
    }
  }

  /** Says why nothing happens, once, when a job stands in a queue for longer than a moment. */
  #explainLater(client: Client, job: Job, signal: AbortSignal): void {
    if (this.#isQueueExplained || job.state !== 'queued' || job.dueAt !== null) return;
    this.#isQueueExplained = true;
    const explain = async (): Promise<void> => {
      await delay(explainQueueMs, null, { signal });
      const { job: now } = await client.call<JobAnswer>('jobs.get', { params: { id: job.id }, signal });
      if (now.state !== 'queued') return;
      const line = explainQueue(
        now,
        await client.call<StatusAnswer>('daemon.status', { signal }),
        Date.now(),
      );
      if (line !== null) this.#options.progress.note(line);
    };
    // A courtesy: whoever follows sees a lost connection by itself.
    explain().catch(() => undefined);
  }
}
