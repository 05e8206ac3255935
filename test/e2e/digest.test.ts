// "While you were away": told once after a time without Homer, and after a silence, whatever is killed in between.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ChaosDaemon, StartOptions } from '../chaos/chaos-daemon.ts';
import type { DigestView } from '../../src/operations/digest.ts';
import { owner } from '../fixtures/telegram-server/server.ts';
import { faultsAt, openTelegramRoom, type TelegramRoom } from './telegram-room.ts';

const hour = 3_600_000;

let room: TelegramRoom;
beforeEach(async () => {
  room = await openTelegramRoom();
  setClock(0);
  configure();
});
afterEach(() => room.remove());

const clockFile = (): string => join(room.home.base, 'clock');

/** The daemon's clock is ahead of ours by so many ms. */
function setClock(ms: number): void {
  writeFileSync(clockFile(), String(ms));
}

function configure(more: Record<string, unknown> = {}): void {
  room.configure({}, { digest: { to: `telegram:${owner.id}` }, ...more });
}

async function start(options: StartOptions = {}): Promise<ChaosDaemon> {
  const daemon = room.home.start({ ...options, more: ['--clock', clockFile()] });
  if (options.kill === undefined) expect(await daemon.ready).not.toBeNull();
  return daemon;
}

const told = (): readonly string[] =>
  room
    .shown()
    .map(({ text }) => text)
    .filter((text) => text.includes('While you were away'));

async function say(text: string): Promise<void> {
  room.server.say(owner.id, text);
  await room.untilSeen(text);
}

test('after a kill and nine hours: what ran, failed, was missed, waits, and why it restarted; once, at faults and kills', async () => {
  configure({
    schedules: {
      nightly: { every: '1h', catchUp: 'skip', prompt: 'true', executor: 'echo' },
    },
  });
  const first = await start();
  await say('done before');
  room.server.say(owner.id, '/agent fails');
  await room.untilSeen('From now on fails');
  room.server.say(owner.id, 'what fails');
  await room.untilSeen('❌ Failed');
  await first.end('SIGKILL');

  setClock(9 * hour);
  // Killed right after the message was committed, and again where it has been sent and nobody knows.
  const send = faultsAt(0.3, ['cut-after', 'error', 'gateway'], 3);
  room.server.fault = (method) => (method === 'getUpdates' ? null : send());
  for (const kill of ['d1-begun:1', 'd2-sent:2', 'd2-sent:1']) {
    const doomed = await start({ kill });
    expect(await doomed.exited).toEqual({ code: null, signal: 'SIGKILL' });
  }
  const last = await start();
  await room.untilSeen('I am back');
  expect(told()).toHaveLength(1);
  const [text = ''] = told();
  expect(text).toMatch(/While you were away \((9 h|9 h 1 min|9\.\d h)/);
  expect(text).toContain('it was killed');
  expect(text).toContain('2 done · ❌ 1 failed');
  expect(text).toMatch(/fails: what fails: .*it broke/s);
  expect(text).toMatch(/⏰ \d+ due times? missed: nightly/);

  // Told is told: neither another start nor the person's return repeats it.
  await last.end('SIGTERM');
  const again = await start();
  room.server.say(owner.id, '/agent default');
  await say('I am back, too');
  const { body } = await again.ask<DigestView>('GET', '/api/v1/digest');
  expect(body.failed.total).toBe(1);
  expect(body.missed[0]?.name).toBe('nightly');
  expect(body.restarts.map(({ cause }) => cause)).toEqual([
    'stopped',
    'killed',
    'killed',
    'killed',
    'killed',
  ]);
  expect(body.restarts[0]?.detail).toBe('SIGTERM');
  await again.end('SIGTERM');
  expect(told()).toHaveLength(1);
});

test('after a silence the first word brings it, without a bell; a second word does not', async () => {
  const daemon = await start();
  await say('first');
  await room.home.submit(daemon, room.home.plan('once'), { executor: 'echo' });
  setClock(9 * hour);
  await say('back again');
  await room.untilSeen('While you were away');
  expect(told()[0]).toMatch(/✅ \d+ done/);
  await say('and again');
  expect(told()).toHaveLength(1);
  expect(room.shown().map(({ text }) => text)).not.toContain('📋 I am back');
});

test('a short restart in order and an hour of silence are nobody’s news', async () => {
  const daemon = await start();
  await say('first');
  await daemon.end('SIGTERM');
  setClock(60_000);
  await start();
  setClock(hour);
  await say('back again');
  await say('and again');
  expect(told()).toEqual([]);
});
