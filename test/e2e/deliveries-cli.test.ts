// Messages at the command line: whom a result is told to, what could not be said, the way of a job, and a code for Telegram.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DeliveriesAnswer, PairAnswer, TelegramAnswer, TraceAnswer } from '../../src/cli/answers.ts';
import { readRecord } from '../../src/lifecycle/record.ts';
import { owner, TelegramServer, token } from '../fixtures/telegram-server/server.ts';
import { openRoom, type Room } from './cli-process.ts';

let room: Room;
let server: TelegramServer;
let configure: (telegram?: object) => void;
beforeEach(async () => {
  room = await openRoom();
  server = new TelegramServer();
  const apiRoot = await server.start();
  mkdirSync(room.home, { recursive: true, mode: 0o700 });
  const bot = join(room.home, 'bot-token');
  writeFileSync(bot, token, { mode: 0o600 });
  configure = (telegram) =>
    writeFileSync(
      join(room.home, 'config.yaml'),
      JSON.stringify({ telegram: { token: { file: bot }, apiRoot, ...telegram } }),
    );
  configure();
});
afterEach(async () => {
  await room.close();
  await server.stop();
});

async function homer(...args: string[]): Promise<string> {
  const ended = await room.run(args);
  expect(`${ended.code} ${ended.stderr}`).toMatch(/^0 /);
  return ended.stdout.trimEnd();
}

const parsed = async <Answer>(...args: string[]): Promise<Answer> =>
  JSON.parse(await homer(...args, '--json')) as Answer;

test('a code from the terminal lets somebody in, to whom a result can be told from then on', async () => {
  await homer('start');
  const { code } = await parsed<PairAnswer>('telegram', 'pair');
  server.say(owner.id, code.toUpperCase());
  await server.until(() => server.chats.in(owner.id).some(({ text }) => text.includes('We are paired')));
  const { people, state } = await parsed<TelegramAnswer>('telegram');
  expect(state).toBe('connected');
  expect(people.map(({ id }) => id)).toEqual([String(owner.id)]);

  expect(await homer('run', '-x', 'shell', '--notify', `telegram:${owner.id}`, 'echo told')).toBe('told');
  await server.until(() => server.chats.in(owner.id).some(({ text }) => text === '✅ Done'));
  const { steps } = await parsed<TraceAnswer>('trace', 'last');
  const way = ['received', 'queued', 'running', 'run_ended', 'succeeded'];
  expect(steps.map(({ what }) => what).filter((what) => what !== 'delivered')).toEqual(way);
  expect(await homer('trace', 'last')).toContain('succeeded');

  expect(await homer('telegram', 'unpair', String(owner.id))).toContain('Nobody may talk to it');
  const again = await room.run(['telegram', 'unpair', String(owner.id)]);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('is paired')]);
});

test('a connection that fails says why, in all places', async () => {
  writeFileSync(join(room.home, 'bot-token'), 'wrong', { mode: 0o600 });
  await homer('start');
  // It is asked once, and a token that is refused stays refused.
  let answer: Partial<TelegramAnswer> = {};
  while (answer.state !== 'failing')
    answer = JSON.parse((await room.run(['telegram', '--json'])).stdout) as TelegramAnswer;
  expect(answer.problem).toMatchObject({ code: 'HOMER_TELEGRAM_TOKEN' });
  const shown = await room.run(['telegram']);
  expect(shown.code).toBe(1);
  expect(shown.stdout).toMatch(
    /^Telegram at http:\/\/127\.0\.0\.1:\d+ is failing; it has never answered\.\n {2}\S/,
  );
  expect(shown.stdout).toContain('@BotFather');
  expect(await homer('telegram', 'pair')).toContain('It would not arrive now:');
});

test('what cannot be delivered needs you, until you decide', async () => {
  server.blocked.add(99);
  configure({ allow: [99] });
  await homer('run', '-x', 'shell', '--notify', 'telegram:99', 'echo x');
  // The result is tried only after its job has ended; nothing is waited for by time.
  let dead: DeliveriesAnswer['deliveries'] = [];
  while (dead.length === 0)
    dead = (await parsed<DeliveriesAnswer>('deliveries', '--state', 'dead')).deliveries;
  const id = dead[0]?.id ?? '';
  const status = await room.run(['status']);
  expect(status.stdout).toContain(`homer deliveries retry ${id}`);
  expect(await homer('deliveries')).toContain('blocked');
  // Without its channel a second try would only wait.
  writeFileSync(join(room.home, 'config.yaml'), '{}');
  const { pid = 0 } = (await readRecord(room.home)) ?? {};
  process.kill(pid, 'SIGHUP');
  await homer('jobs');
  const retried = await room.run(['deliveries', 'retry', id]);
  expect([retried.code, retried.stderr]).toEqual([1, expect.stringContaining('Telegram is not configured')]);
  expect(await homer('deliveries', 'drop', id.slice(-6))).toContain('given up');
  expect((await room.run(['status'])).stdout).not.toContain('homer deliveries');
  expect((await room.run(['deliveries', 'retry', 'zzzz'])).code).toBe(1);
});

test('what waits for a channel that was turned off says so', async () => {
  configure({ allow: [99] });
  await homer('start');
  await server.stop();
  await homer('run', '-x', 'shell', '--notify', 'telegram:99', 'echo x');
  let pending: DeliveriesAnswer['deliveries'] = [];
  while (pending.length === 0)
    pending = (await parsed<DeliveriesAnswer>('deliveries', '--state', 'pending')).deliveries;
  writeFileSync(join(room.home, 'config.yaml'), '{}');
  process.kill((await readRecord(room.home))?.pid ?? 0, 'SIGHUP');
  await homer('jobs');
  const { deliveries } = await parsed<DeliveriesAnswer>('deliveries', '--state', 'pending');
  for (const { reason } of deliveries) expect(reason).toContain('Telegram is not configured');
  expect(deliveries.length).toBeGreaterThan(0);
});

test('without Telegram nothing is promised to it', async () => {
  writeFileSync(join(room.home, 'config.yaml'), '{}');
  const ended = await room.run(['run', '-x', 'shell', '--notify', 'telegram:1', 'echo x']);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain('Telegram is not configured');
  expect((await room.run(['run', '-x', 'shell', '--notify', '@odo', 'echo x'])).code).not.toBe(0);
});
