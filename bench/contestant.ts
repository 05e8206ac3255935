// What the benchmark asks of a queue, the same for Homer and for BullMQ.

/** One queue on one store of its own, in a process of its own. */
export interface Contestant {
  /** Resolves when the queue has promised to keep the job, as durably as its settings allow. */
  enqueue(): Promise<void>;
  /** Adds many as fast as the interface allows, durably; for filling a backlog. */
  fill(jobs: number): Promise<void>;
  /**
   * Starts to work with a handler that does nothing; `onStart` is called when a handler starts, `onEnd` when the end
   * of its job is on record. Resolves when it is ready for jobs, with how to end it.
   */
  work(concurrency: number, onStart: () => void, onEnd: () => void): Promise<() => Promise<void>>;
  /** CPU time used so far by this process and by its server, microseconds. */
  cpuMicros(): number;
  /** Resident memory, megabytes: of this process, and of its server (0: there is none). */
  memory(): { process: number; server: number };
  close(): Promise<void>;
}

/** About as long as a short task. */
export const prompt = 'Summarise the notes of yesterday and list what is still open. '.repeat(3).trim();

export const contestantNames = ['homer', 'bullmq-always', 'bullmq-everysec'] as const;
/** Homer with the BullMQ engine; what its Redis keeps makes no difference to what Homer promises. */
export const overRedis = 'homer-over-redis';
export type ContestantName = (typeof contestantNames)[number] | typeof overRedis;
