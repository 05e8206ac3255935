import { describe, expect, test } from 'vitest';
import { decideLimit, tickWorth, type Watched } from './limits.ts';
import { nextStopStep } from './ladder.ts';
import { createRunWatch } from './run-watch.ts';

const calm: Watched = {
  wallMs: 0,
  silentMs: 0,
  outputBytes: 0,
  memoryBytes: 0,
  openTools: 0,
  openPermissions: 0,
  paused: false,
};
const limits = { wallMs: 1000, stallMs: 100, outputBytes: 10, memoryBytes: 20 };

describe('decideLimit', () => {
  test.each([
    [{}, null],
    [{ wallMs: 999 }, null],
    [{ wallMs: 1000 }, 'timed_out'],
    [{ silentMs: 99 }, null],
    [{ silentMs: 100 }, 'stalled'],
    [{ silentMs: 100, openTools: 1 }, null],
    [{ silentMs: 100, openPermissions: 1 }, null],
    [{ silentMs: 100, paused: true }, null],
    [{ wallMs: 1000, openTools: 1, paused: true }, 'timed_out'],
    [{ outputBytes: 10 }, null],
    [{ outputBytes: 11 }, 'output_limit'],
    [{ memoryBytes: 20 }, null],
    [{ memoryBytes: 21 }, 'memory_limit'],
    [{ outputBytes: 11, memoryBytes: 0, wallMs: 1000, silentMs: 100 }, 'output_limit'],
  ] as const)('%j gives %s', (state, reason) => {
    expect(decideLimit({ ...calm, ...state }, limits)).toBe(reason);
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
  const ask = { type: 'permission', requestId: 'q', tool: 'Bash', input: {} } as const;

  test('waits for a person, not for a request that was answered at once', () => {
    const waiting = createRunWatch(limits, 100);
    waiting.event(ask, false);
    waiting.tick(100, false);
    expect(waiting.limit()).toBeNull();
    waiting.answered('q');
    waiting.tick(100, false);
    expect(waiting.limit()).toBe('stalled');

    const answered = createRunWatch(limits, 100);
    answered.event(ask, true);
    answered.tick(100, false);
    expect(answered.limit()).toBe('stalled');
  });

  test('a request that the agent took back holds nothing up', () => {
    const watch = createRunWatch(limits, 100);
    watch.event({ type: 'tool_start', toolId: 't', name: 'Bash', summary: '' }, false);
    watch.event(ask, false);
    watch.event({ type: 'tool_end', toolId: 't', ok: false, summary: '' }, false);
    watch.tick(100, false);
    expect(watch.limit()).toBe('stalled');
  });

  test('any byte is life', () => {
    const watch = createRunWatch(limits, 100);
    for (let i = 0; i < 5; i++) {
      watch.tick(60, false);
      watch.saw(1);
    }
    expect(watch.limit()).toBeNull();
    watch.tick(100, false);
    expect(watch.limit()).toBe('stalled');
  });
});
