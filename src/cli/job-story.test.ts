import { describe, expect, test } from 'vitest';
import type { Job, StatusAnswer } from './answers.ts';
import { explainQueue, tellChange, tellEnd, tellRest } from './job-story.ts';

const now = Date.parse('2026-01-02T03:04:05.000Z');

function aJob(changes: Partial<Job> = {}): Job {
  return {
    id: 'j0000000000000abcdef',
    state: 'queued',
    lane: 'default',
    executor: 'shell',
    sessionId: null,
    prompt: 'true',
    worktree: null,
    cwd: '/',
    key: null,
    source: 'http:owner',
    priority: 0,
    createdAt: null,
    queuedAt: null,
    startedAt: null,
    endedAt: null,
    dueAt: null,
    cancelRequestedAt: null,
    attempts: 0,
    crashes: 0,
    maxAttempts: 3,
    maxCrashes: 3,
    maxTurns: null,
    maxTokens: null,
    maxCostUsd: null,
    fallback: [],
    result: null,
    error: null,
    movedFrom: null,
    parentId: null,
    children: { total: 0, ended: 0 },
    usage: { inputTokens: null, outputTokens: null, costUsd: null, turns: null },
    runs: [],
    ...changes,
  };
}

const aRun: Job['runs'][number] = {
  id: 'r1',
  state: 'running',
  verdict: null,
  startedAt: null,
  endedAt: null,
  agentSessionId: null,
  workerId: null,
  host: null,
  executor: null,
  exitCode: null,
};
const error = { code: 'HOMER_AGENT_ERROR', message: 'It broke:\nbadly', hint: 'Mend it.' };

describe('what is told while one waits', () => {
  test('nothing for what goes as it should', () => {
    expect(tellChange(null, aJob(), now)).toEqual([]);
    const running = aJob({ state: 'running', runs: [aRun] });
    expect(tellChange(aJob(), running, now)).toEqual([]);
    expect(tellChange(running, running, now)).toEqual([]);
    expect(tellChange(running, aJob({ state: 'succeeded', runs: [aRun] }), now)).toEqual([]);
  });

  test('a run that ended badly, when it is tried again and what that burnt', () => {
    const before = aJob({ state: 'running', runs: [aRun] });
    const dueAt = new Date(now + 30_000).toISOString();
    const after = aJob({ runs: [aRun], error, dueAt, attempts: 1 });
    expect(tellChange(before, after, now)).toEqual([
      'It broke: badly. The next try is in 30 s (1 of 3 attempts used).',
    ]);
    const again = aJob({ state: 'running', runs: [aRun, aRun], error });
    expect(tellChange(after, again, now)).toEqual(['Run 2 has started.']);
  });

  test('tells why it runs again when the moment between two runs was missed', () => {
    const before = aJob({ state: 'running', runs: [aRun] });
    const again = aJob({ state: 'running', runs: [{ ...aRun, state: 'ended', verdict: 'lost' }, aRun] });
    expect(tellChange(before, again, now)).toEqual(['Run 1 has ended: lost.', 'Run 2 has started.']);
  });

  test('a job that needs a person says for what, once', () => {
    const waiting = aJob({ state: 'waiting', error });
    expect(tellChange(aJob(), waiting, now)).toEqual(['It waits for you: It broke: badly.', '  Mend it.']);
    expect(tellChange(waiting, waiting, now)).toEqual([]);
  });

  test('a question is told in full elsewhere, and what waits for a slot needs nobody', () => {
    const asks = { code: 'HOMER_APPROVAL_PENDING', message: 'The agent asks', hint: 'Answer.' };
    expect(tellChange(aJob(), aJob({ state: 'waiting', error: asks }), now)).toEqual([]);
    const answered = aJob({ state: 'waiting' });
    expect(tellChange(aJob({ state: 'waiting', error: asks }), answered, now)).toEqual([
      'It has what it waited for, and goes on when its lane has room.',
    ]);
    const parent = aJob({ state: 'waiting', children: { total: 2, ended: 1 } });
    expect(tellChange(aJob(), parent, now)).toEqual(['It waits for other jobs.']);
  });

  test('a parked job goes on by itself, at a time that may be unknown', () => {
    expect(tellChange(aJob(), aJob({ state: 'parked', error }), now)).toEqual([
      'It broke: badly. It is parked until ? and goes on by itself then.',
    ]);
  });
});

test('every end is named', () => {
  const times = { startedAt: '2026-01-02T03:04:00.000Z', endedAt: '2026-01-02T03:04:05.000Z' };
  expect(tellEnd(aJob({ state: 'succeeded', ...times }))).toBe('Job abcdef succeeded after 5.0 s.');
  expect(tellEnd(aJob({ state: 'failed', error, ...times }))).toBe(
    'Job abcdef failed after 5.0 s: It broke: badly.',
  );
  const long = aJob({ state: 'failed', error: { ...error, message: 'It broke:\nbadly\ntwice' }, ...times });
  expect([tellEnd(long), ...tellRest(long)]).toEqual([
    'Job abcdef failed after 5.0 s: It broke:',
    '  badly',
    '  twice',
  ]);
  expect(tellEnd(aJob({ state: 'cancelled' }))).toBe('Job abcdef was cancelled.');
});

describe('why a queued job does not start', () => {
  const lane = {
    lane: 'default',
    concurrency: 2,
    rate: null,
    queued: 1,
    running: 0,
    paused: false,
    closed: null,
  };
  const atNoon = new Date(2026, 0, 2, 12).toISOString();
  const withLane = (changes: object, held = false): StatusAnswer =>
    ({ held, lanes: [{ ...lane, ...changes }], limits: [] }) as unknown as StatusAnswer;

  test.each([
    [withLane({ paused: true }), 'Lane default is paused; `homer lanes resume default` lets it go on.'],
    [
      withLane({ closed: { until: atNoon, why: 'lane default: $5 of $5 a day are used', byUnknown: false } }),
      'Lane default starts nothing more until 12:00: lane default: $5 of $5 a day are used. A higher `budget` in config.yaml lets it go on at once.',
    ],
    [
      withLane({
        closed: { until: atNoon, why: 'lane default: a run of unknown cost ended today', byUnknown: true },
      }),
      'Lane default starts nothing more until 12:00: lane default: a run of unknown cost ended today. `unknown: count` for its `budget` in config.yaml lets it go on at once.',
    ],
    [
      { ...withLane({}), limits: [{ executor: 'shell', until: atNoon, reason: 'At the limit.' }] },
      'shell is at its usage limit until 12:00, and the job goes on by itself then.',
    ],
    [withLane({ running: 2 }), 'It waits in lane default: 2 of 2 running, 1 queued.'],
    [
      withLane({ rate: { count: 1, perMs: 60_000 } }),
      'It waits in lane default, which starts 1 job in 1 min.',
    ],
    [
      withLane({}, true),
      'Homer is held and runs nothing: `homer resume` releases it, once no other copy of it runs.',
    ],
    [withLane({}), null],
    [withLane({ lane: 'other' }), null],
  ])('%#', (status, line) => {
    expect(explainQueue(aJob(), status, now)).toBe(line);
  });
});
