// What an agent asks reaches the chat, and a tap answers it once.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ApprovalView } from '../../src/operations/approvals.ts';
import type { ChaosDaemon } from '../chaos/chaos-daemon.ts';
import { owner, stranger } from '../fixtures/telegram-server/server.ts';
import { openTelegramRoom, type TelegramRoom } from './telegram-room.ts';

let room: TelegramRoom;
let daemon: ChaosDaemon;
beforeEach(async () => {
  room = await openTelegramRoom();
  daemon = room.home.start();
  expect(await daemon.ready).not.toBeNull();
  room.server.say(owner.id, '/agent asking');
  await room.untilSeen('From now on asking');
});
afterEach(() => room.remove());

/** The agent wants to do this; resolves with the file that tells whether it did. */
async function want(command: string): Promise<string> {
  const path = join(room.home.base, 'effects', 'asked');
  room.server.say(owner.id, `${JSON.stringify([[command]])}\n${path}`);
  await room.untilSeen('May it use Bash?');
  return path;
}

const answers = (): readonly unknown[] => room.server.chats.answers.map(({ text }) => text);

test('a question comes with its command, and one tap allows it once', async () => {
  const path = await want('make *all* <now>');
  const question = await room.untilSeen('May it use Bash?');
  expect(question.text).toContain('make *all* <now>');
  room.server.press(owner.id, question.id, 'Once');
  await room.untilSeen('✅ Done');
  expect(readFileSync(`${path}.effect`, 'utf8')).toBe('make *all* <now>\n');
  expect(question.text).toContain('✅ Allowed once');
  expect(question.buttons).toEqual([]);
});

test('33 a tap of somebody else is nothing', async () => {
  const path = await want('rm -rf /');
  const question = await room.untilSeen('May it use Bash?');
  room.server.press(owner.id, question.id, 'Once', stranger);
  room.server.press(owner.id, question.id, 'Deny');
  await room.untilSeen('🚫 Denied');
  await room.untilSeen('✅ Done');
  expect(existsSync(`${path}.effect`)).toBe(false);
});

test('a tap that comes too late says what happened instead', async () => {
  const path = await want('make');
  const question = await room.untilSeen('May it use Bash?');
  const { body } = await daemon.ask<{ approvals: readonly ApprovalView[] }>(
    'GET',
    '/api/v1/approvals?state=pending',
  );
  await daemon.ask('POST', `/api/v1/approvals/${body.approvals[0]?.id ?? ''}/deny`);
  await room.untilSeen('✅ Done');
  room.server.press(owner.id, question.id, 'Once');
  await room.server.until(() => answers().length === 1);
  expect(answers()).toEqual([expect.stringContaining('http:owner denied it')]);
  expect(existsSync(`${path}.effect`)).toBe(false);
});

test('33 a tap that is delivered twice is one answer', async () => {
  const path = await want('make');
  const question = await room.untilSeen('May it use Bash?');
  room.server.press(owner.id, question.id, 'Session');
  await room.server.until(() => answers().length === 1);
  room.server.repeatAll();
  await room.untilSeen('✅ Done');
  room.server.say(owner.id, '/status');
  await room.untilSeen('Homer is healthy');
  expect(readFileSync(`${path}.effect`, 'utf8')).toBe('make\n');
});

test('the tools it uses are shown while it works, with the way to stop it', async () => {
  await want('make');
  await room.server.until(() => room.shown().some(({ text }) => text.includes('🔧 Bash make')));
  const status = await room.untilSeen('🔧 Bash make');
  room.server.press(owner.id, status.id, 'Stop');
  await room.untilSeen('⏹ Cancelled');
  expect(status.versions.length).toBeLessThan(10);
});
