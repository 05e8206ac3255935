// A lane of the ledger as a queue of the board, the same with every engine. What is done to it is done by operations;
// what they have no word for is refused with the reason.

import { BaseAdapter } from '@bull-board/api/dist/queueAdapters/base.js';
import type {
  JobCounts,
  JobStatus,
  MetricsType,
  QueueJob,
  QueueMetrics,
  Status,
} from '@bull-board/api/dist/types.js';
import { isJobId } from '../core/ids.ts';
import type { GroupCounts } from '../ledger/job-browse.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { actOnEach, refuse, type Act } from './acting.ts';
import { boardJob, groupOf, type BoardStatus } from './board-job.ts';
import { logsOf } from './job-logs.ts';

const statuses: readonly BoardStatus[] = ['active', 'waiting', 'paused', 'completed', 'failed', 'delayed'];
const isBoardStatus = (status: string): status is BoardStatus => Object.hasOwn(groupOf, status);
/** Changed at once by "all of them"; more are left for the next click. */
const mostAtOnce = 1_000;
const mostOnPage = 200;
const minuteMs = 60_000;
const metricsMinutes = 120;

export interface LedgerQueueOptions {
  readonly ledger: Ledger;
  readonly home: string;
  readonly lane: string;
  readonly counts: GroupCounts;
  readonly concurrency: number | null;
  readonly isPaused: boolean;
  readonly mayAct: boolean;
  readonly act: Act;
}

export class LedgerQueue extends BaseAdapter {
  readonly #options: LedgerQueueOptions;

  constructor(options: LedgerQueueOptions) {
    // Of the two kinds the board knows, the one without flows, and with a name for what waits for a person.
    super('bull', {
      readOnlyMode: !options.mayAct,
      allowRetries: options.mayAct,
      allowCompletedRetries: false,
      description: 'Lane of the ledger. "Paused" jobs wait for a person, or for jobs under them.',
    });
    this.#options = options;
  }

  getName(): string {
    return this.#options.lane;
  }

  getStatuses(): Status[] {
    return ['latest', ...statuses] as Status[];
  }

  getJobStatuses(): JobStatus[] {
    return [...statuses] as JobStatus[];
  }

  async getJobCounts(): Promise<JobCounts> {
    const { counts } = this.#options;
    return Object.fromEntries(statuses.map((status) => [status, counts[groupOf[status]]]));
  }

  async getJobs(wanted: JobStatus[], start = 0, end = start + 9): Promise<QueueJob[]> {
    const { ledger, lane, act } = this.#options;
    return wanted
      .filter((status) => isBoardStatus(status))
      .flatMap((status) =>
        ledger.browse.page(lane, groupOf[status], start, Math.min(mostOnPage, end - start + 1)),
      )
      .map((job) => boardJob(job, act));
  }

  async getJob(id: string): Promise<QueueJob | null> {
    const { ledger, lane, act } = this.#options;
    const job = isJobId(id) ? ledger.jobs.find(id) : null;
    return job?.lane === lane ? boardJob(job, act) : null;
  }

  async getJobLogs(id: string): Promise<string[]> {
    const { ledger, home } = this.#options;
    return isJobId(id) ? logsOf(ledger, home, id) : [];
  }

  /** Jobs ended per minute, this minute first, as BullMQ counts them. */
  async getMetrics(type: MetricsType): Promise<QueueMetrics> {
    const { ledger, lane } = this.#options;
    const minute = Math.floor(ledger.now() / minuteMs);
    const since = (minute - metricsMinutes + 1) * minuteMs;
    const ended = ledger.browse.endedPerMinute(lane, type === 'failed' ? 'failed' : 'done', since);
    const data = Array.from({ length: metricsMinutes }, (_, ago) => ended.get(minute - ago) ?? 0);
    const count = data.reduce((sum, jobs) => sum + jobs, 0);
    return { meta: { count, prevTS: minute * minuteMs, prevCount: data[0] ?? 0 }, data, count: data.length };
  }

  async isPaused(): Promise<boolean> {
    return this.#options.isPaused;
  }

  pause(): Promise<void> {
    return this.#options.act('lanes.pause', { lane: this.#options.lane });
  }

  resume(): Promise<void> {
    return this.#options.act('lanes.resume', { lane: this.#options.lane });
  }

  /** Cancels them; what has ended is the ledger's. */
  async clean(status: string): Promise<void> {
    const wanted = status === 'wait' ? 'waiting' : status;
    if (!isBoardStatus(wanted) || wanted === 'completed' || wanted === 'failed')
      refuse('What has ended stays in the ledger, which is the record of what was done.');
    await this.#onAll(wanted, 'jobs.cancel');
  }

  empty(): Promise<void> {
    return this.#onAll('waiting', 'jobs.cancel');
  }

  promoteAll(): Promise<void> {
    return this.#onAll('delayed', 'jobs.retry');
  }

  async obliterate(): Promise<void> {
    refuse(
      'A lane is not thrown away with its jobs. Cancel those (clean), and take the lane out of config.yaml.',
    );
  }

  async addJob(): Promise<QueueJob> {
    return refuse('Jobs are given to Homer with `homer run`, the API or a chat.');
  }

  async getGlobalConcurrency(): Promise<number | null> {
    return this.#options.concurrency;
  }

  async setGlobalConcurrency(): Promise<void> {
    refuse('The concurrency of a lane is set in config.yaml: `lanes`.');
  }

  async getRedisInfo(): Promise<null> {
    return null;
  }

  async getJobSchedulers(): Promise<[]> {
    return [];
  }

  async getJobSchedulersCount(): Promise<number> {
    return 0;
  }

  async removeJobScheduler(): Promise<boolean> {
    return refuse('Schedules are looked after with `homer schedules`.');
  }

  async updateJobScheduler(): Promise<'not-found'> {
    return refuse('Schedules are looked after with `homer schedules`.');
  }

  async runJobSchedulerNow(): Promise<'not-found'> {
    return refuse('Schedules are looked after with `homer schedules`.');
  }

  async #onAll(status: BoardStatus, name: 'jobs.cancel' | 'jobs.retry'): Promise<void> {
    const { ledger, lane, act } = this.#options;
    const jobs = ledger.browse.page(lane, groupOf[status], 0, mostAtOnce);
    await actOnEach(
      act,
      name,
      jobs.map(({ id }) => id),
    );
  }
}
