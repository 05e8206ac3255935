// From a chat to an agent and back, through a real daemon.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { owner } from '../fixtures/telegram-server/server.ts';
import { openTelegramRoom, type TelegramRoom } from './telegram-room.ts';

let room: TelegramRoom;
beforeEach(async () => {
  room = await openTelegramRoom();
});
afterEach(() => room.remove());

test('what is said becomes a job, and its answer takes the place of the message that followed it', async () => {
  const daemon = room.home.start();
  await daemon.ready;
  room.server.say(owner.id, 'say **hello** <b>');
  const answer = await room.untilSeen('hello');
  await room.untilSeen('✅ Done');
  expect(answer.text).toBe('say hello <b>');
  expect(answer.versions.length).toBeGreaterThan(1);
  expect(room.shown().map(({ text }) => text)).toEqual(['say hello <b>', '✅ Done']);
  expect(room.server.chats.violations).toEqual([]);
  expect(await daemon.end('SIGTERM')).toEqual({ code: 0, signal: null });
});
