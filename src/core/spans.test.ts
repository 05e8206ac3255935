import { expect, test } from 'vitest';
import { spansOfDelivery, spansOfJob, type JobPath, type RunPath } from './spans.ts';

const run = (id: string, startedAt: number, endedAt: number | null, verdict: string): RunPath => ({
  id,
  executor: 'claude',
  startedAt,
  endedAt,
  verdict,
  inputTokens: null,
  outputTokens: 7,
});

const job: JobPath = {
  id: 'j1',
  parentId: 'j0',
  state: 'succeeded',
  source: 'http:owner',
  lane: 'default',
  executor: 'claude',
  createdAt: 1_000,
  endedAt: 9_000,
  error: null,
  runs: [run('r1', 2_000, 3_000, 'lost'), run('r2', 5_000, 9_000, 'done')],
};

test('each wait and each run is part of the job, and the job of the one that asked for it', () => {
  const spans = spansOfJob(job);
  expect(spans.map(({ name, parent, from, to, failure }) => [name, parent, from, to, failure])).toEqual([
    ['job', 'j0', 1_000, 9_000, null],
    ['wait', 'j1', 1_000, 2_000, null],
    ['run', 'j1', 2_000, 3_000, 'lost'],
    ['wait', 'j1', 3_000, 5_000, null],
    ['run', 'j1', 5_000, 9_000, null],
  ]);
  expect(new Set(spans.map(({ seed }) => seed)).size).toBe(5);
  expect(spans[4]?.attributes).toMatchObject({ 'gen_ai.usage.output_tokens': 7 });
  expect(spans[4]?.attributes).not.toHaveProperty('gen_ai.usage.input_tokens');
});

test('one that goes on has none yet; one that never ran has waited; one that failed says why', () => {
  expect(spansOfJob({ ...job, state: 'running', endedAt: null })).toEqual([]);
  const cancelled = spansOfJob({ ...job, state: 'cancelled', runs: [] });
  expect(cancelled.map(({ name, to, failure }) => [name, to, failure])).toEqual([
    ['job', 9_000, 'cancelled'],
    ['wait', 9_000, null],
  ]);
  expect(spansOfJob({ ...job, state: 'failed', error: { code: 'HOMER_AUTH' } })[0]?.failure).toBe(
    'HOMER_AUTH',
  );
});

test('a message is part of its job once it is there, or never will be', () => {
  const delivery = { id: 'd1', jobId: 'j1', kind: 'result', channel: 'telegram', createdAt: 9_000 } as const;
  expect(spansOfDelivery({ ...delivery, state: 'pending', endedAt: null })).toEqual([]);
  expect(spansOfDelivery({ ...delivery, state: 'dead', endedAt: 9_500 })).toMatchObject([
    { name: 'delivery', parent: 'j1', from: 9_000, to: 9_500, failure: 'dead' },
  ]);
});
