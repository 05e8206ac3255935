// What becomes of due times when nobody was there, when the clock is moved, and while the one before has not ended.

import { cpSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ScheduleConfig } from '../../src/config/schedules.ts';
import { HomerError } from '../../src/core/errors.ts';
import { scheduleDefaults, type CatchUp } from '../../src/core/schedule.ts';
import { openLedgerIn } from './ledger-room.ts';
import { dayMs, hourMs, SchedulerRoom } from './scheduler-room.ts';

let room: SchedulerRoom;

beforeEach(async () => {
  room = new SchedulerRoom();
  await room.open();
});

afterEach(async () => {
  await room.close();
  expect(room.errors).toEqual([]);
});

test('every due time has a row and a job, each ended in the commit that ends the other', async () => {
  await room.add('hourly', {});
  for (let hour = 1; hour <= 3; hour++) {
    await room.pass(hourMs);
    expect(room.running()).toHaveLength(1);
    expect(room.occurrences('hourly').at(-1)).toMatchObject({ state: 'pending', jobId: room.running()[0] });
    await room.settle(hour === 2 ? 'auth' : 'done');
  }
  expect(room.occurrences('hourly').map(({ state }) => state)).toEqual(['ran', 'failed', 'ran']);
  expect(room.occurrences('hourly')[1]?.reason).toBe('auth');
  expect(room.ledger.schedules.get('hourly')).toMatchObject({ failures: 0, pausedBy: null });
});

test('a failed job that a person retries mends its occurrence', async () => {
  await room.add('hourly', {});
  await room.pass(hourMs);
  const [id] = room.running();
  await room.settle('auth');
  expect(room.tally('hourly')).toBe('failed:1');
  await room.ledger.commit(() => room.ledger.jobs.retry(id as never, room.now));
  await room.settle();
  expect(room.tally('hourly')).toBe('ran:1');
});

describe('three days without a daemon', () => {
  test.each<[CatchUp, string, number]>([
    ['skip', 'missed:72', 0],
    ['once', 'missed:71 pending:1', 1],
    ['all', 'pending:72', 1],
  ])('%s', async (catchUp, tally, running) => {
    await room.add('hourly', { catchUp });
    await room.die();
    room.now += 3 * dayMs + 10 * 60_000;
    room.upMs = 5_000;
    await room.open();
    expect(room.tally('hourly')).toBe(tally);
    expect(room.running()).toHaveLength(running);
    // Those that were caught up run one after the other.
    await room.settleAll();
    const jobs = catchUp === 'all' ? 72 : running;
    expect(room.jobs()).toBe(jobs);
    expect(room.tally('hourly')).toBe(catchUp === 'all' ? 'ran:72' : tally.replace('pending', 'ran'));
    // Nothing of it comes again.
    await room.die();
    await room.open();
    await room.pass(10 * 60_000);
    expect(room.jobs()).toBe(jobs);
  });

  test('a window holds back what is too old', async () => {
    await room.add('hourly', { catchUp: 'all', catchUpWindowMs: 5 * hourMs });
    await room.die();
    room.now += 3 * dayMs + 10 * 60_000;
    await room.open();
    expect(room.tally('hourly')).toBe('missed:67 pending:5');
    expect(room.occurrences('hourly')[0]?.reason).toContain('older');
  });

  test('a schedule of every second costs a thousand rows and one job', async () => {
    await room.add('second', { spec: '1s' });
    await room.die();
    room.now += 3 * dayMs;
    const begun = performance.now();
    await room.open();
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(room.tally('second')).toBe('missed:999 pending:1');
    expect(room.occurrences('second')[0]?.reason).toContain('so are those before it');
    expect(room.jobs()).toBe(1);
  });
});

describe.each<CatchUp>(['skip', 'once', 'all'])('a moved clock, with catch-up %s', (catchUp) => {
  test('a day forward fires once at most, and the times fire after all when it is put right', async () => {
    await room.add('hourly', { catchUp, overlap: 'queue' });
    await room.add('daily', { spec: '1d', catchUp });
    await room.pass(hourMs);
    await room.settleAll();
    expect(room.jobs()).toBe(1);

    await room.moveClock(dayMs + 10 * 60_000);
    const fired = catchUp === 'skip' ? 0 : 2;
    expect(room.jobs()).toBe(1 + fired);
    expect(room.occurrences('hourly')).toHaveLength(25);
    await room.settleAll();

    await room.moveClock(-dayMs - 10 * 60_000);
    expect(room.jobs()).toBe(1 + fired);
    for (let hour = 0; hour < 24; hour++) {
      await room.pass(hourMs);
      await room.settleAll();
    }
    // 25 hours, the last of which fired early unless nothing is caught up; nothing fired twice.
    expect(room.tally('hourly')).toBe('ran:25');
    expect(room.tally('daily')).toBe('ran:1');
    expect(room.jobs()).toBe(26);
  });

  test('a day back fires nothing twice, and goes on after it', async () => {
    await room.add('hourly', { catchUp });
    for (let hour = 0; hour < 30; hour++) {
      await room.pass(hourMs);
      await room.settleAll();
    }
    await room.moveClock(-dayMs);
    expect(room.jobs()).toBe(30);
    for (let hour = 0; hour < 24; hour++) {
      await room.pass(hourMs);
      await room.settleAll();
    }
    expect(room.jobs()).toBe(30);
    await room.pass(hourMs);
    await room.settleAll();
    expect(room.tally('hourly')).toBe('ran:31');
  });
});

test('a host that sleeps for three days has not moved its clock: all is caught up', async () => {
  await room.add('daily', { spec: '1d', catchUp: 'all' });
  await room.pass(3 * dayMs + hourMs);
  expect(room.tally('daily')).toBe('pending:3');
});

test('54 new schedules work on after a clock of the year 2036 was put right', async () => {
  await room.add('daily', { spec: '1d' });
  await room.moveClock(3_650 * dayMs);
  await room.settleAll();
  expect(room.jobs()).toBe(1);
  await room.moveClock(-3_650 * dayMs);
  for (let day = 0; day < 3; day++) {
    await room.pass(dayMs);
    await room.settleAll();
  }
  expect(room.jobs()).toBe(4);
});

describe('a slow job', () => {
  test('skip: what is due meanwhile is skipped', async () => {
    await room.add('slow', {});
    await room.pass(hourMs);
    await room.pass(hourMs);
    expect(room.tally('slow')).toBe('pending:1 skipped:1');
    await room.settle();
    await room.pass(hourMs);
    expect(room.tally('slow')).toBe('ran:1 skipped:1 pending:1');
    expect(room.jobs()).toBe(2);
  });

  test('queue: one after the other, also over a restart', async () => {
    await room.add('slow', { overlap: 'queue' });
    for (let hour = 0; hour < 3; hour++) await room.pass(hourMs);
    expect(room.running()).toHaveLength(1);
    expect(room.tally('slow')).toBe('pending:3');
    await room.die();
    await room.open();
    expect(room.jobs()).toBe(1);
    for (let left = 3; left > 0; left--) {
      expect(room.running()).toHaveLength(1);
      await room.settle();
    }
    expect(room.tally('slow')).toBe('ran:3');
  });

  test('replace: the running one is ended, the newest runs, and nothing runs beside it', async () => {
    await room.add('slow', { overlap: 'replace' });
    await room.pass(hourMs);
    const [first] = room.running();
    await room.pass(hourMs);
    expect(room.ended).toEqual([first]);
    await room.pass(hourMs);
    expect(room.jobs()).toBe(1);
    await room.settle('cancelled');
    expect(room.running()).toHaveLength(1);
    await room.settle();
    const rows = room.occurrences('slow');
    expect(rows.map(({ state }) => state)).toEqual(['skipped', 'skipped', 'ran']);
    expect(rows[0]?.reason).toContain('replaced by the one of 2026-03-04T11:00');
  });
});

test('a schedule that fails again and again is paused, in the commit of the last failure, and goes on when it is resumed', async () => {
  await room.add('broken', { pauseAfter: 3, overlap: 'queue' });
  for (let hour = 0; hour < 3; hour++) {
    await room.pass(hourMs);
    await room.settle('auth');
  }
  expect(room.ledger.schedules.get('broken')).toMatchObject({
    pausedBy: 'failures',
    failures: 3,
    nextAt: null,
  });
  const events = room.ledger.events.read(0, 1_000);
  expect(events.find(({ type }) => type === 'schedule.paused')?.data).toMatchObject({
    name: 'broken',
    failures: 3,
  });
  await room.pass(dayMs);
  expect(room.jobs()).toBe(3);
});

test('a task that intake refuses has failed, and says why', async () => {
  await room.add('nowhere', { pauseAfter: 2 });
  room.refusal = new HomerError('HOMER_LANE_UNKNOWN', 'There is no lane "work".');
  await room.pass(hourMs);
  await room.pass(hourMs);
  expect(room.occurrences('nowhere').map(({ state, reason }) => `${state} ${reason}`)).toEqual([
    'failed HOMER_LANE_UNKNOWN: There is no lane "work".',
    'failed HOMER_LANE_UNKNOWN: There is no lane "work".',
  ]);
  expect(room.ledger.schedules.get('nowhere').pausedBy).toBe('failures');
});

test('jitter is waited for, and only then it fires', async () => {
  const { id } = await room.add('spread', { jitterMs: 30 * 60_000 });
  const { fireAt, nextAt } = room.ledger.schedules.get('spread');
  const jitter = (fireAt ?? 0) - (nextAt ?? 0);
  expect(jitter).toBeGreaterThan(0);
  await room.pass(hourMs + jitter - 1);
  expect(room.jobs()).toBe(0);
  await room.pass(1);
  expect(room.occurrences('spread')).toMatchObject([{ scheduleId: id, dueAt: nextAt, state: 'pending' }]);
});

test('a message is said once, and stays unseen until it was seen', async () => {
  await room.add('tea', { kind: 'at', spec: new Date(room.now + 60_000).toISOString(), says: true });
  await room.pass(60_000);
  await room.pass(dayMs);
  expect(room.announced).toMatchObject([{ text: 'tea', target: null }]);
  const [message] = room.ledger.occurrences.unseen(10);
  expect(message).toMatchObject({ state: 'ran', unseen: true });
  expect(room.ledger.schedules.get('tea').nextAt).toBeNull();
});

test('a message on its way has run when it was delivered, and is not taken for a task', async () => {
  room.deliversAs = 'sending';
  const { id } = await room.add('tea', { says: true });
  await room.pass(hourMs);
  await room.pass(hourMs);
  await room.die();
  await room.open();
  expect(room.tally('tea')).toBe('pending:2');
  expect(room.jobs()).toBe(0);
  const [first, second] = room.occurrences('tea').map(({ dueAt }) => dueAt);
  await room.ledger.commit(() => {
    room.ledger.occurrences.delivered(id, first ?? 0, null, room.now);
    room.ledger.occurrences.delivered(id, second ?? 0, 'the chat is gone', room.now);
    room.ledger.occurrences.delivered(id, first ?? 0, 'too late', room.now);
  });
  expect(room.tally('tea')).toBe('ran:1 delivery_failed:1');
  expect(room.ledger.occurrences.unseen(10)).toMatchObject([{ dueAt: second, reason: 'the chat is gone' }]);
  // Sent again by hand, and there.
  await room.ledger.commit(() => room.ledger.occurrences.delivered(id, second ?? 0, null, room.now));
  expect(room.tally('tea')).toBe('ran:2');
  expect(room.ledger.occurrences.unseen(10)).toEqual([]);
});

test('a message is not said again when the clock is put back over its time', async () => {
  await room.add('tea', { says: true });
  for (let hour = 0; hour < 3; hour++) await room.pass(hourMs);
  await room.moveClock(-2 * hourMs - 10 * 60_000);
  for (let hour = 0; hour < 3; hour++) await room.pass(hourMs);
  expect(room.announced).toHaveLength(3);
  await room.pass(hourMs);
  expect(room.announced).toHaveLength(4);
});

describe('config.yaml', () => {
  const written = (changes: Partial<ScheduleConfig> = {}): ScheduleConfig => ({
    ...{ kind: 'every', spec: '1h', timeZone: 'UTC', ...scheduleDefaults, enabled: true, prompt: 'p' },
    ...{ executor: null, lane: null, session: null, cwd: null, notify: null },
    ...{ activeHours: null, quiet: null, jobOptions: null },
    ...changes,
  });

  test('adds, changes and removes schedules, and their history stays', async () => {
    room.file = { backup: written() };
    await room.scheduler.refresh();
    const { id } = room.ledger.schedules.get('backup');
    await room.pass(hourMs);
    await room.settleAll();
    // Another task is no other time.
    room.file = { backup: written({ prompt: 'other' }) };
    await room.pass(10 * 60_000);
    await room.scheduler.refresh();
    await room.pass(50 * 60_000);
    expect(room.tally('backup')).toBe('ran:1 pending:1');
    expect(room.ledger.jobs.get(room.running()[0] as never).prompt).toBe('other');
    await room.settleAll();
    // Another time counts from now.
    room.file = { backup: written({ spec: '2h' }) };
    await room.scheduler.refresh();
    expect(room.ledger.schedules.get('backup')).toMatchObject({ id, nextAt: room.now + 2 * hourMs });
    room.file = {};
    await room.scheduler.refresh();
    expect(room.ledger.schedules.find('backup')).toBeNull();
    await room.pass(dayMs);
    expect(room.jobs()).toBe(2);
    // Back again: the same schedule, and nothing of the day without it is caught up.
    room.file = { backup: written({ spec: '2h' }) };
    await room.scheduler.refresh();
    await room.scheduler.look();
    expect(room.ledger.schedules.get('backup').id).toBe(id);
    expect(room.tally('backup')).toBe('ran:2');
  });

  test('a restart with the same file changes nothing', async () => {
    room.file = { backup: written() };
    await room.scheduler.refresh();
    const before = room.ledger.schedules.get('backup');
    await room.die();
    room.now += 30 * 60_000;
    await room.open();
    expect(room.ledger.schedules.get('backup')).toEqual(before);
  });

  test('what a person paused stays paused, what the file turned off comes back with it', async () => {
    room.file = { a: written(), b: written({ enabled: false }) };
    await room.scheduler.refresh();
    await room.ledger.commit(() => {
      const a = room.ledger.schedules.get('a');
      room.ledger.schedules.setPaused(a, 'person', room.now);
      room.ledger.schedules.place(a, room.now, { nextAt: null, fireAt: null });
    });
    await room.pass(dayMs);
    expect(room.jobs()).toBe(0);
    room.file = { a: written(), b: written() };
    await room.scheduler.refresh();
    await room.pass(hourMs);
    expect([room.tally('a'), room.tally('b')]).toEqual(['', 'pending:1']);
  });

  test('takes a name over from a schedule that was made at run time', async () => {
    const made = await room.add('backup', {});
    room.file = { backup: written() };
    await room.scheduler.refresh();
    expect(room.ledger.schedules.get('backup').origin).toBe('file');
    expect(room.ledger.schedules.get(made.id).name).toBe(`backup-${made.id.slice(-6)}`);
  });
});

test('a copy is held and fires nothing; what was due before its release is missed, whatever the catch-up', async () => {
  await room.add('hourly', { catchUp: 'all' });
  await room.pass(hourMs);
  await room.settleAll();
  await room.die();
  const copy = new SchedulerRoom();
  rmSync(copy.home, { recursive: true });
  cpSync(room.home, copy.home, { recursive: true });
  copy.now = room.now + 5 * hourMs + 60_000;
  try {
    await copy.open();
    expect(copy.ledger.isHeld()).toBe(true);
    expect(copy.tally('hourly')).toBe('ran:1');
    await expect(copy.scheduler.runNow(copy.ledger.schedules.get('hourly').id)).rejects.toMatchObject({
      code: 'HOMER_HELD',
    });
    await copy.ledger.release();
    await copy.scheduler.look();
    expect(copy.tally('hourly')).toBe('ran:1 missed:5');
    expect(copy.occurrences('hourly').at(-1)?.reason).toBe('Homer was held');
    await copy.pass(hourMs);
    expect(copy.tally('hourly')).toBe('ran:1 missed:5 pending:1');
  } finally {
    await copy.close();
  }
  // For the end of the test: the original opens as ever.
  (await openLedgerIn(room.home)).close('drained');
});

test('stops twice, and before it was started', async () => {
  const other = new SchedulerRoom();
  await other.open();
  await other.scheduler.stop();
  await other.scheduler.stop();
  await other.add('hourly', {});
  await other.pass(dayMs);
  expect(other.jobs()).toBe(0);
  await other.close();
});
