// The runner holds agents to turns, tokens, money and the time of a tool, with real processes.

import { afterEach, describe, expect, test } from 'vitest';
import { noAllowance } from '../../src/core/allowance.ts';
import { createRunRoom, type RoomOptions, type RunRoom } from './run-room.ts';

const rooms: RunRoom[] = [];
afterEach(async () => {
  for (const one of rooms.splice(0)) await one.clean();
});

function room(options: RoomOptions): RunRoom {
  const one = createRunRoom({ dialect: 'lines', ...options });
  rooms.push(one);
  return one;
}

const said = (value: unknown): string => `echo '${JSON.stringify(value)}'`;
const used = (usage: object): object => ({
  type: 'usage',
  inputTokens: null,
  outputTokens: null,
  costUsd: null,
  ...usage,
});
const usage = (changes: object): string => said({ events: [used(changes)] });

describe('what a run may use', () => {
  test.each([
    ['turns', { turns: 2 }, { turns: 3 }, 'max_turns', 'The run used 3 turns where 2 turns were left for it'],
    ['tokens', { tokens: 100 }, { inputTokens: 100, outputTokens: 1 }, 'budget', 'The run used 101 tokens'],
    ['money', { costUsd: 0.5 }, { costUsd: 0.51 }, 'budget', 'The run used $0.51 where $0.5 were left'],
  ] as const)('%s: the run is ended as soon as more was used', async (_, most, passed, verdict, message) => {
    const one = room({
      script: `${usage(passed)}; sleep 600`,
      limits: { allowance: { ...noAllowance, ...most } },
    });
    const { exit } = await one.finish();
    expect(exit).toMatchObject({ verdict, usage: passed });
    expect(exit?.message).toContain(message);
    expect(exit?.until).toBeNull();
  });

  test('as much as is allowed is not too much, and an agent that was done with its last word is not ended', async () => {
    const allowance = { ...noAllowance, turns: 2 };
    const exactly = room({
      script: `${usage({ turns: 2 })}; sleep 0.3; ${said({ done: true })}`,
      limits: { allowance },
    });
    expect((await exactly.finish()).exit?.verdict).toBe('done');
    const last = said({ events: [used({ turns: 3 })], done: true, closeInput: true });
    const late = room({ script: `${last}; sleep 0.2`, limits: { allowance } });
    expect((await late.finish()).exit).toMatchObject({ verdict: 'done', usage: { turns: 3 } });
  });

  test("the day's budget ends it until the next day", async () => {
    const until = 1_900_000_000_000;
    const one = room({
      script: `${usage({ costUsd: 2 })}; sleep 600`,
      limits: {
        allowance: { ...noAllowance, costUsd: 5 },
        day: { ...noAllowance, costUsd: 1, of: 'lane work', until },
      },
    });
    expect((await one.finish()).exit).toMatchObject({
      verdict: 'budget',
      until,
      message: 'The budget of the day of lane work is used up.',
    });
  });

  test('unknown usage ends nothing', async () => {
    const one = room({
      script: `${usage({})}; sleep 0.3; ${said({ done: true })}`,
      limits: { allowance: { turns: 1, tokens: 1, costUsd: 0.01 } },
    });
    expect((await one.finish()).exit?.verdict).toBe('done');
  });
});

test('a tool that hangs is ended after its own time, and named', async () => {
  const start = said({
    events: [{ type: 'tool_start', toolId: 't', name: 'Bash', summary: 'sleep 600' }],
  });
  // Bytes that say nothing keep a run from a stall, not a tool that hangs.
  const one = room({
    script: `${start}; while sleep 0.1; do echo '{}'; done`,
    limits: { stallMs: 60_000, toolMs: 500 },
  });
  expect((await one.finish()).exit).toMatchObject({
    verdict: 'stalled',
    message: 'The tool Bash was at work for longer than it may (0.5 s), and the run was ended.',
  });
});
