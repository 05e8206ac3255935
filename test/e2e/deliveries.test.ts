// What becomes of messages in a daemon that is cut off, restored, or told what to do with what nobody knows.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeliveryView } from '../../src/operations/deliveries.ts';
import type { ChaosDaemon } from '../chaos/chaos-daemon.ts';
import { owner } from '../fixtures/telegram-server/server.ts';
import { openLedgerIn } from './ledger-room.ts';
import { openTelegramRoom, type TelegramRoom } from './telegram-room.ts';

let room: TelegramRoom;
beforeEach(async () => {
  room = await openTelegramRoom();
});
afterEach(() => room.remove());

/** Puts a plain message into the outbox of a daemon that does not run. */
async function write(text: string, key = text): Promise<void> {
  const ledger = await openLedgerIn(room.home.path);
  await ledger.commit(() =>
    ledger.deliveries.add({ target: `telegram:${owner.id}`, key, jobId: null, text }, ledger.now()),
  );
  ledger.close('drained');
}

async function list(daemon: ChaosDaemon): Promise<readonly DeliveryView[]> {
  return (await daemon.ask<{ deliveries: readonly DeliveryView[] }>('GET', '/api/v1/deliveries')).body
    .deliveries;
}

const untilState = (daemon: ChaosDaemon, state: string): Promise<void> =>
  daemon.until(async () => (await list(daemon)).every((each) => each.state === state));

/** The next message is there, and nobody hears of it. */
function cutNext(): void {
  let left = 1;
  room.server.fault = (method) => (method === 'sendMessage' && left-- > 0 ? 'cut-after' : null);
}

describe('a plain message that may have arrived', () => {
  test('waits for a person, is seen by them, and is sent again when they want it', async () => {
    await write('remember the milk');
    cutNext();
    const daemon = room.home.start();
    await untilState(daemon, 'unknown');
    expect(room.shown().map(({ text }) => text)).toEqual(['remember the milk']);
    const [delivery] = await list(daemon);
    const { body } = await daemon.ask<{ needsYou: readonly { deliveryId: string }[] }>(
      'GET',
      '/api/v1/status',
    );
    expect(body.needsYou.map(({ deliveryId }) => deliveryId)).toEqual([delivery?.id]);
    await daemon.ask('POST', `/api/v1/deliveries/${delivery?.id ?? ''}/retry`);
    await untilState(daemon, 'delivered');
    expect(room.shown()).toHaveLength(2);
  });

  test.each([
    ['resend', 'delivered', 2],
    ['drop', 'dropped', 1],
  ])('is treated as configured: %s', async (onUnknown, state, times) => {
    room.configure({}, { deliveries: { onUnknown } });
    await write('remember the milk');
    cutNext();
    const daemon = room.home.start();
    await untilState(daemon, state);
    expect(room.shown()).toHaveLength(times);
  });

  test('is unknown as well when the daemon is killed before it hears of it', async () => {
    await write('remember the milk');
    expect((await room.home.start({ kill: 'd2-sent' }).exited).signal).toBe('SIGKILL');
    const daemon = room.home.start();
    await untilState(daemon, 'unknown');
    expect(room.shown()).toHaveLength(1);
  });
});

test('a message of a known key is one message, however often it is added', async () => {
  await write('once');
  await write('once');
  const daemon = room.home.start();
  await untilState(daemon, 'delivered');
  expect(room.shown()).toHaveLength(1);
});

test('messages keep their order behind one that has to wait', async () => {
  for (let i = 0; i < 4; i++) await write(`number ${i}`);
  let left = 1;
  room.server.fault = (method) => (method === 'sendMessage' && left-- > 0 ? 'flood' : null);
  const daemon = room.home.start();
  await untilState(daemon, 'delivered');
  expect(room.shown().map(({ text }) => text)).toEqual(['number 0', 'number 1', 'number 2', 'number 3']);
  expect(room.server.chats.violations).toEqual([]);
});

test('after a restore nothing is sent that the other copy may have sent, and no message is taken from it', async () => {
  await write('remember the milk');
  // A copy in its place: the same path, another directory.
  const copy = join(room.home.base, 'copy');
  cpSync(room.home.path, copy, { recursive: true });
  rmSync(room.home.path, { recursive: true });
  cpSync(copy, room.home.path, { recursive: true });
  const daemon = room.home.start();
  await untilState(daemon, 'unknown');
  expect(room.shown()).toEqual([]);
  expect(room.server.calls.map(({ method }) => method)).not.toContain('getUpdates');
  await daemon.ask('POST', '/api/v1/resume');
  room.server.say(owner.id, 'and now');
  await room.untilSeen('✅ Done');
});

test('a name is nowhere to deliver to', async () => {
  const daemon = room.home.start();
  const { status } = await daemon.ask('POST', '/api/v1/jobs', {
    prompt: 'x',
    executor: 'echo',
    notify: 'telegram:@odo',
  });
  expect(status).toBe(400);
});
