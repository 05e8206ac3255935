import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decideClockMove,
  decideDue,
  decideOverlap,
  graceMs,
  mostCaughtUp,
  mostQueued,
  type DueRules,
} from './due.ts';
import type { CatchUp } from './schedule.ts';

const hour = 3_600_000;
const day = 24 * hour;
const now = 100 * day;

function decide(catchUp: CatchUp, dues: readonly number[], more: Partial<DueRules> = {}): string {
  const rules = { catchUp, catchUpWindowMs: 7 * day, now, missedUntil: 0, clockMoved: false, ...more };
  return decideDue(
    dues.map((dueAt) => ({ dueAt, fireAt: dueAt })),
    rules,
  )
    .map(({ becomes }) => (becomes === 'fires' ? 'F' : 'm'))
    .join('');
}

/** Three days down, a due time each day. */
const threeDays = [now - 2 * day - hour, now - day - hour, now - hour];

describe('what is due', () => {
  test.each<[string, CatchUp, readonly number[], Partial<DueRules>, string]>([
    ['on time, whatever is caught up', 'skip', [now], {}, 'F'],
    ['late by less than a restart takes', 'skip', [now - graceMs], {}, 'F'],
    ['late by more', 'skip', [now - graceMs - 1], {}, 'm'],
    ['three days down, nothing caught up', 'skip', threeDays, {}, 'mmm'],
    ['three days down, once', 'once', threeDays, {}, 'mmF'],
    ['three days down, all', 'all', threeDays, {}, 'FFF'],
    ['three days down, and on time again', 'skip', [...threeDays, now], {}, 'mmmF'],
    ['all, within a window of a day and a half', 'all', threeDays, { catchUpWindowMs: 1.5 * day }, 'mFF'],
    ['once, and even the newest is too old', 'once', threeDays, { catchUpWindowMs: hour / 2 }, 'mmm'],
    ['a window of nothing, on time', 'once', [now], { catchUpWindowMs: 0 }, 'F'],
    ['held until an hour and a half ago', 'all', threeDays, { missedUntil: now - 1.5 * hour }, 'mmF'],
    ['held until now', 'once', threeDays, { missedUntil: now }, 'mmm'],
    ['the clock put forward over three days', 'all', threeDays, { clockMoved: true }, 'mmF'],
    ['several within a minute', 'skip', [now - 20_000, now - 10_000, now], {}, 'mmF'],
    ['nothing', 'all', [], {}, ''],
  ])('%s', (_, catchUp, dues, more, expected) => expect(decide(catchUp, dues, more)).toBe(expected));

  test('all is no more than a hundred', () => {
    const many = Array.from(
      { length: 3 * mostCaughtUp },
      (_, index) => now - (3 * mostCaughtUp - index) * 60_000,
    );
    const fired = decide('all', many);
    expect(fired).toBe('m'.repeat(2 * mostCaughtUp) + 'F'.repeat(mostCaughtUp));
  });

  test('every due time is decided on, once, and at most one fires unless all are wished', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<CatchUp>('skip', 'once', 'all'),
        fc.uniqueArray(fc.integer({ min: now - 30 * day, max: now }), { maxLength: 300 }),
        fc.integer({ min: 0, max: 30 * day }),
        fc.boolean(),
        (catchUp, dues, catchUpWindowMs, clockMoved) => {
          const sorted = dues.toSorted((a, b) => a - b);
          const decided = decideDue(
            sorted.map((dueAt) => ({ dueAt, fireAt: dueAt })),
            { catchUp, catchUpWindowMs, now, missedUntil: 0, clockMoved },
          );
          expect(decided.map(({ dueAt }) => dueAt)).toEqual(sorted);
          const fired = decided.filter(({ becomes }) => becomes === 'fires').length;
          expect(fired).toBeLessThanOrEqual(catchUp === 'all' && !clockMoved ? mostCaughtUp : 1);
        },
      ),
    );
  });
});

describe('while the one before has not ended', () => {
  test.each([
    ['nothing is under way', 'skip', 0, 0, 0, 'start'],
    ['skip', 'skip', 1, 0, 0, 'skip'],
    ['queue', 'queue', 1, 0, 0, 'wait'],
    ['queue behind others', 'queue', 1, 5, 0, 'wait'],
    ['the queue is full', 'queue', 1, mostQueued, 0, 'skip'],
    ['replace', 'replace', 1, 0, 0, 'replace'],
    ['caught up together: one after the other', 'skip', 1, 1, 2, 'wait'],
    ['caught up together: none replaces the other', 'replace', 1, 1, 2, 'wait'],
    ['caught up together, but an older one runs', 'skip', 2, 0, 1, 'skip'],
  ] as const)('%s', (_, overlap, active, waiting, together, does) =>
    expect(decideOverlap(overlap, { active, waiting, together }).does).toBe(does),
  );
});

describe('a clock that was moved', () => {
  const before = { now, upMs: 5 * day };
  test.each([
    ['time went by', { now: now + hour, upMs: 5 * day + hour }, 0],
    ['the host slept for three days: so did its uptime', { now: now + 3 * day, upMs: 8 * day }, 0],
    ['a time server moved it a little', { now: now + 60_000 + 5_000, upMs: 5 * day + 60_000 }, 0],
    ['a day forward', { now: now + day + 1_000, upMs: 5 * day + 1_000 }, day],
    ['a day back', { now: now - day + 1_000, upMs: 5 * day + 1_000 }, -day],
    ['the host was started anew', { now: now + day, upMs: 1_000 }, 0],
  ])('%s', (_, after, expected) => expect(decideClockMove(before, after)).toBe(expected));
  test('nothing is known before the first look', () => expect(decideClockMove(null, before)).toBe(0));
});
