// Operations on the daemon itself: its status, the end of a held start, stopping it.

import { z } from 'zod';
import type { LiveConfig } from '../config/live-config.ts';
import { isCanary } from '../core/canary.ts';
import type { HealthView } from '../health/components.ts';
import type { Condition } from '../health/condition.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { StopMode } from '../lifecycle/shutdown.ts';
import { listNotices, noticeView } from './notices.ts';
import { laneView, viewLanes, type LaneOperationsOptions } from './lanes.ts';
import { needsCount, needsYou, needView } from './needs.ts';
import { defineOperation, type Operation } from './operation.ts';
import { limitView, viewLimits } from './spending.ts';

export interface DaemonOperationsOptions extends LaneOperationsOptions {
  readonly about: {
    readonly version: string;
    readonly pid: number;
    readonly port: number;
    readonly home: string;
    readonly startedAt: number;
  };
  readonly liveConfig: Pick<LiveConfig, 'awaitingRestart'>;
  readonly health: () => Condition;
  /** The same, part by part. */
  readonly viewHealth: () => Promise<HealthView>;
  /** What the run of a job did last. */
  readonly activity: (jobId: string) => string | null;
  /** Stops; resolves with the number of runs that go on, just before the connections are closed. */
  readonly stop: (mode: StopMode) => Promise<number>;
}

const problemView = z.object({ code: z.string(), message: z.string(), hint: z.string() });

/** In the words of /health. */
const healthView = z.object({
  state: z.enum(['healthy', 'degraded', 'down']),
  components: z.array(
    z.object({
      name: z.string(),
      status: z.enum(['pass', 'warn', 'fail']),
      detail: z.string().nullable(),
      value: z.number().optional(),
      unit: z.string().optional(),
    }),
  ),
  metrics: z.object({
    /** Seconds. */
    uptime: z.int(),
    jobsProcessed: z.int(),
    jobsQueued: z.int(),
    lastHeartbeat: z.iso.datetime(),
  }),
});

const statusView = z.object({
  daemon: z.enum(['healthy', 'degraded', 'down', 'held', 'draining']),
  health: healthView,
  version: z.string(),
  pid: z.int(),
  port: z.int(),
  home: z.string(),
  startedAt: z.iso.datetime(),
  held: z.boolean(),
  problems: z.array(problemView),
  /** Keys of config.yaml that are in force from the next start only. */
  restart: z.array(z.string()),
  needsYou: z.array(needView),
  /** All that needs a person; the list holds the first of each sort. */
  needs: needsCount,
  /** Messages of reminders, and schedules that were paused. */
  notices: z.array(noticeView),
  running: z.array(
    z.object({
      jobId: z.string(),
      lane: z.string(),
      executor: z.string(),
      prompt: z.string(),
      startedAt: z.iso.datetime().nullable(),
      lastActivity: z.string().nullable(),
    }),
  ),
  queued: z.int(),
  next: z.array(
    z.object({ jobId: z.string(), lane: z.string(), prompt: z.string(), dueAt: z.iso.datetime().nullable() }),
  ),
  lanes: z.array(laneView),
  /** Executors at a usage limit. */
  limits: z.array(limitView),
});

const mostShown = 20;

export function daemonOperations(options: DaemonOperationsOptions): readonly Operation[] {
  const { ledger, about } = options;
  return [
    defineOperation({
      name: 'daemon.status',
      input: z.strictObject({}),
      output: statusView,
      async handle() {
        const { daemon, problems } = options.health();
        const { state, components, metrics } = await options.viewHealth();
        const lanes = await viewLanes(options);
        const running = ledger.claims
          .liveRuns()
          .map((run) => ledger.jobs.get(run.jobId))
          // Its agent is there, but it is a person that it waits for, who is told so below `needsYou`.
          .filter((job) => job.waitingFor !== 'approval' && !isCanary(job.lane))
          .slice(0, mostShown);
        return {
          output: {
            daemon,
            health: { state, components: [...components], metrics },
            version: about.version,
            pid: about.pid,
            port: about.port,
            home: about.home,
            startedAt: new Date(about.startedAt).toISOString(),
            held: ledger.isHeld(),
            problems: [...problems],
            restart: [...options.liveConfig.awaitingRestart],
            ...needsYou(ledger, mostShown),
            notices: listNotices(ledger),
            running: running.map((job) => ({
              ...brief(job),
              executor: job.executor,
              startedAt: job.startedAt === null ? null : new Date(job.startedAt).toISOString(),
              lastActivity: options.activity(job.id),
            })),
            queued: lanes.reduce((sum, lane) => sum + lane.queued, 0),
            next: ledger.jobs.dueNext(mostShown).map((job) => ({
              ...brief(job),
              dueAt: job.dueAt === null ? null : new Date(job.dueAt).toISOString(),
            })),
            lanes,
            limits: viewLimits(ledger),
          },
        };
      },
    }),
    defineOperation({
      name: 'daemon.release',
      input: z.strictObject({}),
      output: z.object({ released: z.int() }),
      async handle() {
        const released = await ledger.release();
        await options.engine.refresh();
        return { output: { released } };
      },
    }),
    defineOperation({
      name: 'daemon.stop',
      input: z.strictObject({ mode: z.enum(['drain', 'now', 'kill']).default('drain') }),
      output: z.object({ left: z.int() }),
      async handle({ mode }) {
        return { output: { left: await options.stop(mode) } };
      },
    }),
  ];
}

function brief(job: JobRecord): { jobId: string; lane: string; prompt: string } {
  return {
    jobId: job.id,
    lane: job.lane,
    prompt: job.prompt.length > 200 ? `${job.prompt.slice(0, 199)}…` : job.prompt,
  };
}
