// What is left of a run that is over, by the ledger's word, is ended; what only looks like it is not.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../src/cli/client.ts';
import { processRow, readProcesses } from '../../src/runner/process-table.ts';
import type { CleanupView } from '../../src/operations/cleanup.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import { openRoom, type Room } from './cli-process.ts';

let room: Room;
beforeEach(async () => {
  room = await openRoom();
});
afterEach(() => room.close());

async function json<Value>(...args: string[]): Promise<Value> {
  const { code, stdout, stderr } = await room.run([...args, '--json']);
  expect(code, stderr + stdout).toBe(0);
  return JSON.parse(stdout) as Value;
}

test('a runner that the ledger takes for over is shown, then ended with its agent; its double is left alone', async () => {
  await json('start');
  const { stderr } = await room.run(['run', '-x', 'shell', '--detach', 'sleep 987654']);
  const [, id = ''] = /\b(j[0-9a-z]{19})\b/.exec(stderr) ?? [];
  const client = await connect(room.home);
  const look = async (): Promise<JobView> =>
    (await client.call<{ job: JobView }>('jobs.get', { params: { id } })).job;
  await expect.poll(async () => (await look()).runs[0]?.state, { timeout: 60_000 }).toBe('running');
  const runId = (await look()).runs[0]?.id ?? '';
  await json('stop', '--now');
  const database = new DatabaseSync(join(room.home, 'homer.db'));
  database.exec(
    `UPDATE runs SET state = 'ended', ended_at = 1; UPDATE jobs SET state = 'cancelled', ended_at = 1`,
  );
  database.close();
  // A run of long ago that nobody knows any more, and a program that has the same words in its arguments.
  const old = join(room.home, 'runs', 'r0000000000000000000');
  mkdirSync(old);
  const double = spawn(
    process.execPath,
    ['-e', 'setInterval(() => {}, 1e6)', '--', 'main.ts', '--run', runId],
    { stdio: 'ignore' },
  );
  try {
    await json('start');
    const trial = await json<CleanupView>('cleanup', '--dry-run');
    expect(trial.ended).toMatchObject([{ runId, survivors: [] }]);
    const runner = trial.ended[0]?.runner ?? 0;
    expect(processRow(runner)).not.toBeNull();
    const { ended } = await json<CleanupView>('cleanup');
    expect(ended).toMatchObject([{ runId, runner, survivors: [] }]);
    expect(processRow(runner)).toBeNull();
    const left = readProcesses().filter(({ pid }) => trial.ended[0]?.processes.includes(pid) === true);
    expect(left).toEqual([]);
    expect(double.exitCode).toBeNull();
    expect(await json('cleanup')).toMatchObject({ ended: [] });
    expect(existsSync(join(room.home, 'runs', runId))).toBe(true);
  } finally {
    double.kill('SIGKILL');
    await once(double, 'exit');
  }
});

test('what is over its time goes with its files, and a trial removes nothing', async () => {
  mkdirSync(room.home, { mode: 0o700 });
  writeFileSync(join(room.home, 'config.yaml'), 'retention: { jobs: 1d, journals: 1d }\n', { mode: 0o600 });
  await json('start');
  for (const text of ['one', 'two'])
    expect((await room.run(['run', '-x', 'shell', `echo ${text}`])).code).toBe(0);
  expect(await json('cleanup', '--dry-run')).toMatchObject({ rows: {}, runs: [] });
  await json('stop');
  // Two days go by: ids carry their time, so the files of these runs stay for theirs.
  const database = new DatabaseSync(join(room.home, 'homer.db'));
  const two = 2 * 86_400_000;
  database.exec(
    `UPDATE jobs SET created_at = created_at - ${two}, ended_at = ended_at - ${two}; UPDATE runs SET ended_at = ended_at - ${two}`,
  );
  database.close();
  await json('start');
  expect(await json('cleanup', '--dry-run')).toMatchObject({ dryRun: true, rows: { jobs: 2 } });
  expect(await json('cleanup')).toMatchObject({ dryRun: false, rows: { jobs: 2 } });
  expect(await json('cleanup')).toMatchObject({ rows: {} });
  expect(await json<{ jobs: JobView[] }>('jobs')).toMatchObject({
    jobs: [{ prompt: '', state: 'succeeded' }, { prompt: '' }],
  });
  expect(readdirSync(join(room.home, 'runs'))).toHaveLength(2);
});
