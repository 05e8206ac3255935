// Schedules and reminders as a user has them: the command line, a real daemon, and what is left after it was killed.

import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readRecord } from '../../src/lifecycle/record.ts';
import type { Occurrence, Reminder, Schedule, StatusAnswer } from '../../src/cli/answers.ts';
import { openRoom, type Ended, type Room } from './cli-process.ts';

let room: Room;

beforeEach(async () => {
  room = await openRoom();
});

afterEach(() => room.close());

async function homer(...args: string[]): Promise<string> {
  const ended = await room.run(args);
  expect(`${ended.code} ${ended.stderr}`).toMatch(/^0 /);
  return ended.stdout.trimEnd();
}

async function json<Answer>(...args: string[]): Promise<Answer> {
  return JSON.parse(await homer(...args, '--json')) as Answer;
}

async function refused(...args: string[]): Promise<{ code: string; choices?: { phrase: string }[] } & Ended> {
  const ended = await room.run([...args, '--json']);
  return { ...ended, ...(JSON.parse(ended.stdout) as { error: { code: string } }).error } as never;
}

const log = async (name: string): Promise<readonly Occurrence[]> =>
  (await json<{ occurrences: Occurrence[] }>('schedules', 'log', name)).occurrences;
const show = async (name: string): Promise<Schedule> =>
  (await json<{ schedule: Schedule }>('schedules', 'show', name)).schedule;

/** Asks over HTTP, with the owner's token. */
async function ask(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const record = await readRecord(room.home);
  const token = readFileSync(join(room.home, 'token'), 'utf8').trim();
  const response = await fetch(`http://127.0.0.1:${record?.port ?? 0}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Pieces of the daemon's event stream, as they come. Left by leaving the loop. */
async function* eventStream(since: string): AsyncGenerator<string, void, undefined> {
  const record = await readRecord(room.home);
  const token = readFileSync(join(room.home, 'token'), 'utf8').trim();
  const closing = new AbortController();
  const response = await fetch(`http://127.0.0.1:${record?.port ?? 0}/api/v1/events?since=${since}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: closing.signal,
  });
  try {
    for await (const piece of response.body ?? []) yield new TextDecoder().decode(piece as Uint8Array);
  } finally {
    closing.abort();
  }
}

/** A cursor before the first event: which ledger this is stands in the answer to one of another. */
async function firstCursor(): Promise<string> {
  for await (const piece of eventStream('another.0')) {
    const [, generation] = /"cursor":"([^."]+)\./.exec(piece) ?? [];
    if (generation !== undefined) return `${generation}.0`;
  }
  throw new Error('The stream did not say which ledger it is of.');
}

/** Resolves when an event of the ledger satisfies, also one that is in the past. */
async function untilEvent(wanted: (type: string, data: Record<string, unknown>) => boolean): Promise<void> {
  const { body } = await ask('GET', '/api/v1/status');
  expect(body['daemon']).toBe('healthy');
  let text = '';
  for await (const piece of eventStream(await firstCursor())) {
    text += piece;
    for (const [, data = ''] of text.matchAll(/^data: (.*)\n/gm)) {
      const event = JSON.parse(data) as { type?: string; data?: Record<string, unknown> };
      if (wanted(event.type ?? '', event.data ?? {})) return;
    }
  }
  throw new Error(`The stream ended without it: ${text.slice(-2_000)}`);
}

async function killDaemon(): Promise<void> {
  const record = await readRecord(room.home);
  if (record === null) throw new Error('No daemon runs.');
  process.kill(record.pid, 'SIGKILL');
}

describe('a schedule', () => {
  test('starts the daemon, fires, is changed with its history, paused over a kill, and removed', async () => {
    const made = await json<{ schedule: Schedule }>(
      'schedules',
      'add',
      'tick',
      '--every',
      '1s',
      '-x',
      'shell',
      'echo tick >> ticks',
    );
    expect(made.schedule).toMatchObject({
      name: 'tick',
      kind: 'every',
      spec: '1s',
      enabled: true,
      executor: 'shell',
      cwd: room.work,
      origin: 'made',
    });
    expect(made.schedule.next).toHaveLength(5);
    await untilEvent((type) => type === 'occurrence.ran');
    const [first] = (await log('tick')).slice(-1);
    expect(first).toMatchObject({ scheduleId: made.schedule.id });
    expect(readFileSync(join(room.work, 'ticks'), 'utf8')).toMatch(/^tick\n/);

    await homer('schedules', 'pause', 'tick');
    const edited = await json<{ schedule: Schedule }>(
      'schedules',
      'edit',
      'tick',
      '--cron',
      '0 8 * * 1-5',
      '--tz',
      'Europe/Berlin',
      '--name',
      'tock',
      'true',
    );
    expect(edited.schedule).toMatchObject({
      id: made.schedule.id,
      name: 'tock',
      kind: 'cron',
      enabled: false,
      next: [],
    });
    await killDaemon();
    await homer('start');
    expect(await show('tock')).toMatchObject({ enabled: false, pausedBy: 'person', prompt: 'true' });
    const before = await log('tock');
    expect(before.at(-1)).toMatchObject({ dueAt: first?.dueAt, jobId: first?.jobId });

    expect(await homer('schedules', 'resume', 'tock')).toContain('Next: ');
    expect((await show('tock')).next).toHaveLength(5);
    const ran = await json<{ occurrence: Occurrence }>('schedules', 'run', 'tock');
    await homer('attach', ran.occurrence.jobId ?? '');
    expect((await log('tock'))[0]).toMatchObject({ jobId: ran.occurrence.jobId, state: 'ran' });

    await homer('schedules', 'rm', 'tock');
    expect((await refused('schedules', 'show', 'tock')).code).toBe('HOMER_SCHEDULE_UNKNOWN');
    expect(await homer('schedules')).toContain('There is no schedule');
  });

  test('that was due while no daemon ran is caught up by the next one', async () => {
    await homer('schedules', 'add', 'soon', '--every', '2s', '-x', 'shell', '-C', room.work, 'true');
    await untilEvent((type) => type === 'occurrence.ran');
    await killDaemon();
    await homer('start');
    const first = (await log('soon')).length;
    await untilEvent(
      (type, { dueAt }) => type === 'occurrence.pending' && Date.parse(String(dueAt)) > Date.now() - 1_000,
    );
    const dues = (await log('soon')).map(({ dueAt }) => Date.parse(dueAt)).toReversed();
    expect(dues.length).toBeGreaterThan(first - 1);
    // Not one is left out.
    dues.slice(1).forEach((due, index) => expect(due - (dues[index] ?? 0)).toBe(2_000));
  });

  test('what cannot be followed is refused with a sentence, and nothing is made', async () => {
    await homer('start');
    const cases: [string[], string][] = [
      [['add', 'x', '--cron', '61 * * * *', '-x', 'shell', 'true'], 'HOMER_SCHEDULE_INVALID'],
      [['add', 'x', '--every', 'often', '-x', 'shell', 'true'], 'HOMER_SCHEDULE_INVALID'],
      [['add', 'x', '--at', '2026-02-30 08:00', '-x', 'shell', 'true'], 'HOMER_SCHEDULE_INVALID'],
      [['add', 'x', '--at', '2020-12-24 18:00', '-x', 'shell', 'true'], 'HOMER_SCHEDULE_PAST'],
      [
        ['add', 'x', '--cron', '0 8 * * *', '--tz', 'Mars/Olympus', '-x', 'shell', 'true'],
        'HOMER_INPUT_INVALID',
      ],
      [['add', 'x', '--cron', '0 8 * * *', '-x', 'nobody', 'true'], 'HOMER_EXECUTOR_UNKNOWN'],
      [['add', 'x', '--cron', '0 8 * * *', '-x', 'shell', '-l', 'nowhere', 'true'], 'HOMER_LANE_UNKNOWN'],
      [['add', 'x', '--cron', '0 8 * * *', '-x', 'shell', '-C', '/nowhere', 'true'], 'HOMER_CWD_REFUSED'],
      [['add', 'Not a Name', '--cron', '0 8 * * *', '-x', 'shell', 'true'], 'HOMER_INPUT_INVALID'],
      [['add', 'x', '--cron', '0 8 * * *', '--every', '1h', 'true'], 'HOMER_USAGE'],
      [['add', 'x', 'true'], 'HOMER_USAGE'],
      [['add', 'x', '--every', '1h'], 'HOMER_USAGE'],
      [['pause'], 'HOMER_USAGE'],
      [['edit', 'nope', '--every', '1h'], 'HOMER_SCHEDULE_UNKNOWN'],
    ];
    for (const [args, code] of cases)
      expect((await refused('schedules', ...args)).code, args.join(' ')).toBe(code);
    expect(await json('schedules')).toEqual({ schedules: [] });
    await homer('schedules', 'add', 'x', '--every', '1h', '-x', 'shell', 'true');
    expect((await refused('schedules', 'add', 'x', '--every', '1h', '-x', 'shell', 'true')).code).toBe(
      'HOMER_SCHEDULE_EXISTS',
    );
  });

  test('run by hand without a job of it is a failure, told as one', async () => {
    await homer('start');
    const gone = join(room.work, 'gone');
    mkdirSync(gone);
    await homer('schedules', 'add', 'x', '--every', '1h', '-x', 'shell', '-C', gone, 'true');
    rmdirSync(gone);
    const { code, stdout, stderr } = await room.run(['schedules', 'run', 'x']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^homer: "x" made no job: .*gone.*\n {2}\S/);
    expect(await homer('schedules', 'log', 'x')).not.toContain('HOMER_');
    expect((await refused('schedules', 'run', 'x')).code).toBe('HOMER_SCHEDULE_NO_JOB');
  });

  test('over HTTP: made once per key, read, changed, listed, removed', async () => {
    await homer('start');
    const rules = { name: 'api', kind: 'every', spec: '1h', prompt: 'true', executor: 'shell' };
    const made = await ask('POST', '/api/v1/schedules', rules);
    expect(made.status).toBe(200);
    const { id } = made.body['schedule'] as Schedule;
    expect(
      (await ask('PATCH', `/api/v1/schedules/${id}`, { overlap: 'queue', executor: null })).body,
    ).toMatchObject({
      code: 'HOMER_EXECUTOR_NONE',
    });
    expect(
      (await ask('PATCH', '/api/v1/schedules/api', { overlap: 'queue', lane: 'default' })).body,
    ).toMatchObject({
      schedule: { id, overlap: 'queue', lane: 'default', spec: '1h' },
    });
    expect((await ask('PATCH', `/api/v1/schedules/${id}`, { surprise: 1 })).status).toBe(400);
    expect((await ask('PATCH', `/api/v1/schedules/${id}?spec=2h`, {})).status).toBe(400);
    expect((await ask('DELETE', `/api/v1/schedules/${id}`, { force: true })).status).toBe(400);
    expect((await ask('GET', `/api/v1/schedules/${id}/occurrences?limit=5`)).body).toEqual({
      occurrences: [],
      nextCursor: null,
    });
    expect((await ask('POST', `/api/v1/schedules/${id}/run`, {})).status).toBe(202);
    expect((await ask('DELETE', `/api/v1/schedules/${id}`)).status).toBe(200);
    expect((await ask('GET', `/api/v1/schedules/${id}`)).status).toBe(404);
    const api = (await ask('GET', '/openapi.json')).body['paths'] as Record<string, Record<string, unknown>>;
    expect(Object.keys(api['/api/v1/schedules/{id}'] ?? {}).sort()).toEqual(['delete', 'get', 'patch']);
    expect(api['/api/v1/schedules/{id}']?.['patch']).toHaveProperty('requestBody');
    expect(api['/api/v1/schedules/{id}']?.['delete']).not.toHaveProperty('requestBody');
  });
});

describe('config.yaml', () => {
  function write(schedules: unknown): void {
    mkdirSync(room.home, { recursive: true, mode: 0o700 });
    writeFileSync(join(room.home, 'config.yaml'), JSON.stringify({ schedules }));
  }

  test('its schedules are there from the start, can be paused and run, and not be changed or removed', async () => {
    write({ tick: { every: '1h', executor: 'shell', prompt: 'true', catchUp: 'skip' } });
    await homer('start');
    expect(await show('tick')).toMatchObject({
      origin: 'file',
      catchUp: 'skip',
      source: 'config',
      spec: '1h',
    });
    expect((await refused('schedules', 'rm', 'tick')).code).toBe('HOMER_SCHEDULE_FIXED');
    expect((await refused('schedules', 'edit', 'tick', '--every', '2h')).code).toBe('HOMER_SCHEDULE_FIXED');
    const { occurrence } = await json<{ occurrence: Occurrence }>('schedules', 'run', 'tick');
    await homer('attach', occurrence.jobId ?? '');
    await homer('schedules', 'pause', 'tick');
    // Reloaded while it runs: one is changed, one is new; what a person paused stays so.
    write({
      tick: { every: '2h', executor: 'shell', prompt: 'true' },
      tock: { cron: '0 3 * * *', timeZone: 'Europe/Berlin', executor: 'shell', prompt: 'true' },
    });
    await untilEvent((type, { name }) => type === 'schedule.created' && name === 'tock');
    expect(await show('tick')).toMatchObject({
      spec: '2h',
      enabled: false,
      lastOccurrence: { state: 'ran' },
    });
    write({});
    await untilEvent((type, { name }) => type === 'schedule.removed' && name === 'tock');
    expect(await json('schedules')).toEqual({ schedules: [] });
  });

  test('what is wrong with one is told with its line', async () => {
    write({
      a: { cron: '61 * * * *', prompt: 'x' },
      b: { every: '1h', at: '2026-01-01 08:00', prompt: 'x' },
      c: { every: '1h', timeZone: 'Mars/Olympus', prompt: 'x' },
      d: { prompt: 'x' },
      e: { every: '1h', prompt: 'x', shell: true },
    });
    const checked = await room.run(['config', 'check']);
    expect(checked.code).toBe(78);
    for (const part of [
      'schedules.a.cron',
      'schedules.b.every',
      'schedules.c.timeZone',
      'schedules.d',
      'schedules.e.shell',
    ])
      expect(checked.stderr + checked.stdout).toContain(part);
  });
});

describe('a reminder', () => {
  test('is told back in full, said once, stands in the status until it was seen, over a kill', async () => {
    const said = await homer('remind', 'in 1 second to call Bob');
    expect(said).toMatch(
      /Reminder: call Bob\n {2}once, on \w+, \d+ \w+ \d{4}, \d\d:\d\d:\d\d \(.*\)\n`homer remind undo \w{6}`/,
    );
    await untilEvent((type, { text }) => type === 'reminder.due' && text === 'call Bob');
    await killDaemon();
    await homer('start');
    const { notices } = await json<StatusAnswer>('status');
    expect(notices).toMatchObject([{ about: 'reminder', message: 'call Bob' }]);
    expect(await homer()).toContain('One thing needs you.');
    expect(await homer('remind', 'list')).toContain('told');
    await homer('remind', 'seen', notices[0]?.id ?? '');
    expect((await json<StatusAnswer>('status')).notices).toEqual([]);
    expect(await homer('remind', 'list')).toContain('There is no reminder');
  });

  test('that repeats has its next times, in its own zone, and is taken back', async () => {
    const { reminder } = await json<{ reminder: Reminder }>(
      'remind',
      'every weekday at 8 stand up',
      '--tz',
      'Asia/Tokyo',
    );
    expect(reminder).toMatchObject({
      text: 'stand up',
      does: false,
      timeZone: 'Asia/Tokyo',
      spec: '0 8 * * 1-5',
      unseen: false,
    });
    expect(reminder.next).toHaveLength(5);
    expect(reminder.next.every((at) => at.endsWith('T23:00:00.000Z'))).toBe(true);
    expect(reminder.reading).toMatch(/^every weekday, Monday to Friday, first on .*, 08:00 \(Asia\/Tokyo\)$/);
    // Not among the schedules.
    expect(await json('schedules')).toEqual({ schedules: [] });
    expect(await homer('remind', 'undo', reminder.id.slice(-6))).toBe('The reminder is taken back: stand up');
    expect((await json<{ reminders: Reminder[] }>('remind', 'list')).reminders).toEqual([]);
  });

  test('that can be read in two ways is refused with the readings, and each has words of its own', async () => {
    await homer('start');
    const {
      code,
      choices = [],
      ...ended
    } = await refused('remind', 'next friday at 3 to call', '--tz', 'Europe/Berlin');
    expect(code).toBe('HOMER_REMINDER_AMBIGUOUS');
    expect(ended.stderr).toBe('');
    expect(choices.length).toBeGreaterThan(1);
    const chosen = choices[1]?.phrase ?? '';
    const { reminder } = await json<{ reminder: Reminder }>('remind', chosen);
    expect(reminder).toMatchObject({ timeZone: 'Europe/Berlin', text: 'call', kind: 'at' });
    for (const [phrase, expected] of [
      ['yesterday at 8 nothing', 'HOMER_REMINDER_PAST'],
      ['call Bob', 'HOMER_REMINDER_UNCLEAR'],
    ])
      expect((await refused('remind', phrase ?? '')).code).toBe(expected);
    expect((await json<{ reminders: Reminder[] }>('remind', 'list')).reminders).toHaveLength(1);
  });

  test('gives a task, where it is told to', async () => {
    const { reminder } = await json<{ reminder: Reminder }>(
      'remind',
      '-x',
      'shell',
      'in 1 second: echo done > did',
    );
    expect(reminder.does).toBe(true);
    await untilEvent((type) => type === 'occurrence.ran');
    expect(readFileSync(join(room.work, 'did'), 'utf8')).toBe('done\n');
    const { notices } = await json<StatusAnswer>('status');
    expect(notices).toEqual([]);
  });
});

test('a schedule that fails and fails is paused, and the status says so', async () => {
  await homer('schedules', 'add', 'broken', '--every', '1s', '--pause-after', '2', '-x', 'shell', 'exit 3');
  await untilEvent((type, { by }) => type === 'schedule.paused' && by === 'failures');
  const { notices } = await json<StatusAnswer>('status');
  expect(notices).toMatchObject([{ about: 'schedule', name: 'broken' }]);
  expect(notices[0]?.message).toContain('failed 2 times in a row and is paused');
  expect(await show('broken')).toMatchObject({ enabled: false, pausedBy: 'failures', failures: 2 });
  expect((await log('broken')).filter(({ state }) => state === 'failed')).toHaveLength(2);
  await homer('schedules', 'resume', 'broken');
  expect((await json<StatusAnswer>('status')).notices).toEqual([]);
});
