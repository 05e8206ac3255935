import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

test('each has a turn of the event loop of its own, in the order in which they asked', async () => {
  const takeTurn = createTurns();
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const taken: [number, number][] = [];
  const take = async (who: number): Promise<void> => {
    await takeTurn();
    taken.push([who, turns]);
  };
  await Promise.all(Array.from({ length: 50 }, (_, who) => take(who)));
  isOver = true;
  expect(taken.map(([who]) => who)).toEqual(Array.from({ length: 50 }, (_, who) => who));
  expect(new Set(taken.map(([, at]) => at)).size).toBe(50);
});
