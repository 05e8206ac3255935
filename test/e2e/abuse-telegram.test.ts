// Abuse of Telegram, case by case (29 to 34 of the list of abuse cases; 21 to 28 are of webhooks), through a real daemon and our
// own server.

import { createConnection } from 'node:net';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobView } from '../../src/operations/job-view.ts';
import type { ChaosDaemon } from '../chaos/chaos-daemon.ts';
import { owner, stranger } from '../fixtures/telegram-server/server.ts';
import { openTelegramRoom, type TelegramRoom } from './telegram-room.ts';

let room: TelegramRoom;
beforeEach(async () => {
  room = await openTelegramRoom();
});
afterEach(() => room.remove());

async function start(telegram?: Record<string, unknown>): Promise<ChaosDaemon> {
  if (telegram !== undefined) room.configure(telegram);
  const daemon = room.home.start();
  expect(await daemon.ready).not.toBeNull();
  return daemon;
}

async function jobs(daemon: ChaosDaemon): Promise<readonly JobView[]> {
  return (await daemon.ask<{ jobs: readonly JobView[] }>('GET', '/api/v1/jobs')).body.jobs;
}

/** Resolves when all that was said to the bot is taken, and what the owner says now is answered. */
async function settle(word: string): Promise<void> {
  room.server.say(owner.id, word);
  await room.untilSeen(word);
  await room.server.until(() => room.server.unconfirmed === 0, 'the bot to take all');
}

const audit = (daemon: ChaosDaemon, what: string): readonly string[] =>
  daemon.lines().filter((line) => line.includes(what));

test('29 an unknown id under the @name of the owner makes no job, one line in the log and one answer', async () => {
  const daemon = await start();
  expect(stranger.username).toBe(owner.username);
  for (let i = 0; i < 20; i++) room.server.say(stranger.id, `/status ${i}`, { from: stranger });
  await settle('mine');
  expect((await jobs(daemon)).map(({ prompt }) => prompt)).toEqual(['mine']);
  expect(room.shown(stranger.id)).toHaveLength(1);
  expect(audit(daemon, 'neither allowed nor paired')).toHaveLength(1);
  expect(audit(daemon, 'neither allowed nor paired')[0]).toContain(`"person":"${stranger.id}"`);
});

test('30 an update that comes many times is one job', async () => {
  const daemon = await start();
  room.server.say(owner.id, 'once');
  await room.untilSeen('✅ Done');
  for (let i = 0; i < 3; i++) {
    room.server.repeatAll();
    await settle(`after ${i}`);
  }
  expect((await jobs(daemon)).filter(({ prompt }) => prompt === 'once')).toHaveLength(1);
  expect(room.shown().filter(({ text }) => text === 'once')).toHaveLength(1);
});

test('31 groups, channels, anonymous administrators, bots, edited and forwarded messages follow the policy', async () => {
  const daemon = await start({ allow: [owner.id, -100] });
  const { server } = room;
  // A group that is not allowed, also with the owner in it; a stranger in one that is.
  server.say(-200, 'in a group of others');
  server.say(-100, 'a stranger in our group', { from: stranger });
  // Nobody stands behind these whom one could know.
  const anonymous = { id: 1_087_968_824, is_bot: true, first_name: 'Group', username: 'GroupAnonymousBot' };
  server.say(-100, 'anonymous', { from: anonymous, more: { sender_chat: { id: -100, type: 'supergroup' } } });
  server.say(-100, 'as a channel', { more: { sender_chat: { id: -300, type: 'channel' } } });
  server.say(-100, 'a bot', { from: { ...owner, is_bot: true } });
  const post = { message_id: 1, date: 1, chat: { id: -300, type: 'channel' }, text: 'a post' };
  server.push('channel_post', post);
  server.push('edited_message', { ...post, from: owner, chat: { id: owner.id, type: 'private' } });
  const forward_origin = { type: 'user', date: 1, sender_user: stranger };
  server.say(owner.id, '/stop', { more: { forward_origin } });
  server.say(-100, 'allowed');
  await settle('mine');
  const prompts = (await jobs(daemon)).map(({ prompt }) => prompt).toSorted();
  // A command that was forwarded is somebody else's words, and marked so.
  expect(prompts).toEqual([
    '[This message was forwarded; somebody else wrote it.]\n\n/stop',
    'allowed',
    'mine',
  ]);
  expect(room.shown(-200)).toEqual([]);
  expect(room.shown(-300)).toEqual([]);
});

describe('32 in webhook mode', () => {
  const url = 'https://homer.example.net/telegram';

  async function startWebhook(): Promise<{ daemon: ChaosDaemon; port: number; secret: string }> {
    const daemon = await start({ mode: 'webhook', url });
    await room.server.until(() => room.server.webhook !== null, 'the webhook to be set');
    const port = Number(
      /"port":(\d+)/.exec(daemon.lines().find((line) => line.includes('"ready"')) ?? '')?.[1],
    );
    expect(room.server.webhook?.url).toBe(url);
    const secret = room.server.webhook?.secret ?? '';
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    return { daemon, port, secret };
  }

  const update = (id: number, text: string): unknown => ({
    update_id: id,
    message: { message_id: id, date: 1, from: owner, chat: { id: owner.id, type: 'private' }, text },
  });

  const bring = async (port: number, secret: string | null, body: unknown): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${port}/telegram`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(secret === null ? {} : { 'x-telegram-bot-api-secret-token': secret }),
      },
      body: JSON.stringify(body),
    });
    await response.text();
    return response.status;
  };

  test('a wrong secret is refused before the body is read', async () => {
    const { daemon, port, secret } = await startWebhook();
    for (const head of ['', 'X-Telegram-Bot-Api-Secret-Token: wrong\r\n']) {
      const socket = createConnection(port, '127.0.0.1');
      // Of the million bytes that are announced, none is ever sent.
      socket.write(
        `POST /telegram HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n${head}\r\n`,
      );
      expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 401 /);
    }
    expect(await bring(port, 'wrong', update(1, 'forged'))).toBe(401);
    expect(await bring(port, null, update(1, 'forged'))).toBe(401);
    // Guesses are slowed down; the right one passes all the same.
    const guesses: number[] = [];
    for (let i = 0; i < 25; i++) guesses.push(await bring(port, `guess ${i}`, update(1, 'forged')));
    expect(guesses).toContain(429);
    expect(await bring(port, secret, { no: 'update' })).toBe(400);
    expect(await bring(port, secret, update(2, 'genuine'))).toBe(200);
    await room.untilSeen('genuine');
    expect((await jobs(daemon)).map(({ prompt }) => prompt)).toEqual(['genuine']);
  });

  test('an update is on disk before it is acknowledged, and one that comes twice is one job', async () => {
    const { daemon, port, secret } = await startWebhook();
    expect(await bring(port, secret, update(7, 'once'))).toBe(200);
    await daemon.end('SIGKILL');
    const again = await start();
    const second = Number(
      /"port":(\d+)/.exec(again.lines().find((line) => line.includes('"ready"')) ?? '')?.[1],
    );
    await room.server.until(() => room.server.webhook?.secret !== secret, 'another secret');
    // What the killed one was sent under is void now.
    expect(await bring(second, secret, update(7, 'once'))).toBe(401);
    expect(await bring(second, room.server.webhook?.secret ?? '', update(7, 'once'))).toBe(200);
    await room.untilSeen('once');
    expect(await jobs(again)).toHaveLength(1);
    // Fetching would take the webhook away; it is not done.
    expect(room.server.calls.map(({ method }) => method)).not.toContain('getUpdates');
  });

  test('without it nothing is taken there', async () => {
    const daemon = await start();
    const port = Number(
      /"port":(\d+)/.exec(daemon.lines().find((line) => line.includes('"ready"')) ?? '')?.[1],
    );
    expect(await bring(port, 'anything', update(1, 'forged'))).toBe(404);
    expect(await jobs(daemon)).toEqual([]);
  });
});

test('33 a tap of somebody else on an approval is refused, and one that was used is good no second time', async () => {
  const daemon = await start();
  room.server.say(owner.id, '/agent asking');
  await room.untilSeen('From now on asking');
  const path = join(room.home.base, 'effects', 'asked');
  room.server.say(owner.id, `${JSON.stringify([['make']])}\n${path}`);
  const question = await room.untilSeen('May it use Bash?');
  const [, , deny] = question.buttons.flat();
  room.server.press(owner.id, question.id, 'Once', stranger);
  await room.server.until(() => room.server.unconfirmed === 0, 'the tap to be taken');
  expect(existsSync(`${path}.effect`)).toBe(false);
  expect(audit(daemon, 'neither allowed nor paired')).toHaveLength(1);

  const tap = (data: string): number =>
    room.server.push('callback_query', {
      id: `q-${data}`,
      from: owner,
      chat_instance: '1',
      data,
      message: {
        message_id: question.id,
        date: 1,
        chat: { id: owner.id, type: 'private' },
        text: question.text,
      },
    });
  tap(deny?.callback_data ?? '');
  await room.untilSeen('🚫 Denied');
  await room.untilSeen('✅ Done');
  tap((deny?.callback_data ?? '').replace('deny', 'once'));
  await room.server.until(() => room.server.chats.answers.length === 2, 'both answers');
  expect(String(room.server.chats.answers[1]?.['text'])).toMatch(/denied/);
  expect(existsSync(`${path}.effect`)).toBe(false);
});

describe('34 what is said', () => {
  test('of 5 MB is refused in words, and the bot goes on', async () => {
    const daemon = await start();
    room.server.say(owner.id, 'x'.repeat(5 * 1024 * 1024));
    await settle('mine');
    const prompts = (await jobs(daemon)).map(({ prompt }) => prompt.length);
    expect(prompts).toEqual([4]);
    expect(room.shown().map(({ text }) => text)[0]).toMatch(/prompt/);
  });

  test('by an agent in 5 MB, with bidi marks, zero width and escapes, comes in parts that fit', async () => {
    room.configure(
      { executors: ['big'] },
      {
        executors: {
          big: {
            kind: 'command',
            argv: [process.execPath, '-e', `process.stdout.write(${JSON.stringify(odd)}.repeat(60_000))`],
          },
        },
        defaultExecutor: 'big',
      },
    );
    await start();
    room.server.say(owner.id, 'go');
    await room.untilSeen('✅ Done');
    const parts = room.shown().filter(({ text }) => text !== '✅ Done');
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.length).toBeLessThanOrEqual(8);
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    for (const { text } of parts) expect(text).not.toMatch(/[\u001b\u202e\u200b\u2066]/);
    expect(parts[0]?.text).toContain('abc');
    expect(room.server.chats.violations).toEqual([]);
  });

  test('with nothing in it that can be seen is still a message', async () => {
    await start();
    room.server.say(owner.id, '\u200b\u2060\u202e.\u200b'.replace('.', '\u2800'));
    await room.untilSeen('✅ Done');
    expect(room.server.chats.violations).toEqual([]);
  });

  test('to somebody who blocked the bot is a dead letter, not tried again', async () => {
    room.server.blocked.add(99);
    const daemon = await start({ allow: [owner.id, 99] });
    await room.home.submit(daemon, room.home.plan('once'), { executor: 'echo', notify: 'telegram:99' });
    await daemon.until(
      async () =>
        (await daemon.ask<{ deliveries: unknown[] }>('GET', '/api/v1/deliveries?state=dead')).body.deliveries
          .length === 1,
    );
    await settle('mine');
    // The message that follows the job, and its answer.
    expect(room.server.calls.filter(({ fields }) => Number(fields['chat_id']) === 99)).toHaveLength(2);
  });
});

/** An escape, an override of direction, an isolate, and a space of no width; 90 characters with its line end. */
const odd = `\u001b[31mabc\u001b[0m \u202egnp.exe \u2066x\u2069 a\u200bb ${'z'.repeat(56)}\n`;
