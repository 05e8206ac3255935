// What must be true of a state directory when a round is over and its daemon is down: the one list of all chaos tests.

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { isEnded, type JobState } from '../../src/core/job.ts';
import { untilGone, type ChaosHome, type ChaosJob } from './chaos-home.ts';
import { linesOf } from './signals.ts';

interface JobRow {
  readonly id: string;
  readonly state: JobState;
  readonly key: string | null;
  readonly error_code: string | null;
  readonly result_text: string | null;
}

interface RunRow {
  readonly id: string;
  readonly job_id: string;
  readonly state: string;
  readonly verdict: string | null;
}

interface EventRow {
  readonly type: string;
  readonly job_id: string | null;
  readonly run_id: string | null;
}

export interface Books {
  readonly jobs: readonly JobRow[];
  readonly runs: readonly RunRow[];
  readonly events: readonly EventRow[];
  readonly integrity: string;
}

/** Reads the ledger as it lies there; only while no daemon has it open. */
export function readBooks(home: string): Books {
  const database = new DatabaseSync(join(home, 'homer.db'));
  try {
    const all = <Row>(sql: string): Row[] => database.prepare(sql).all() as unknown as Row[];
    return {
      jobs: all('SELECT id, state, key, error_code, result_text FROM jobs ORDER BY seq'),
      runs: all('SELECT id, job_id, state, verdict FROM runs ORDER BY id'),
      events: all('SELECT type, job_id, run_id FROM events ORDER BY seq'),
      integrity: String(database.prepare('PRAGMA integrity_check').get()?.['integrity_check']),
    };
  } finally {
    database.close();
  }
}

const over = new Set(['job.succeeded', 'job.failed', 'job.cancelled']);
const beginnings = new Set(['job.running', 'job.cancel_requested']);
/** Verdicts after which a job may be run again. */
const cutOff = new Set(['lost', 'interrupted', 'agent_error']);

/**
 * No accepted job is lost, none is settled twice, what was done twice is written down, the ledger is whole, and no process is
 * left. Every job must be at rest: ended, or waiting for a person.
 */
export async function expectOrder(home: ChaosHome): Promise<Books> {
  await expectNoProcess(home);
  const books = readBooks(home.path);
  expect(books.integrity).toBe('ok');
  const ids = books.jobs.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining([...home.accepted.keys()]));
  const keys = books.jobs.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  for (const run of books.runs) {
    expect(run).toMatchObject({ state: 'ended', verdict: expect.any(String) as string });
    const settled = books.events.filter(
      ({ run_id, type }) => run_id === run.id && type.startsWith('job.') && !beginnings.has(type),
    );
    expect(settled, `settlements of ${run.id}`).toHaveLength(1);
  }
  for (const job of books.jobs) {
    const events = books.events.filter(({ job_id }) => job_id === job.id);
    const ends = events.filter(({ type }) => over.has(type));
    expect(isEnded(job.state) || job.state === 'waiting', `${job.key} is ${job.state}`).toBe(true);
    expect(ends.map(({ type }) => type)).toEqual(isEnded(job.state) ? [`job.${job.state}`] : []);
    const planned = home.accepted.get(job.id);
    if (planned !== undefined)
      expectEffect(
        planned,
        job,
        books.runs.filter(({ job_id }) => job_id === job.id),
      );
  }
  return books;
}

function expectEffect(planned: ChaosJob, job: JobRow, runs: readonly RunRow[]): void {
  const about = `${planned.key}: ${job.state}, ${runs.map(({ verdict }) => verdict).join(', ')}`;
  const effects = linesOf(`${planned.path}.effect`).length;
  const starts = planned.kind === 'agent' ? linesOf(`${planned.path}.starts`).length : effects;
  const repeats = runs.filter(({ verdict }) => cutOff.has(verdict ?? '')).length;
  // A second time only when the rows say that the time before was cut off.
  expect(starts, about).toBeLessThanOrEqual(repeats + 1);
  if (planned.kind !== 'again') expect(effects, about).toBeLessThanOrEqual(1);
  if (job.state !== 'succeeded') {
    expect(job.error_code, about).not.toBeNull();
    return;
  }
  expect(job.result_text, about).toContain(`did ${basename(planned.path)}`);
  expect(effects, about).toBeGreaterThanOrEqual(1);
  expect(
    runs.filter(({ verdict }) => verdict === 'done'),
    about,
  ).toHaveLength(1);
  const sessions = new Set(linesOf(`${planned.path}.starts`).map((line) => line.split(' ')[2]));
  if (planned.kind === 'agent') expect(sessions.size, `${about}: sessions`).toBe(1);
}

/** Runners need a moment to leave after they wrote their last word; whatever else carries the mark of this home is an orphan. */
async function expectNoProcess(home: ChaosHome): Promise<void> {
  for (const pid of home.processes().runners) await untilGone(pid);
  expect(home.processes()).toEqual({ runners: [], agents: [] });
}

/** The runs whose directories are there. */
export function runDirectories(home: string): readonly string[] {
  return readdirSync(join(home, 'runs')).map((name) => join(home, 'runs', name));
}
