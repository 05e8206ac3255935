import { expect, test } from 'vitest';
import { canaryPatienceMs, decideCanary, type CanaryJob } from './canary.ts';

const now = 10_000_000;
const soon = { now, dueAt: now + 60_000, isHeld: false, watchedMs: 0 };
const sent = (changes: Partial<CanaryJob>): CanaryJob => ({
  id: 'j1',
  sentAt: now - 1_000,
  endedAt: now,
  isThrough: true,
  reason: null,
  ...changes,
});

test('one that came through is well, and one that was never sent is not late yet', () => {
  expect(decideCanary(sent({}), soon).is).toBe('through');
  expect(decideCanary(null, soon).is).toBe('waiting');
  expect(decideCanary(null, { ...soon, dueAt: null }).is).toBe('off');
});

test('one under way is late once its time is over, to the millisecond', () => {
  const underWay = (ms: number): CanaryJob => sent({ sentAt: now - ms, endedAt: null, isThrough: false });
  expect(decideCanary(underWay(canaryPatienceMs - 1), soon).is).toBe('under way');
  expect(decideCanary(underWay(canaryPatienceMs), soon)).toEqual({
    is: 'late',
    why: 'The canary j1 is under way for 120 s.',
  });
});

test('one under way is late also when the clock was set back meanwhile', () => {
  const ahead = sent({ sentAt: now + 3_600_000, endedAt: null, isThrough: false });
  expect(decideCanary(ahead, { ...soon, watchedMs: canaryPatienceMs - 1 }).is).toBe('under way');
  expect(decideCanary(ahead, { ...soon, watchedMs: canaryPatienceMs }).is).toBe('late');
});

test('one that failed, that answered something else, and that could not be sent are late', () => {
  const failed = sent({ isThrough: false, reason: 'The runner was killed.' });
  expect(decideCanary(failed, soon)).toEqual({
    is: 'late',
    why: 'The canary j1 did not come through: The runner was killed.',
  });
  const due = (ms: number) => decideCanary(sent({}), { ...soon, dueAt: now - ms });
  expect(due(canaryPatienceMs - 1).is).toBe('through');
  expect(due(canaryPatienceMs)).toEqual({ is: 'late', why: 'No canary could be sent for 120 s.' });
});

test('a held Homer runs nothing, which is told elsewhere', () => {
  expect(decideCanary(sent({ isThrough: false }), { ...soon, isHeld: true }).is).toBe('waiting');
});
