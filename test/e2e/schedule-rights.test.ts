// Who may let a schedule do what: the owner's schedules are the owner's, and nobody else's words get into them.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildConfig } from '../../src/config/build.ts';
import { createPreparation } from '../../src/intake/intake.ts';
import { passOn } from '../../src/lifecycle/waypoint.ts';
import type { Caller, Operation } from '../../src/operations/operation.ts';
import { reminderOperations } from '../../src/operations/reminders.ts';
import type { Scope } from '../../src/core/scope.ts';
import type { RouteName } from '../../src/operations/routes.ts';
import { scheduleOperations } from '../../src/operations/schedules.ts';
import { SchedulerRoom } from './scheduler-room.ts';

const caller = (tokenId: string, isOwner: boolean, ...scopes: Scope[]): Caller => ({
  tokenId,
  isOwner,
  scopes: new Set(scopes),
  source: `http:${tokenId}`,
});
const owner = caller('owner', true, 'read', 'chat', 'operate', 'admin');
const admin = caller('admin', false, 'read', 'operate', 'admin');
const guest = caller('guest', false, 'read', 'operate');

let room: SchedulerRoom;
let operations: readonly Operation[];

beforeEach(async () => {
  room = new SchedulerRoom();
  await room.open();
  const { ledger, home, scheduler } = room;
  const config = buildConfig(
    { executors: { named: { kind: 'command', argv: ['true'] } } },
    { port: 0, userHome: '/' },
  );
  const prepare = createPreparation({
    ...{ ledger, home, pass: passOn },
    config: () => config,
    executors: () => config.executors,
    defaultExecutor: () => null,
  });
  const options = { ledger, home, scheduler, prepare };
  operations = [...scheduleOperations(options), ...reminderOperations(options)];
});

afterEach(() => room.close());

async function call(
  name: RouteName,
  input: Record<string, unknown>,
  by: Caller,
): Promise<Record<string, Record<string, unknown>>> {
  const operation = operations.find((each) => each.name === name);
  if (operation === undefined) throw new Error(`no ${name}`);
  const { output } = await operation.handle(operation.input.parse(input), by, new AbortController().signal);
  return operation.output.parse(output) as Record<string, Record<string, unknown>>;
}

const rules = { kind: 'every', spec: '1h', prompt: 'reboot' };

test('the built-in shell is for schedules of the owner and of admin tokens', async () => {
  await call('schedules.create', { ...rules, name: 'a', executor: 'shell' }, owner);
  await call('schedules.create', { ...rules, name: 'b', executor: 'shell' }, admin);
  await expect(
    call('schedules.create', { ...rules, name: 'c', executor: 'shell' }, guest),
  ).rejects.toMatchObject({
    code: 'HOMER_EXECUTOR_REFUSED',
  });
  await expect(
    call('reminders.create', { phrase: 'in 5 minutes: reboot', executor: 'shell' }, guest),
  ).rejects.toMatchObject({
    code: 'HOMER_EXECUTOR_REFUSED',
  });
  await call('schedules.create', { ...rules, name: 'd', executor: 'named' }, guest);
  expect(room.ledger.schedules.list().map(({ name, byOwner }) => `${name} ${byOwner}`)).toEqual([
    'a true',
    'b true',
    'd false',
  ]);
});

test("somebody else's words do not get into a schedule of the owner with the owner's rights", async () => {
  await call('schedules.create', { ...rules, name: 'a', executor: 'shell' }, owner);
  await expect(call('schedules.change', { id: 'a', prompt: 'steal' }, guest)).rejects.toMatchObject({
    code: 'HOMER_EXECUTOR_REFUSED',
  });
  expect(room.ledger.schedules.get('a')).toMatchObject({ prompt: 'reboot', byOwner: true });
  await call('schedules.change', { id: 'a', executor: 'named', prompt: 'mine' }, guest);
  expect(room.ledger.schedules.get('a').byOwner).toBe(false);
  // Nor do they get the rights back by waiting for the owner to touch it.
  await call('schedules.change', { id: 'a', jitterMs: 5 }, owner);
  expect(room.ledger.schedules.get('a').byOwner).toBe(false);
});

test("what the owner's schedule does, only those have done now who could have asked for it, or are told of it", async () => {
  await call('schedules.create', { ...rules, name: 'a', executor: 'shell' }, owner);
  await call('schedules.create', { ...rules, name: 'b', executor: 'named' }, owner);
  await expect(call('schedules.run', { id: 'a' }, guest)).rejects.toMatchObject({
    code: 'HOMER_EXECUTOR_REFUSED',
  });
  expect(room.ledger.occurrences.list(room.ledger.schedules.get('a').id, 1)).toEqual([]);
  for (const [id, by] of [
    ['b', guest],
    ['a', owner],
    ['a', admin],
  ] as const)
    expect((await call('schedules.run', { id }, by))['occurrence']?.['jobId']).toMatch(/^j/);
});

test('the same key makes one, also when the answer was lost', async () => {
  const one = await call('schedules.create', { ...rules, executor: 'named', key: 'k' }, owner);
  const again = await call('schedules.create', { ...rules, executor: 'named', key: 'k' }, owner);
  expect(again['schedule']?.['id']).toBe(one['schedule']?.['id']);
  const first = await call('reminders.create', { phrase: 'in 5 minutes: tea', key: 'r' }, owner);
  room.now += 1_000;
  const second = await call('reminders.create', { phrase: 'in 5 minutes: tea', key: 'r' }, owner);
  expect(second['reminder']?.['nextAt']).toBe(first['reminder']?.['nextAt']);
  expect(room.ledger.schedules.list()).toHaveLength(2);
});

test('what has a new time counts from now, all else keeps its times', async () => {
  await call('schedules.create', { ...rules, name: 'a', executor: 'named' }, owner);
  const { nextAt } = room.ledger.schedules.get('a');
  room.now += 30 * 60_000;
  await call('schedules.change', { id: 'a', prompt: 'other', name: 'b' }, owner);
  expect(room.ledger.schedules.get('b').nextAt).toBe(nextAt);
  await call('schedules.change', { id: 'b', spec: '2h' }, owner);
  expect(room.ledger.schedules.get('b').nextAt).toBe(room.now + 2 * 3_600_000);
  await expect(call('schedules.change', { id: 'b', kind: 'cron' }, owner)).rejects.toMatchObject({
    code: 'HOMER_SCHEDULE_INVALID',
  });
});

test('a schedule that is over cannot go on', async () => {
  const at = new Date(room.now + 60_000).toISOString();
  await call('schedules.create', { ...rules, name: 'a', kind: 'at', spec: at, executor: 'named' }, owner);
  await call('schedules.pause', { id: 'a' }, owner);
  room.now += 120_000;
  await expect(call('schedules.resume', { id: 'a' }, owner)).rejects.toMatchObject({
    code: 'HOMER_SCHEDULE_OVER',
  });
  expect(room.ledger.schedules.get('a').pausedBy).toBe('person');
});
