// The limits of a job, and what a day cost, as a person has them on the command line.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRoom, type Room } from './cli-process.ts';

let room: Room;
beforeEach(async () => {
  room = await openRoom();
});
afterEach(() => room.close());

test('a job is given its limits, and what it used is told, the unknown as unknown', async () => {
  const limited = ['--max-turns', '7', '--max-tokens', '9000', '--max-cost', '0.50', '--fallback', ''];
  const ran = await room.run(['run', '-x', 'shell', ...limited, '--json', 'echo hello']);
  expect(ran.code).toBe(0);
  const { job } = JSON.parse(ran.stdout) as { job: object };
  expect(job).toMatchObject({ maxTurns: 7, maxTokens: 9000, maxCostUsd: 0.5, fallback: [] });
  expect((await room.run(['job', 'last'])).stdout).toMatch(/limits +at most 7 turns, 9000 tokens, \$0\.5/);
  expect((await room.run(['spending'])).stdout).toMatch(/default +shell +1 +\? +\? +\?/);
  const { stdout } = await room.run(['spending', '--json', '--day', '2020-01-01']);
  expect(JSON.parse(stdout)).toMatchObject({ day: '2020-01-01', spending: [], live: null, budgets: [] });
  expect((await room.run(['spending', '--day', 'tomorrow'])).code).toBe(2);
});

test('limits that are none, and executors that are not there, are refused', async () => {
  for (const wrong of [
    ['--max-turns', '0'],
    ['--max-cost', '-1'],
    ['--max-tokens', 'many'],
  ])
    expect((await room.run(['run', ...wrong, 'x'])).code).toBe(2);
  const unknown = await room.run(['run', '-x', 'shell', '--fallback', 'nobody', 'true']);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain('There is no executor "nobody"');
});
