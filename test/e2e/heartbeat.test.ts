// A check-in now and then: told when it says something, and when it fails, and otherwise not there at all.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ChaosDaemon } from '../chaos/chaos-daemon.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import type { OccurrenceView, ScheduleView } from '../../src/operations/schedule-view.ts';
import { owner } from '../fixtures/telegram-server/server.ts';
import { openTelegramRoom, type TelegramRoom } from './telegram-room.ts';

let room: TelegramRoom;
let daemon: ChaosDaemon;
beforeEach(async () => {
  room = await openTelegramRoom();
  room.configure(
    { executors: [] },
    {
      defaultExecutor: 'beat',
      executors: {
        // What it finds is its answer; what it was asked is beside it.
        beat: { kind: 'command', argv: ['sh', '-c', `cat > ${asked()}; cat ${answer()}`], idempotent: true },
      },
      heartbeat: {
        executor: 'beat',
        to: `telegram:${owner.id}`,
        activeHours: '08:00-22:00',
        timeZone: 'Europe/Berlin',
      },
      schedules: {
        limited: {
          every: '1w',
          executor: 'beat',
          prompt: 'x',
          timeoutMs: 60_000,
          maxAttempts: 2,
          priority: 5,
        },
      },
    },
  );
  daemon = room.home.start();
  expect(await daemon.ready).not.toBeNull();
});
afterEach(() => room.remove());

const answer = (): string => join(room.home.base, 'answer');
const asked = (): string => join(room.home.base, 'asked');

/** One check-in now, beside its times; resolves when it has ended. */
async function beat(text: string, name = 'heartbeat'): Promise<JobView> {
  writeFileSync(answer(), text);
  const { body } = await daemon.ask<{ occurrence: OccurrenceView }>('POST', `/api/v1/schedules/${name}/run`);
  return daemon.untilJob(body.occurrence.jobId ?? '', ({ endedAt }) => endedAt !== null);
}

test('an answer that says that there is nothing to say is told to nobody; any other is', async () => {
  for (const quiet of [
    'HEARTBEAT_OK',
    '**heartbeat_ok**.\n',
    'I looked, and all is well.\n\nHEARTBEAT_OK\n',
  ]) {
    const { state, prompt } = await beat(quiet);
    expect(state).toBe('succeeded');
    expect(prompt).toMatch(/HEARTBEAT\.md.*answer with HEARTBEAT_OK and nothing else/s);
  }
  expect(room.shown()).toEqual([]);
  await beat('The disk is 99 % full.');
  await room.untilSeen('✅ Done');
  expect(room.shown().map(({ text }) => text)).toEqual(['The disk is 99 % full.', '✅ Done']);
  const { body } = await daemon.ask<{ occurrences: OccurrenceView[] }>(
    'GET',
    '/api/v1/schedules/heartbeat/occurrences',
  );
  expect(body.occurrences.map(({ state }) => state)).toEqual(['ran', 'ran', 'ran', 'ran']);
});

test('it is a schedule of the file, due every half hour within its hours and never made up for', async () => {
  const { schedule } = (await daemon.ask<{ schedule: ScheduleView }>('GET', '/api/v1/schedules/heartbeat'))
    .body;
  expect(schedule).toMatchObject({
    ...{ kind: 'every', spec: '30m', origin: 'file', catchUp: 'skip', overlap: 'skip' },
    ...{ activeHours: '08:00-22:00', quiet: 'HEARTBEAT_OK', notify: `telegram:${owner.id}` },
  });
  const hour = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', hour: '2-digit' });
  for (const at of schedule.next) expect(Number(hour.format(new Date(at)))).toBeGreaterThanOrEqual(8);
});

test('what a schedule tells its jobs is what they are told, from the file and over HTTP', async () => {
  expect(await beat('done', 'limited')).toMatchObject({ maxAttempts: 2, priority: 5 });
  const made = await daemon.ask<{ schedule: ScheduleView }>('POST', '/api/v1/schedules', {
    ...{
      name: 'made',
      kind: 'every',
      spec: '1d',
      prompt: 'x',
      executor: 'beat',
      maxCrashes: 1,
      maxAttempts: 4,
    },
  });
  expect(made.body.schedule).toMatchObject({
    maxCrashes: 1,
    maxAttempts: 4,
    timeoutMs: null,
    fallback: null,
  });
  expect(await beat('done', 'made')).toMatchObject({ maxAttempts: 4, maxCrashes: 1 });
  const changed = await daemon.ask<{ schedule: ScheduleView }>('PATCH', '/api/v1/schedules/made', {
    maxAttempts: null,
    priority: 3,
  });
  expect(changed.body.schedule).toMatchObject({ maxCrashes: 1, maxAttempts: null, priority: 3 });
  const refused = await daemon.ask<{ code: string }>('PATCH', '/api/v1/schedules/made', {
    fallback: ['nobody'],
  });
  expect(refused.body.code).toBe('HOMER_EXECUTOR_UNKNOWN');
});
