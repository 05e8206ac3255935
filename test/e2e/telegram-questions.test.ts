// What an agent asks in words reaches the chat, and is answered there once: with a button, or in words.

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { QuestionView } from '../../src/operations/questions.ts';
import type { ChaosDaemon } from '../chaos/chaos-daemon.ts';
import { owner, stranger } from '../fixtures/telegram-server/server.ts';
import { openTelegramRoom, type TelegramRoom } from './telegram-room.ts';

let room: TelegramRoom;
let daemon: ChaosDaemon;
beforeEach(async () => {
  room = await openTelegramRoom();
  daemon = room.home.start();
  expect(await daemon.ready).not.toBeNull();
});
afterEach(() => room.remove());

const notify = `telegram:${owner.id}`;

async function ask(text: string, choices: readonly string[] = []): Promise<string> {
  const { body } = await daemon.ask<{ question: QuestionView }>('POST', '/api/v1/questions', {
    ...{ text, choices, notify },
  });
  await room.untilSeen(text);
  return body.question.id;
}

async function questionOf(id: string): Promise<QuestionView> {
  return (await daemon.ask<{ question: QuestionView }>('GET', `/api/v1/questions/${id}`)).body.question;
}

test('a button is one of the answers, and somebody else’s tap is none', async () => {
  const id = await ask('Which *one*?', ['the first', 'the second']);
  const shown = await room.untilSeen('Which *one*?');
  room.server.press(owner.id, shown.id, 'the first', stranger);
  room.server.press(owner.id, shown.id, 'the second');
  await room.server.until(() => shown.text.includes('💬 the second'));
  expect(await questionOf(id)).toMatchObject({ state: 'answered', answer: 'the second', answeredBy: notify });
  expect(shown.buttons).toEqual([]);
});

test('/answer gives any answer: of the only question by itself, of several by id', async () => {
  const first = await ask('What colour?');
  room.server.say(owner.id, '/answer a dark green');
  await room.untilSeen('The agent is told: a dark green');
  expect(await questionOf(first)).toMatchObject({ answer: 'a dark green' });
  const [second, third] = [await ask('How many?'), await ask('And when?')];
  room.server.say(owner.id, '/answer seven');
  await room.untilSeen('answers one of these');
  room.server.say(owner.id, `/answer ${third.slice(-6)} tomorrow`);
  await room.untilSeen('The agent is told: tomorrow');
  expect([(await questionOf(second)).state, (await questionOf(third)).answer]).toEqual([
    'pending',
    'tomorrow',
  ]);
});
