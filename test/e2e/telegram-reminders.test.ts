// Reminders that are asked for in a chat come back to it, and a schedule knows whether its results arrived.

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ChaosDaemon } from '../chaos/chaos-daemon.ts';
import { owner } from '../fixtures/telegram-server/server.ts';
import { openTelegramRoom, type TelegramRoom } from './telegram-room.ts';

let room: TelegramRoom;
let daemon: ChaosDaemon;
beforeEach(async () => {
  room = await openTelegramRoom();
  daemon = room.home.start();
  expect(await daemon.ready).not.toBeNull();
});
afterEach(() => room.remove());

interface Made {
  readonly id: string;
}
interface Occurrence {
  readonly state: string;
  readonly reason: string | null;
}

async function occurrences(scheduleId: string): Promise<readonly Occurrence[]> {
  const path = `/api/v1/schedules/${scheduleId}/occurrences`;
  return (await daemon.ask<{ occurrences: readonly Occurrence[] }>('GET', path)).body.occurrences;
}

async function remind(phrase: string, notify: string): Promise<string> {
  const { status, body } = await daemon.ask<{ reminder: Made }>('POST', '/api/v1/reminders', {
    phrase,
    notify,
  });
  expect(status).toBe(200);
  return body.reminder.id;
}

test('a reminder from a chat is told there, once, and then has run', async () => {
  room.server.say(owner.id, '/remind in 2 seconds to call Bob');
  await room.untilSeen('⏰ call Bob');
  room.server.say(owner.id, '/reminders');
  await room.untilSeen('There is no reminder');
  expect(room.shown().filter(({ text }) => text === '⏰ call Bob')).toHaveLength(1);
});

test('what can be read in two ways is asked back, with what would be clear', async () => {
  room.server.say(owner.id, '/remind at 8 to call Bob');
  const asked = await room.untilSeen('It may mean');
  // Which comes first depends on the hour of the day.
  expect(asked.text).toMatch(/08:00/);
  expect(asked.text).toMatch(/20:00/);
});

test('a reminder that cannot be delivered has failed, stands in the status, and is mended when it is sent again', async () => {
  const id = await remind('in 1 second to feed the cat', 'telegram:99');
  await daemon.until(async () => (await occurrences(id))[0]?.state === 'delivery_failed');
  interface Status {
    readonly needsYou: readonly { readonly deliveryId?: string }[];
    readonly notices: readonly { readonly message: string }[];
  }
  const { body } = await daemon.ask<Status>('GET', '/api/v1/status');
  expect(JSON.stringify(body.notices)).toContain('feed the cat');
  const deliveryId = body.needsYou[0]?.deliveryId ?? '';
  room.configure({ allow: [owner.id, 99] });
  await daemon.untilLine('configuration reloaded');
  await daemon.ask('POST', `/api/v1/deliveries/${deliveryId}/retry`);
  await daemon.until(async () => (await occurrences(id))[0]?.state === 'ran');
});

test('a job of a schedule whose result does not arrive has run, and its occurrence says that it was not delivered', async () => {
  const at = new Date(Date.now() + 1_500).toISOString();
  const made = await daemon.ask<{ schedule: Made }>('POST', '/api/v1/schedules', {
    name: 'report',
    kind: 'at',
    spec: at,
    prompt: 'what happened',
    executor: 'echo',
    notify: 'telegram:99',
  });
  const { id } = made.body.schedule;
  await daemon.until(async () => (await occurrences(id))[0]?.state === 'delivery_failed');
  expect((await occurrences(id))[0]?.reason).not.toBeNull();
});

test('a target that is none is refused before anything is planned', async () => {
  const { status } = await daemon.ask('POST', '/api/v1/reminders', {
    phrase: 'in 5 minutes to call Bob',
    notify: 'somebody',
  });
  expect(status).toBe(400);
});
