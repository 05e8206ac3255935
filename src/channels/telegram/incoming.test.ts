import { expect, test } from 'vitest';
import type { Update } from 'grammy/types';
import { readUpdate } from './incoming.ts';

const doors = { mayUse: (id: string) => id === '4711', mayUseGroup: (chat: string) => chat === '-100' };
const odo = { id: 4711, is_bot: false, first_name: 'Odo', username: 'odo' };
const message = (more: object): Update =>
  ({
    update_id: 1,
    message: { message_id: 2, date: 0, from: odo, chat: { id: 4711, type: 'private' }, text: 'hi', ...more },
  }) as never;
const group = { chat: { id: -100, type: 'supergroup', title: 'g' } };

test.each([
  ['a borrowed @name', { from: { ...odo, id: 666 }, chat: { id: 666, type: 'private' } }, 'stranger'],
  ['somebody else in an allowed group', { ...group, from: { ...odo, id: 666 } }, 'nothing'],
  ['an anonymous administrator', { ...group, sender_chat: { id: -100 } }, 'nothing'],
  ['a group that nobody allowed', { chat: { id: -200, type: 'group' } }, 'nothing'],
  ['a post of a channel', { from: undefined }, 'nothing'],
  ['another bot', { from: { ...odo, is_bot: true } }, 'nothing'],
])('%s makes no job', (_, more, is) => expect(readUpdate(message(more), doors)).toMatchObject({ is }));

test('31 what is edited later changes nothing', () => {
  const { message: edited } = message({});
  expect(readUpdate({ update_id: 1, edited_message: edited } as never, doors)).toMatchObject({
    is: 'nothing',
  });
});

test('31 a forwarded message is told from the words of the person', () => {
  expect(readUpdate(message({ forward_origin: { type: 'hidden_user' } }), doors)).toMatchObject({
    isForwarded: true,
  });
});

test('a topic is a place of its own, a reply is not', () => {
  const topic = { ...group, message_thread_id: 9 };
  expect(readUpdate(message({ ...topic, is_topic_message: true }), doors)).toMatchObject({ topic: '9' });
  expect(readUpdate(message(topic), doors)).toMatchObject({ topic: null });
});

test('a button pressed by somebody else is not theirs to press', () => {
  const press = {
    id: 'q',
    from: { ...odo, id: 666 },
    chat_instance: '',
    data: 'once:a',
    message: { message_id: 1, date: 1, ...group },
  };
  expect(readUpdate({ update_id: 1, callback_query: press } as never, doors)).toMatchObject({
    is: 'stranger',
  });
});
