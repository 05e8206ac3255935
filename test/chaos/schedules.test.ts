// The daemon is killed a hundred times at the very moments at which schedules fire. Every due time is accounted for, and none has two jobs.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jitterOf } from '../../src/core/schedule.ts';
import type { OccurrenceView, ScheduleView } from '../../src/operations/schedule-view.ts';
import type { ChaosDaemon } from './chaos-daemon.ts';
import { createChaosHome, type ChaosHome } from './chaos-home.ts';
import { expectOrder } from './vocabulary.ts';

/** Homes that are killed side by side, so that the boots and waits of one are the time of the others. */
const homeCount = 3;
const killsOfEach = 34;
const stepMs = 4_000;
const jitterMs = 3_800;

let homes: ChaosHome[];
beforeEach(() => {
  homes = Array.from({ length: homeCount }, () =>
    createChaosHome({
      config: (executors) => ({
        executors: { ...executors, nop: { kind: 'command', argv: ['true'], idempotent: true } },
        schedules: {
          filed: { every: '4s', jitter: '3s', prompt: 'true', executor: 'nop', catchUp: 'once' },
        },
      }),
    }),
  );
});
afterEach(() => Promise.all(homes.map((home) => home.remove())));

const policies = [
  { name: 'all', catchUp: 'all', overlap: 'queue' },
  { name: 'once', catchUp: 'once', overlap: 'skip' },
  { name: 'skip', catchUp: 'skip', overlap: 'replace' },
] as const;

async function make(daemon: ChaosDaemon): Promise<readonly ScheduleView[]> {
  for (const policy of policies) {
    const rules = { kind: 'every', spec: '4s', jitterMs, prompt: 'true', executor: 'nop', ...policy };
    expect((await daemon.ask('POST', '/api/v1/schedules', rules)).status).toBe(200);
  }
  return (await daemon.ask<{ schedules: ScheduleView[] }>('GET', '/api/v1/schedules')).body.schedules;
}

/** When one of them fires next, ms since the epoch. */
function nextFireAt(schedules: readonly ScheduleView[], now: number): number {
  const fires = schedules.flatMap(({ id, next, jitterMs: jitter }) => {
    const phase = Date.parse(next[0] ?? '') % stepMs;
    const first = Math.floor(now / stepMs) * stepMs + phase - 2 * stepMs;
    return [0, 1, 2, 3, 4].map((step) => first + step * stepMs + jitterOf(id, first + step * stepMs, jitter));
  });
  return Math.min(...fires.filter((at) => at > now + 5));
}

interface Row {
  readonly schedule_id: string;
  readonly due_at: number;
  readonly state: string;
  readonly job_id: string | null;
}

test('killed at the due second, a hundred times', async () => {
  const reports = await Promise.all(homes.map((home) => killAndCount(home)));
  const all = reports.flatMap((report) => Object.entries(report));
  const sum = (what: string): number =>
    all.filter(([key]) => key === what).reduce((total, [, count]) => total + count, 0);
  expect(sum('all ran')).toBeGreaterThan((homeCount * killsOfEach) / 10);
  expect(sum('all missed')).toBe(0);
});

/** How many occurrences of each schedule ended how. */
async function killAndCount(home: ChaosHome): Promise<Readonly<Record<string, number>>> {
  let schedules: readonly ScheduleView[] = [];
  for (let kill = 0; kill < killsOfEach; kill++) {
    const daemon = home.start();
    expect(await daemon.ready).not.toBeNull();
    if (kill === 0) schedules = await make(daemon);
    const at = nextFireAt(schedules, Date.now()) - 8 + (kill % 11) * 3;
    await delay(Math.max(0, at - Date.now()));
    await daemon.end('SIGKILL');
  }

  const daemon = home.start();
  await daemon.ready;
  for (const { id } of schedules)
    expect((await daemon.ask('POST', `/api/v1/schedules/${id}/pause`, {})).status).toBe(200);
  await daemon.until(async () => {
    for (const { id } of schedules) {
      const { body } = await daemon.ask<{ occurrences: OccurrenceView[] }>(
        'GET',
        `/api/v1/schedules/${id}/occurrences?limit=500`,
      );
      if (body.occurrences.some(({ state }) => state === 'pending')) return false;
    }
    return true;
  });
  expect(await daemon.end('SIGTERM')).toEqual({ code: 0, signal: null });
  await expectOrder(home);

  const database = new DatabaseSync(join(home.path, 'homer.db'), { readOnly: true });
  try {
    const rows = database.prepare('SELECT * FROM occurrences ORDER BY due_at').all() as unknown as Row[];
    const jobs = database.prepare("SELECT id, key, state FROM jobs WHERE source LIKE 'schedule:%'").all();
    const byId = new Map(jobs.map((job) => [String(job['id']), job]));
    const report: Record<string, number> = {};
    for (const { id, name } of schedules) {
      const mine = rows.filter(({ schedule_id }) => schedule_id === id);
      // One row for each step, and not one is left out.
      const dues = mine.map(({ due_at }) => due_at);
      expect(dues, name).toEqual(dues.map((_, index) => (dues[0] ?? 0) + index * stepMs));
      for (const row of mine) {
        report[`${name} ${row.state}`] = (report[`${name} ${row.state}`] ?? 0) + 1;
        if (row.job_id === null) expect(['missed', 'skipped'], name).toContain(row.state);
        else
          expect(byId.get(row.job_id)).toMatchObject({
            key: `${id}@${new Date(row.due_at).toISOString()}`,
            state: row.state === 'ran' ? 'succeeded' : row.state === 'failed' ? 'failed' : 'cancelled',
          });
      }
    }
    // No job without its occurrence, none with two.
    expect(new Set(rows.map(({ job_id }) => job_id).filter((id) => id !== null))).toEqual(
      new Set(byId.keys()),
    );
    expect(new Set(jobs.map((job) => job['key'])).size).toBe(jobs.length);
    return report;
  } finally {
    database.close();
  }
}
