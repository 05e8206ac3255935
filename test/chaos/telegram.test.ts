// Telegram in bad weather, and a daemon that dies on the way of a message, in and out.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { faultsAt, openTelegramRoom, type TelegramRoom } from '../e2e/telegram-room.ts';
import { owner } from '../fixtures/telegram-server/server.ts';

/** Every point of a message's path, as the sources name them. */
const points = [
  ...(/type MessagePoint =([^;]*);/
    .exec(readFileSync(join(import.meta.dirname, '../../src/lifecycle/waypoint.ts'), 'utf8'))?.[1]
    ?.matchAll(/'([^']+)'/g) ?? []),
].map(([, point = '']) => point);

let room: TelegramRoom;
beforeEach(async () => {
  room = await openTelegramRoom();
});
afterEach(() => room.remove());

interface Row {
  readonly kind: string;
  readonly state: string;
  readonly target: string;
}

/** Only while no daemon has the ledger open. */
function readDeliveries(): readonly Row[] {
  const database = new DatabaseSync(join(room.home.path, 'homer.db'));
  try {
    return database
      .prepare('SELECT kind, state, target FROM deliveries ORDER BY seq')
      .all() as unknown as Row[];
  } finally {
    database.close();
  }
}

/** What a person finds in a chat when all is over, but for the bells and messages that say nothing. */
const results = (chat: number): readonly string[] =>
  room
    .shown(chat)
    .map(({ text }) => text)
    .filter((text) => text.startsWith('message '));

test('the points are known', () => expect(points).toHaveLength(5));

describe.each(points)('killed at %s', (point) => {
  // The first passing, and later ones: of the message that follows, of its edit, and of the bell.
  test.each(point.startsWith('d') ? [1, 2, 3] : [1])(
    '(passing %i) a message is answered once',
    async (passing) => {
      const doomed = room.home.start({ kill: `${point}:${passing}` });
      room.server.say(owner.id, 'message 1');
      expect(await doomed.exited).toEqual({ code: null, signal: 'SIGKILL' });
      const daemon = room.home.start();
      await daemon.ready;
      room.server.say(owner.id, 'message 2');
      await room.server.until(() => results(owner.id).includes('message 2'), 'the second answer');
      await daemon.until(async () => {
        const { body } = await daemon.ask<{ deliveries: readonly Row[] }>('GET', '/api/v1/deliveries');
        return body.deliveries.length >= 4 && body.deliveries.every(({ state }) => state === 'delivered');
      });
      expect(await daemon.end('SIGTERM')).toEqual({ code: 0, signal: null });
      expect(results(owner.id)).toEqual(['message 1', 'message 2']);
      expect(room.server.chats.violations).toEqual([]);
    },
  );
});

const chats = Array.from({ length: 16 }, (_, i) => 9_000 + i);
const perChat = 12;

test('an hour of traffic at 30 % faults: nothing lost, nothing twice, every chat in order, every pause kept', async () => {
  room.configure({ allow: [owner.id, ...chats] }, { lanes: { default: { concurrency: 8 } } });
  const send = faultsAt(0.3, ['cut-before', 'cut-after', 'flood', 'error', 'gateway', 'slow']);
  const poll = faultsAt(0.3, ['cut-before', 'cut-after', 'error', 'gateway', 'slow', 'duplicate'], 7);
  room.server.fault = (method) => (method === 'getUpdates' ? poll() : send());
  const daemon = room.home.start();
  await daemon.ready;
  const said = (chat: number): string[] => Array.from({ length: perChat }, (_, i) => `message ${chat} ${i}`);
  for (let i = 0; i < perChat; i++)
    for (const chat of chats) room.server.say(chat, said(chat)[i] ?? '', { from: { ...owner, id: chat } });
  await room.server.until(
    () => chats.every((chat) => results(chat).length >= perChat),
    'all answers',
    140_000,
  );
  room.server.fault = () => null;
  await daemon.until(async () => {
    const { body } = await daemon.ask<{ deliveries: readonly Row[] }>(
      'GET',
      '/api/v1/deliveries?state=pending',
    );
    return body.deliveries.length === 0;
  });
  expect(await daemon.end('SIGTERM')).toEqual({ code: 0, signal: null });
  for (const chat of chats) expect(results(chat)).toEqual(said(chat));
  expect(room.server.chats.violations).toEqual([]);
  const rows = readDeliveries();
  expect(rows.filter(({ kind }) => kind === 'result')).toHaveLength(chats.length * perChat);
  expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(['delivered']));
}, 180_000);
