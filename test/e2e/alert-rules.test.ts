// The alert rules that Homer ships for Prometheus: each fires and is over again, in Prometheus' own engine with a clock of its own.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const shipped = join(import.meta.dirname, '../../container/prometheus/alerts.yaml');

interface Course {
  /** A sample a minute from time 0 on, as promtool writes them: `0x5` is six times 0. */
  readonly series: Readonly<Record<string, string>>;
  /** Minutes at which it has to fire, and at which it has to be over. */
  readonly fires: number;
  readonly over: number;
}

const courses: Readonly<Record<string, Course>> = {
  HomerAbsent: { series: { 'up{job="homer"}': '0x5 1x10' }, fires: 4, over: 8 },
  HomerNotReady: { series: { homer_ready: '0x5 1x10' }, fires: 4, over: 8 },
  HomerComponentDown: {
    series: { 'homer_component_up{component="engine"}': '0x8 1x10' },
    fires: 7,
    over: 12,
  },
  HomerCanaryLate: { series: { 'homer_component_up{component="canary"}': '0x5 1x10' }, fires: 4, over: 8 },
  HomerQueueOld: {
    series: { 'homer_queue_oldest_ready_seconds{lane="a"}': '1000x8 0x10' },
    fires: 7,
    over: 12,
  },
  HomerFailures: {
    series: {
      'homer_jobs_settled_total{outcome="failed"}': '0 1 2 3 4 4x120',
      'homer_jobs_settled_total{outcome="succeeded"}': '0x125',
    },
    fires: 6,
    over: 90,
  },
  HomerRunsLost: { series: { 'homer_runs_lost_total{executor="claude"}': '0 1 1x120' }, fires: 3, over: 90 },
  HomerDiskShort: { series: { homer_disk_free_bytes: '500000000x8 5000000000x10' }, fires: 7, over: 12 },
  HomerBackupOld: {
    series: { homer_backup_last_success_timestamp_seconds: '1x1600 96000x30' },
    fires: 1_570,
    over: 1_610,
  },
  HomerCrashLoop: {
    series: { 'process_start_time_seconds{job="homer"}': '1 2 3 4 4x30' },
    fires: 4,
    over: 20,
  },
  HomerLoopLag: { series: { homer_event_loop_lag_seconds: '2x5 0x10' }, fires: 4, over: 8 },
  HomerLedgerSlow: {
    series: {
      'homer_ledger_sync_seconds_bucket{le="0.25"}': '0x70',
      'homer_ledger_sync_seconds_bucket{le="1"}': '0+10x25 250x40',
      'homer_ledger_sync_seconds_bucket{le="+Inf"}': '0+10x25 250x40',
    },
    fires: 20,
    over: 50,
  },
  HomerBudgetUsed: { series: { 'homer_budget_used_ratio{lane="all"}': '0.95x3 0.1x10' }, fires: 2, over: 6 },
  HomerOccurrencesMissed: {
    series: { 'homer_occurrences_total{state="missed"}': '0 1 1x120' },
    fires: 3,
    over: 90,
  },
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'homer-rules-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function judge(name: string, { series, fires, over }: Course): { status: number | null; said: string } {
  const expr = `count(ALERTS{alertname="${name}", alertstate="firing"})`;
  const plan = {
    rule_files: [shipped],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: Object.entries(series).map(([of, values]) => ({ series: of, values })),
        promql_expr_test: [
          { expr, eval_time: `${fires}m`, exp_samples: [{ labels: '{}', value: 1 }] },
          { expr, eval_time: `${over}m`, exp_samples: [] },
        ],
      },
    ],
  };
  const file = join(directory, 'plan.yaml');
  // JSON is YAML too.
  writeFileSync(file, JSON.stringify(plan));
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

test('there is a course for each rule', () => {
  const names = [...readFileSync(shipped, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
  expect(names.toSorted()).toEqual(Object.keys(courses).toSorted());
});

test.for(Object.entries(courses))('%s fires, and is over', ([name, course]) => {
  const { status, said } = judge(name, course);
  expect(status, said).toBe(0);
});

test('one that stays well fires nothing, and the trial says so', () => {
  expect(judge('HomerNotReady', { series: { homer_ready: '1x20' }, fires: 4, over: 8 }).status).not.toBe(0);
});
