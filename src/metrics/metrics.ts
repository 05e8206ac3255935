// All metrics of Homer, made when they are first asked for: what happened is counted from the ledger's log, what is now is looked at.

import { readdir } from 'node:fs/promises';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Watch } from '../ledger/watch.ts';
import { PathMetrics } from './path.ts';

/** What is looked at at each scrape; times in ms since the epoch, null where there is none yet. */
export interface Reading {
  readonly components: readonly { readonly name: string; readonly status: string }[];
  readonly isReady: boolean;
  /** Lane → state → jobs. */
  readonly jobs: ReadonlyMap<string, Readonly<Record<string, number>>>;
  /** Lane → how long its oldest job that could run waits, s. */
  readonly oldestReady: ReadonlyMap<string, number>;
  readonly outbox: { readonly pending: number; readonly oldestSeconds: number };
  readonly ledgerBytes: number;
  readonly walBytes: number;
  readonly diskFreeBytes: number;
  readonly isLockHeld: boolean;
  /** Starts of a daemon on this ledger, this one included. */
  readonly boots: number;
  /** The boot before this one did not end by itself. */
  readonly wasUnclean: boolean;
  readonly lagSeconds: number;
  readonly heartbeatAt: number;
  readonly backupAt: number | null;
  readonly canaryAt: number | null;
  /** What was used of each budget of the day, 1 is all of it. */
  readonly budgets: ReadonlyMap<string, number>;
}

export interface MetricsOptions {
  readonly watch: Watch;
  /** Events after this one are counted. */
  readonly fromSeq: number;
  /** Called once, with what is to be told how long each commit took, ms. */
  readonly onSynced: (listener: (ms: number) => void) => void;
  readonly read: () => Promise<Reading>;
  readonly version: string;
  /** ms since the epoch. */
  readonly startedAt: number;
}

export interface Metrics {
  /** In the text format of Prometheus. */
  scrape(): Promise<string>;
}

const syncBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

export function openMetrics(options: MetricsOptions): Metrics {
  const { watch, fromSeq, onSynced, read, version, startedAt } = options;
  const registry = new Registry();
  const path = new PathMetrics(watch, fromSeq, registry);
  const show = createGauges(registry);
  const synced = new Histogram({
    name: 'homer_ledger_sync_seconds',
    help: 'Time of a commit of the ledger, until it is on disk; since the first scrape.',
    buckets: syncBuckets,
    registers: [registry],
  });
  onSynced((ms) => synced.observe(ms / 1_000));
  const labels = { version, node: process.version };
  new Gauge({
    name: 'homer_build_info',
    help: 'What runs here; always 1.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set(labels, 1);
  return {
    async scrape() {
      await path.read();
      show(await read(), startedAt, await openFiles());
      return registry.metrics();
    },
  };
}

type Show = (reading: Reading, startedAt: number, files: number) => void;

function createGauges(registry: Registry): Show {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name, help, labelNames, registers });
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
  const component = gauge('homer_component_up', 'Whether a part of Homer is well.', ['component']);
  const ready = gauge('homer_ready', 'Whether work can be taken now.');
  const jobs = gauge('homer_jobs', 'Jobs by state; done ones among the newest only.', ['lane', 'state']);
  const oldest = gauge('homer_queue_oldest_ready_seconds', 'Wait of the oldest job that could run.', [
    'lane',
  ]);
  const pending = gauge('homer_outbox_pending', 'Messages that are to be sent.');
  const outboxOldest = gauge('homer_outbox_oldest_seconds', 'Wait of the oldest of them.');
  const ledger = gauge('homer_ledger_bytes', 'Size of the ledger.');
  const wal = gauge('homer_ledger_wal_bytes', 'Size of its write-ahead log.');
  const disk = gauge('homer_disk_free_bytes', 'Free on the disk of the state directory.');
  const lock = gauge('homer_lock_held', 'Whether the state directory is still the one that is locked.');
  const boots = counter('homer_boots_total', 'Starts of a daemon on this ledger.');
  const unclean = gauge('homer_previous_boot_unclean', 'Whether the boot before was killed or crashed.');
  const lag = gauge(
    'homer_event_loop_lag_seconds',
    'How late the event loop was at worst in the last minute.',
  );
  const heartbeat = gauge('homer_last_heartbeat_timestamp_seconds', 'When the event loop last turned.');
  const backup = gauge('homer_backup_last_success_timestamp_seconds', 'The last verified backup; 0: none.');
  const canary = gauge('homer_canary_last_success_timestamp_seconds', 'The last canary through; 0: none.');
  const budget = gauge('homer_budget_used_ratio', 'Part of a budget of the day that is used.', ['lane']);
  const cpu = counter('process_cpu_seconds_total', 'CPU time of the daemon.');
  const memory = gauge('process_resident_memory_bytes', 'Memory of the daemon.');
  const heap = gauge('nodejs_heap_size_used_bytes', 'Of which is in use on the heap.');
  const files = gauge('process_open_fds', 'Open files of the daemon.');
  const start = gauge('process_start_time_seconds', 'When the daemon was started.');
  const setTo = (total: Counter, value: number): void => {
    total.reset();
    total.inc(value);
  };
  return (reading, startedAt, fileCount) => {
    // Lanes and parts that are gone are told no more.
    for (const each of [component, jobs, oldest, budget]) each.reset();
    for (const { name, status } of reading.components)
      component.set({ component: name }, status === 'pass' ? 1 : 0);
    for (const [lane, counts] of reading.jobs)
      for (const [state, count] of Object.entries(counts)) jobs.set({ lane, state }, count);
    for (const [lane, seconds] of reading.oldestReady) oldest.set({ lane }, seconds);
    for (const [lane, used] of reading.budgets) budget.set({ lane }, used);
    ready.set(reading.isReady ? 1 : 0);
    pending.set(reading.outbox.pending);
    outboxOldest.set(reading.outbox.oldestSeconds);
    ledger.set(reading.ledgerBytes);
    wal.set(reading.walBytes);
    disk.set(reading.diskFreeBytes);
    lock.set(reading.isLockHeld ? 1 : 0);
    setTo(boots, reading.boots);
    unclean.set(reading.wasUnclean ? 1 : 0);
    lag.set(reading.lagSeconds);
    heartbeat.set(reading.heartbeatAt / 1_000);
    backup.set((reading.backupAt ?? 0) / 1_000);
    canary.set((reading.canaryAt ?? 0) / 1_000);
    const { user, system } = process.cpuUsage();
    setTo(cpu, (user + system) / 1e6);
    const { rss, heapUsed } = process.memoryUsage();
    memory.set(rss);
    heap.set(heapUsed);
    files.set(fileCount);
    start.set(startedAt / 1_000);
  };
}

/** 0 where the system does not tell. */
async function openFiles(): Promise<number> {
  try {
    return (await readdir('/proc/self/fd')).length;
  } catch {
    // Only Linux tells it so.
    return 0;
  }
}
