import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isMoveLegal, onInterruptChoices, type JobState } from './job.ts';
import { attemptBackoff, offlineBackoff } from './retry.ts';
import { decideSettlement, isVerdict, verdicts, type SettledJob, type Verdict } from './verdict.ts';

const now = 1_000_000_000;
const job: SettledJob = {
  id: 'j1',
  attempts: 0,
  crashes: 0,
  maxAttempts: 3,
  maxCrashes: 3,
  onInterrupt: 'resume',
  cancelRequested: false,
  parks: 0,
};
const settle = (verdict: Verdict, changes: Partial<SettledJob> = {}, until?: number) =>
  decideSettlement({ ...job, ...changes }, { verdict, until }, now, 0.5);

/** The design's table, spelled out: the state, the budget that is used, the code, whether it waits. */
const rows: readonly [Verdict, JobState, 'attempt' | 'crash' | null, string | null, boolean][] = [
  ['done', 'succeeded', null, null, false],
  ['agent_error', 'queued', 'attempt', 'HOMER_AGENT_ERROR', true],
  ['stalled', 'queued', 'attempt', 'HOMER_STALLED', true],
  ['timed_out', 'queued', 'attempt', 'HOMER_TIMED_OUT', true],
  ['output_limit', 'queued', 'attempt', 'HOMER_OUTPUT_LIMIT', true],
  ['memory_limit', 'queued', 'attempt', 'HOMER_MEMORY_LIMIT', true],
  ['spawn_failed', 'queued', 'attempt', 'HOMER_SPAWN_FAILED', true],
  ['interrupted', 'queued', null, 'HOMER_INTERRUPTED', false],
  ['lost', 'queued', 'crash', 'HOMER_LOST', false],
  ['rate_limited', 'parked', null, 'HOMER_USAGE_LIMIT', true],
  ['offline', 'parked', null, 'HOMER_OFFLINE', true],
  ['secret_missing', 'parked', null, 'HOMER_SECRET_MISSING', true],
  ['auth', 'failed', null, 'HOMER_AUTH', false],
  ['budget', 'failed', null, 'HOMER_BUDGET', false],
  ['max_turns', 'failed', null, 'HOMER_MAX_TURNS', false],
  ['denied', 'failed', null, 'HOMER_DENIED', false],
  ['uncontained', 'failed', null, 'HOMER_CONTAINMENT_MISSING', false],
  ['session_lost', 'waiting', null, 'HOMER_SESSION_LOST', false],
  ['session_busy', 'parked', null, 'HOMER_SESSION_BUSY', true],
  ['cancelled', 'cancelled', null, 'HOMER_CANCELLED', false],
];

test.each(rows)('%s: the job becomes %s and burns %s', (verdict, state, burns, code, waits) => {
  const settlement = settle(verdict);
  expect(settlement.state).toBe(state);
  expect(settlement.attempts).toBe(burns === 'attempt' ? 1 : 0);
  expect(settlement.crashes).toBe(burns === 'crash' ? 1 : 0);
  expect(settlement.problem?.code ?? null).toBe(code);
  expect(settlement.dueAt !== null && settlement.dueAt > now).toBe(waits);
});

test('the table above has every verdict', () => {
  expect(rows.map(([verdict]) => verdict).sort()).toEqual([...verdicts].sort());
  expect(isVerdict('done')).toBe(true);
  for (const other of ['toString', 'constructor', '', null, 3]) expect(isVerdict(other)).toBe(false);
});

test('what no repetition can help fails at once, with the hint that was found', () => {
  const end = { verdict: 'spawn_failed', hint: 'Mend it, then `homer retry ID`.', isFinal: true } as const;
  expect(decideSettlement(job, end, now, 0.5)).toMatchObject({
    state: 'failed',
    problem: { hint: `Mend it, then \`homer retry ${job.id}\`.` },
  });
});

test('a lost session is begun anew at once where the policy says so', () => {
  const settlement = decideSettlement(job, { verdict: 'session_lost', onLost: 'restart' }, now, 0.5);
  expect(settlement).toMatchObject({ state: 'queued', dueAt: null, attempts: 0, crashes: 0 });
});

describe('budgets', () => {
  const burning = rows.filter(([, , burns]) => burns === 'attempt').map(([verdict]) => verdict);
  test.each(burning)('%s: the last attempt fails the job, whatever its crashes', (verdict) => {
    expect(settle(verdict, { attempts: 1 }).state).toBe('queued');
    expect(settle(verdict, { attempts: 2 })).toMatchObject({ state: 'failed', attempts: 3, dueAt: null });
    expect(settle(verdict, { attempts: 1, crashes: 99 }).state).toBe('queued');
  });

  test('lost: the last crash fails the job, whatever its attempts and whatever onInterrupt says', () => {
    expect(settle('lost', { crashes: 1, attempts: 99 }).state).toBe('queued');
    for (const onInterrupt of onInterruptChoices)
      expect(settle('lost', { crashes: 2, onInterrupt })).toMatchObject({ state: 'failed', crashes: 3 });
  });

  test('lost: the first crash is tried again at once, the second waits', () => {
    expect(settle('lost').dueAt).toBeNull();
    expect(settle('lost', { crashes: 1 }).dueAt).toBeGreaterThan(now);
  });

  test('interrupted never burns anything, however often', () => {
    expect(settle('interrupted', { attempts: 2, crashes: 2 })).toMatchObject({
      state: 'queued',
      attempts: 2,
      crashes: 2,
    });
  });
});

test.each(['interrupted', 'lost'] as const)('%s: onInterrupt decides', (verdict) => {
  const becomes = (onInterrupt: SettledJob['onInterrupt']) => settle(verdict, { onInterrupt });
  expect(becomes('resume').state).toBe('queued');
  expect(becomes('retry').state).toBe('queued');
  expect(becomes('fail').state).toBe('failed');
  expect(becomes('ask')).toMatchObject({ state: 'waiting', problem: { code: 'HOMER_EFFECT_UNKNOWN' } });
});

test('a cancel that comes after completion leaves the job succeeded, before any other end it cancels', () => {
  for (const verdict of verdicts)
    expect(settle(verdict, { cancelRequested: true }).state).toBe(
      verdict === 'done' ? 'succeeded' : 'cancelled',
    );
});

test('a parked job comes back when its limit is lifted, and never before now', () => {
  expect(settle('rate_limited', {}, now + 5_000).dueAt).toBe(now + 5_000);
  // A time that is past says nothing, and one in a year neither.
  expect(settle('rate_limited', {}, now - 5_000).dueAt).toBeGreaterThan(now + 10_000);
  expect(settle('rate_limited', {}, now + 366 * 86_400_000).dueAt).toBe(now + 32 * 86_400_000);
});

test('a parked job without a date is tried at growing distances', () => {
  const waits = [0, 1, 2, 50].map((parks) => (settle('offline', { parks }).dueAt ?? 0) - now);
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
  expect(waits[0]).toBeGreaterThanOrEqual(offlineBackoff.baseMs / 2);
  expect(waits[3]).toBeLessThanOrEqual(offlineBackoff.capMs);
});

test('the problem says what happened, and how to go on with this very job', () => {
  const { problem } = decideSettlement(job, { verdict: 'agent_error', message: 'exit 7' }, now, 0);
  expect(problem?.message).toBe('exit 7');
  expect(problem?.hint).toContain('homer retry j1');
});

test('every settlement of a running job is a legal move, loses no budget and waits only where something will wake it', () => {
  fc.assert(
    fc.property(
      fc.record({
        id: fc.constant('j1'),
        attempts: fc.nat(5),
        crashes: fc.nat(5),
        maxAttempts: fc.integer({ min: 1, max: 5 }),
        maxCrashes: fc.integer({ min: 1, max: 5 }),
        onInterrupt: fc.constantFrom(...onInterruptChoices),
        cancelRequested: fc.boolean(),
        parks: fc.nat(100),
      }),
      fc.constantFrom(...verdicts),
      fc.option(fc.integer({ min: 0, max: 2 * now }), { nil: undefined }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (some, verdict, until, random) => {
        const { state, attempts, crashes, dueAt } = decideSettlement(some, { verdict, until }, now, random);
        expect(isMoveLegal('running', state)).toBe(true);
        expect(attempts + crashes - some.attempts - some.crashes).toBeLessThanOrEqual(1);
        if (dueAt !== null) {
          expect(['queued', 'parked']).toContain(state);
          expect(dueAt).toBeGreaterThanOrEqual(now);
          if (state === 'queued') expect(dueAt).toBeLessThanOrEqual(now + attemptBackoff.capMs);
        }
        if (state === 'parked') expect(dueAt).not.toBeNull();
        if (state === 'queued') expect(attempts).toBeLessThan(Math.max(some.maxAttempts, some.attempts + 1));
      },
    ),
  );
});

describe('a usage limit', () => {
  const job2 = { ...job, fallback: ['codex', 'gemini'] };
  const end = { verdict: 'rate_limited', message: 'At the limit.', until: now + 5_000 } as const;

  test('moves a job that allows it to its next executor at once', () => {
    expect(decideSettlement(job2, end, now, 0.5)).toMatchObject({
      state: 'queued',
      dueAt: null,
      fallsBackTo: 'codex',
      limitedUntil: now + 5_000,
      problem: { code: 'HOMER_USAGE_LIMIT', message: 'At the limit. It goes on with codex.' },
      attempts: job.attempts,
      crashes: job.crashes,
    });
  });

  test('fails the job at once where it is not to be parked, unless it may go on elsewhere', () => {
    const fails = { ...end, failsOnLimit: true };
    expect(decideSettlement(job, fails, now, 0.5)).toMatchObject({
      state: 'failed',
      problem: { code: 'HOMER_USAGE_LIMIT' },
    });
    expect(decideSettlement(job2, fails, now, 0.5)).toMatchObject({ state: 'queued', fallsBackTo: 'codex' });
  });

  test('a service that is away moves a job only the second time in a row, a cancelled one never', () => {
    const away = { verdict: 'offline' } as const;
    expect(decideSettlement(job2, away, now, 0.5)).toMatchObject({ state: 'parked', fallsBackTo: null });
    expect(decideSettlement({ ...job2, parks: 1 }, away, now, 0.5)).toMatchObject({ fallsBackTo: 'codex' });
    const cancelled = { ...job2, cancelRequested: true };
    expect(decideSettlement(cancelled, end, now, 0.5)).toMatchObject({
      state: 'cancelled',
      fallsBackTo: null,
    });
  });
});

test("the day's budget parks, the job's own fails", () => {
  const until = now + 3_600_000;
  expect(decideSettlement(job, { verdict: 'budget', until }, now, 0.5)).toMatchObject({
    state: 'parked',
    dueAt: until,
    problem: { code: 'HOMER_DAY_BUDGET' },
  });
  expect(decideSettlement(job, { verdict: 'budget' }, now, 0.5).state).toBe('failed');
});
