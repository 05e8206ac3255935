import { describe, expect, test } from 'vitest';
import { decideLimit, decideWhoseLimit, tickWorth, type Watched } from './limits.ts';
import { noAllowance, type Allowance } from '../core/allowance.ts';
import { nextStopStep } from './ladder.ts';
import { createRunWatch } from './run-watch.ts';

const calm: Watched = {
  wallMs: 0,
  silentMs: 0,
  outputBytes: 0,
  memoryBytes: 0,
  openTools: [],
  toolMs: 0,
  openPermissions: 0,
  paused: false,
  usage: { inputTokens: null, outputTokens: null, costUsd: null },
};
const limits = { wallMs: 1000, stallMs: 100, outputBytes: 10, memoryBytes: 20 };

describe('decideLimit', () => {
  test.each([
    [{}, null],
    [{ wallMs: 999 }, null],
    [{ wallMs: 1000 }, 'timed_out'],
    [{ silentMs: 99 }, null],
    [{ silentMs: 100 }, 'stalled'],
    [{ silentMs: 100, openTools: ['Bash'] }, null],
    [{ silentMs: 100, openPermissions: 1 }, null],
    [{ silentMs: 100, paused: true }, null],
    [{ wallMs: 1000, openTools: ['Bash'], paused: true }, 'timed_out'],
    [{ outputBytes: 10 }, null],
    [{ outputBytes: 11 }, 'output_limit'],
    [{ memoryBytes: 20 }, null],
    [{ memoryBytes: 21 }, 'memory_limit'],
    [{ outputBytes: 11, memoryBytes: 0, wallMs: 1000, silentMs: 100 }, 'output_limit'],
  ] as const)('%j gives %s', (state, reason) => {
    expect(decideLimit({ ...calm, ...state }, limits)?.reason ?? null).toBe(reason);
  });

  test('a tool has a limit of its own, and is named', () => {
    const atWork = { ...calm, openTools: ['Bash', 'Read'], toolMs: 5000 };
    expect(decideLimit(atWork, { ...limits, wallMs: 0, toolMs: 5000 })).toEqual({
      reason: 'stalled',
      message: 'The tool Bash was at work for longer than it may (5 s), and the run was ended.',
    });
    expect(decideLimit(atWork, { ...limits, toolMs: 5001 })).toBeNull();
    expect(decideLimit({ ...atWork, openPermissions: 1 }, { ...limits, toolMs: 1 })).toBeNull();
    expect(decideLimit({ ...atWork, openTools: [] }, { ...limits, toolMs: 1 })).toBeNull();
  });

  const used = { inputTokens: 90, outputTokens: 11, costUsd: null, turns: 3 };
  const spent = (allowance: Partial<Allowance>): string | null =>
    decideLimit({ ...calm, usage: used }, { ...limits, allowance: { ...noAllowance, ...allowance } })
      ?.reason ?? null;
  test.each([
    [{}, null],
    [{ turns: 3 }, null],
    [{ turns: 2 }, 'max_turns'],
    [{ tokens: 101 }, null],
    [{ tokens: 100 }, 'budget'],
    // What is unknown is not 0, and not too much either.
    [{ costUsd: 0.01 }, null],
  ])('of 3 turns, 101 tokens and unknown cost %j gives %s', (allowance, reason) => {
    expect(spent(allowance)).toBe(reason);
  });

  test('the budget of the day says whose it is and when the next begins', () => {
    const day = { turns: null, tokens: 100, costUsd: null, of: 'lane work', until: 99 };
    expect(decideLimit({ ...calm, usage: used }, { ...limits, day })).toEqual({
      reason: 'budget',
      message: 'The budget of the day of lane work is used up.',
      until: 99,
    });
  });

  test('0 is no limit', () => {
    const much = { ...calm, wallMs: 1e9, silentMs: 1e9, outputBytes: 1, memoryBytes: 0e12 };
    expect(decideLimit(much, { wallMs: 0, stallMs: 0, outputBytes: 0, memoryBytes: 0 })).toBeNull();
  });
});

test('a tick that was slept through counts for little, a clock that went back for nothing', () => {
  expect(tickWorth(1004, 1000)).toBe(1004);
  expect(tickWorth(3_600_000, 1000)).toBe(1500);
  expect(tickWorth(-5, 1000)).toBe(0);
});

test('the ladder leaves out a cancel the agent has no word for', () => {
  expect(nextStopStep(null, true)).toBe('cancel');
  expect(nextStopStep(null, false)).toBe('term');
  expect(nextStopStep('cancel', true)).toBe('term');
  expect(nextStopStep('term', true)).toBe('kill');
  expect(nextStopStep('kill', true)).toBeNull();
});

describe('the watch', () => {
  const ask = { type: 'permission', requestId: 'q', tool: 'Bash', input: {}, waits: true } as const;
  const answered = { type: 'permission_answered', requestId: 'q', allow: true, by: 'person' } as const;
  const tool = { type: 'tool_start', toolId: 't', name: 'Bash', summary: '' } as const;

  test('silence is excused while a person is asked, and not by a request that was answered at once', () => {
    const waiting = createRunWatch(limits, 100, 0);
    waiting.event(ask);
    waiting.tick(100, false);
    expect(waiting.limit()).toBeNull();
    waiting.event(answered);
    waiting.tick(100, false);
    expect(waiting.limit()).toEqual({ reason: 'stalled' });

    const atOnce = createRunWatch(limits, 100, 0);
    atOnce.event({ ...ask, waits: false });
    atOnce.tick(100, false);
    expect(atOnce.limit()).toEqual({ reason: 'stalled' });
  });

  test('the time in which only a person is waited for is not the time of the agent', () => {
    const watch = createRunWatch({ ...limits, stallMs: 0 }, 100, 0);
    const tick = (times: number): void => {
      for (let i = 0; i < times; i++) watch.tick(100, false);
    };
    watch.event(tool);
    tick(9);
    watch.event(ask);
    tick(100);
    expect(watch.limit()).toBeNull();
    // Another tool works meanwhile: that is the agent's time again.
    watch.event({ ...tool, toolId: 'u' });
    tick(1);
    expect(watch.limit()).toEqual({ reason: 'timed_out' });
  });

  test('an agent that goes on writing while its question is open uses its time', () => {
    const watch = createRunWatch({ ...limits, stallMs: 0 }, 100, 0);
    watch.event(ask);
    for (let i = 0; i < 9; i++) {
      watch.saw(1);
      watch.tick(100, false);
    }
    expect(watch.limit()).toBeNull();
    watch.saw(1);
    watch.tick(100, false);
    expect(watch.limit()).toEqual({ reason: 'timed_out' });
  });

  test('questions hold the time up for so long at most, and again when a person has answered', () => {
    const watch = createRunWatch({ ...limits, stallMs: 0 }, 100, 5_000);
    const tick = (times: number): void => {
      for (let i = 0; i < times; i++) watch.tick(100, false);
    };
    watch.event(ask);
    tick(50);
    watch.event(answered);
    watch.event(ask);
    tick(50);
    // Nobody answers: another question in its place changes nothing.
    watch.event({ ...answered, allow: false, by: 'withdrawn' });
    watch.event({ ...ask, requestId: 'r' });
    tick(9);
    expect(watch.limit()).toBeNull();
    tick(1);
    expect(watch.limit()).toEqual({ reason: 'timed_out' });
  });

  test('any byte is life', () => {
    const watch = createRunWatch(limits, 100, 0);
    for (let i = 0; i < 5; i++) {
      watch.tick(60, false);
      watch.saw(1);
    }
    expect(watch.limit()).toBeNull();
    watch.tick(100, false);
    expect(watch.limit()).toEqual({ reason: 'stalled' });
  });
});

describe('a limit the agent kept by itself', () => {
  const day = { turns: null, tokens: null, costUsd: 1, of: 'lane work', until: 99 };
  const end = { type: 'end', verdict: 'budget', message: 'Reached maximum budget ($1)' } as const;

  test("is the day's where that was less", () => {
    expect(decideWhoseLimit(end, { ...limits, day })).toMatchObject({ verdict: 'budget', until: 99 });
    const more = { ...limits, day, allowance: { ...noAllowance, costUsd: 2 } };
    expect(decideWhoseLimit(end, more)).toMatchObject({ until: 99 });
  });

  test("is the job's where that was less, or the day has none", () => {
    const less = { ...limits, day, allowance: { ...noAllowance, costUsd: 0.5 } };
    expect(decideWhoseLimit(end, less)).toBe(end);
    expect(decideWhoseLimit({ ...end, verdict: 'max_turns' }, { ...limits, day })).toMatchObject({
      verdict: 'max_turns',
    });
    expect(decideWhoseLimit(end, limits)).toBe(end);
  });
});

test('the time of a tool runs while nothing else is said', () => {
  const watch = createRunWatch({ ...limits, wallMs: 0, toolMs: 150 }, 100, 0);
  const start = (toolId: string) => ({ type: 'tool_start', toolId, name: 'Bash', summary: '' }) as const;
  watch.event(start('a'));
  watch.tick(100, false);
  watch.event(start('b'));
  watch.tick(100, false);
  watch.saw(1);
  expect(watch.limit()).toBeNull();
  watch.tick(100, false);
  expect(watch.limit()).toMatchObject({ reason: 'stalled' });
});
