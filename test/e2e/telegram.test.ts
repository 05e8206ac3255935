// From a chat to an agent and back, through a real daemon and a Telegram server of our own.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobView } from '../../src/operations/job-view.ts';
import type { ChaosDaemon } from '../chaos/chaos-daemon.ts';
import { owner, stranger, token } from '../fixtures/telegram-server/server.ts';
import { openTelegramRoom, type TelegramRoom } from './telegram-room.ts';

let room: TelegramRoom;
beforeEach(async () => {
  room = await openTelegramRoom();
});
afterEach(() => room.remove());

async function start(): Promise<ChaosDaemon> {
  const daemon = room.home.start();
  expect(await daemon.ready).not.toBeNull();
  return daemon;
}

async function jobs(daemon: ChaosDaemon): Promise<readonly JobView[]> {
  return (await daemon.ask<{ jobs: readonly JobView[] }>('GET', '/api/v1/jobs')).body.jobs;
}

/** Resolves when the bot has taken all that was said to it. */
const taken = (): Promise<void> =>
  room.server.until(() => room.server.unconfirmed === 0, 'the bot to take all');

describe('words', () => {
  test('become a job, and its answer takes the place of the message that followed it', async () => {
    await start();
    room.server.say(owner.id, 'say **hello** <b>');
    await room.untilSeen('✅ Done');
    expect(room.shown().map(({ text }) => text)).toEqual(['say hello <b>', '✅ Done']);
    expect(room.shown()[0]?.versions[0]).toContain('echo · default');
    expect(room.server.chats.violations).toEqual([]);
  });

  test('30 that come twice make one job', async () => {
    const daemon = await start();
    room.server.say(owner.id, 'once');
    await room.untilSeen('✅ Done');
    room.server.repeatAll();
    room.server.say(owner.id, 'and then this');
    await room.untilSeen('and then this');
    await taken();
    expect(await jobs(daemon)).toHaveLength(2);
  });

  test('29 of strangers make no job and get one word, also under a borrowed @name', async () => {
    const daemon = await start();
    room.server.say(stranger.id, 'rm -rf /', { from: stranger });
    room.server.say(stranger.id, 'hello?', { from: stranger });
    room.server.say(owner.id, 'mine');
    await room.untilSeen('✅ Done');
    expect(room.shown(stranger.id).map(({ text }) => text)).toEqual([
      expect.stringContaining('I do not know you'),
    ]);
    expect((await jobs(daemon)).map(({ prompt }) => prompt)).toEqual(['mine']);
  });

  test('34 longer than a message come back in parts that fit, in order', async () => {
    await start();
    const lines = Array.from({ length: 600 }, (_, i) => `line ${i} of what was said`);
    room.server.say(owner.id, lines.join('\n'));
    await room.untilSeen('✅ Done');
    const parts = room.shown().filter(({ text }) => text.startsWith('line'));
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.map(({ text }) => text).join('\n')).toBe(lines.join('\n'));
    expect(room.server.chats.violations).toEqual([]);
  });

  test('cannot choose a command that is not for chats, the shell least of all', async () => {
    const daemon = await start();
    room.server.say(owner.id, '/agent shell');
    await room.untilSeen('From now on shell');
    room.server.say(owner.id, 'touch /tmp/owned');
    await room.untilSeen('"shell" is not for');
    room.server.say(owner.id, '/agent secret');
    await room.untilSeen('From now on secret');
    room.server.say(owner.id, 'x');
    await room.untilSeen('"secret" is not for');
    expect(await jobs(daemon)).toEqual([]);
  });

  test('of a topic are a conversation of their own, and answered there', async () => {
    room.configure({ allow: [owner.id, -100] });
    const daemon = await start();
    const more = { message_thread_id: 7, is_topic_message: true };
    room.server.say(-100, 'in a topic', { more });
    await room.untilSeen('✅ Done', -100);
    expect(room.shown(-100).map(({ topic }) => topic)).toEqual([7, 7]);
    const [job] = await jobs(daemon);
    expect(job?.cwd).toMatch(/workspaces\/telegram-g100-t7$/);
  });
});

test('a job that fails says so, and can be tried again by a button', async () => {
  await start();
  room.server.say(owner.id, '/agent fails');
  await room.untilSeen('From now on fails');
  room.server.say(owner.id, 'do it');
  const failed = await room.untilSeen('it broke');
  await room.untilSeen('❌ Failed');
  room.server.press(owner.id, failed.id, 'Retry');
  await room.server.until(() => room.server.chats.answers.length === 1);
  await room.server.until(() => room.shown().filter(({ text }) => text === '❌ Failed').length === 2);
  expect(room.shown().filter(({ text }) => text.includes('it broke'))).toHaveLength(1);
});

test('a message that a person deleted does not take the answer with it', async () => {
  const daemon = await start();
  await daemon.ask('POST', '/api/v1/lanes/default/pause');
  room.server.say(owner.id, 'still here');
  const status = await room.untilSeen('Queued');
  room.server.chats.remove(status.id);
  await daemon.ask('POST', '/api/v1/lanes/default/resume');
  await room.untilSeen('still here');
});

test('files go to the workspace under safe names, and what is left in outbox comes back once', async () => {
  const daemon = await start();
  room.server.files.set('documents/f1', Buffer.from('figures'));
  const document = {
    file_id: 'f1',
    file_unique_id: 'u',
    file_name: '../../.ssh/authorized_keys',
    file_size: 7,
  };
  room.server.say(owner.id, '', { more: { document, caption: 'read this' } });
  await room.untilSeen('✅ Done');
  const [job] = await jobs(daemon);
  const [, path = ''] = /came along: (\S+)\]/.exec(job?.prompt ?? '') ?? [];
  expect(path).toMatch(/^inbox\/\d+-ssh_authorized_keys$/);
  const workspace = job?.cwd ?? '';
  expect(readFileSync(join(workspace, path), 'utf8')).toBe('figures');
  expect(existsSync(join(room.home.path, '.ssh'))).toBe(false);

  mkdirSync(join(workspace, 'outbox'));
  writeFileSync(join(workspace, 'outbox/report.txt'), 'all is well');
  // Names that a header would take for its own.
  for (const name of ['of May; 2.txt', '"quoted"', 'two\nlines'])
    writeFileSync(join(workspace, 'outbox', name), 'x');
  room.server.say(owner.id, 'second');
  await room.untilSeen('report.txt');
  room.server.say(owner.id, 'third');
  await room.server.until(() => room.shown().filter(({ text }) => text === '✅ Done').length === 3);
  expect(
    room
      .shown()
      .filter(({ file }) => file !== null)
      .map(({ file }) => file),
  ).toEqual(['_quoted_:x', 'of May; 2.txt:x', 'report.txt:all is well', 'two_lines:x']);
});

test('somebody with a code from the terminal is let in, and stays so', async () => {
  room.configure({ allow: [] });
  const daemon = await start();
  const { code } = (await daemon.ask<{ code: string }>('POST', '/api/v1/telegram/pair', {})).body;
  room.server.say(owner.id, code);
  await room.untilSeen('We are paired');
  room.server.say(stranger.id, code, { from: stranger });
  room.server.say(owner.id, 'hello');
  await room.untilSeen('✅ Done');
  await daemon.end('SIGTERM');
  await start();
  room.server.say(owner.id, 'again');
  await room.untilSeen('again');
  expect(room.shown(stranger.id).every(({ text }) => text.includes('I do not know you'))).toBe(true);
});

test('somebody who is taken off the list is not heard any more, without a restart', async () => {
  const daemon = await start();
  room.server.say(owner.id, 'one');
  await room.untilSeen('✅ Done');
  room.configure({ allow: [1] });
  await daemon.untilLine('configuration reloaded');
  room.server.say(owner.id, 'two');
  await taken();
  expect((await jobs(daemon)).map(({ prompt }) => prompt)).toEqual(['one']);
});

describe('the token', () => {
  test('that is refused is said, stops nothing, and another one is used without a restart', async () => {
    writeFileSync(join(room.home.path, 'bot-token'), '123456:wrong');
    const daemon = await start();
    await daemon.untilLine('HOMER_TELEGRAM_TOKEN');
    const { body } = await daemon.ask<{
      problems: readonly { code: string }[];
      channels: { telegram: unknown };
    }>('GET', '/health');
    expect(body.problems.map(({ code }) => code)).toEqual(['HOMER_TELEGRAM_TOKEN']);
    expect(body.channels.telegram).toMatchObject({ problem: { code: 'HOMER_TELEGRAM_TOKEN' } });
    writeFileSync(join(room.home.path, 'bot-token'), token);
    process.kill(daemon.pid, 'SIGHUP');
    room.server.say(owner.id, 'now');
    await room.untilSeen('✅ Done');
    const health = await daemon.ask<{ problems: readonly unknown[]; channels: { telegram: unknown } }>(
      'GET',
      '/health',
    );
    expect(health.body.problems).toEqual([]);
    expect(health.body.channels.telegram).toMatchObject({ state: 'connected', bot: 'homer_bot' });
  });

  test('that is missing is said, and Homer works on', async () => {
    room.configure({ token: { file: '/nowhere/token' } });
    const daemon = await start();
    await daemon.untilLine('HOMER_SECRET_MISSING');
    const job = await room.home.submit(daemon, room.home.plan('once'), { executor: 'echo' });
    await daemon.untilJob(job.id, ({ state }) => state === 'succeeded');
  });

  test('is never in the log, whatever goes wrong', async () => {
    room.server.fault = (method) => (method === 'getUpdates' ? 'cut-before' : 'gateway');
    const daemon = await start();
    await daemon.untilLine('HOMER_TELEGRAM_AWAY');
    await daemon.end('SIGTERM');
    expect(daemon.lines().join('\n')).not.toContain(token.split(':')[1]);
  });
});

test('a second program with the same bot is named, and waited for', async () => {
  room.server.fault = (method) => (method === 'getUpdates' ? 'conflict' : null);
  const daemon = await start();
  await daemon.untilLine('HOMER_TELEGRAM_CONFLICT');
  expect(room.server.calls.filter(({ method }) => method === 'getUpdates')).toHaveLength(1);
  await daemon.end('SIGTERM');
});

describe('a delivery that is not the answer to a chat', () => {
  test('is told to the chat that was named, and traced', async () => {
    const daemon = await start();
    const job = await room.home.submit(daemon, room.home.plan('once'), {
      executor: 'echo',
      notify: 'telegram:4711',
    });
    await room.untilSeen('✅ Done');
    await daemon.until(
      async () => (await steps(daemon, job.id)).filter((what) => what === 'delivered').length === 2,
    );
    expect(await steps(daemon, job.id)).toEqual(
      expect.arrayContaining(['received', 'queued', 'running', 'run_ended', 'succeeded', 'delivered']),
    );
  });

  test('to the web is there to be read', async () => {
    const daemon = await start();
    const job = await room.home.submit(daemon, room.home.plan('once'), { executor: 'echo', notify: 'web' });
    interface Listed {
      readonly deliveries: readonly {
        readonly state: string;
        readonly text: string;
        readonly jobId: string;
      }[];
    }
    const list = async (): Promise<Listed> =>
      (await daemon.ask<Listed>('GET', '/api/v1/deliveries?target=web')).body;
    await daemon.until(async () => (await list()).deliveries[0]?.state === 'delivered');
    expect((await list()).deliveries).toMatchObject([
      { jobId: job.id, text: expect.stringContaining('once-1') as string },
    ]);
  });

  test('to a chat that nobody let in is refused before there is a job', async () => {
    const daemon = await start();
    for (const notify of ['telegram:99', 'telegram:-4711']) {
      const body = { prompt: 'x', executor: 'echo', notify };
      const said = await daemon.ask<{ code: string }>('POST', '/api/v1/jobs', body);
      expect(said).toMatchObject({ status: 400, body: { code: 'HOMER_TARGET_INVALID' } });
    }
  });

  test('to somebody who blocked the bot is a dead letter that a person sees', async () => {
    room.configure({ allow: [owner.id, 99] });
    room.server.blocked.add(99);
    const daemon = await start();
    await room.home.submit(daemon, room.home.plan('once'), { executor: 'echo', notify: 'telegram:99' });
    interface Status {
      readonly needsYou: readonly { readonly deliveryId?: string; readonly message: string }[];
    }
    const needs = async (): Promise<Status['needsYou']> =>
      (await daemon.ask<Status>('GET', '/api/v1/status')).body.needsYou;
    await daemon.until(async () => (await needs()).length === 1);
    const [first] = await needs();
    expect(first?.message).toContain('cannot be delivered');
    await daemon.ask('POST', `/api/v1/deliveries/${first?.deliveryId ?? ''}/drop`);
    expect(await needs()).toEqual([]);
  });
});

async function steps(daemon: ChaosDaemon, id: string): Promise<readonly string[]> {
  const { body } = await daemon.ask<{ steps: readonly { what: string }[] }>(
    'GET',
    `/api/v1/jobs/${id}/trace`,
  );
  return body.steps.map(({ what }) => what);
}

test.each([
  ['/help', '/trace'],
  ['/status', 'Homer is healthy'],
  ['/jobs', 'There is no job yet'],
  ['/lane', 'work: 0 running'],
  ['/lane nowhere', 'There is no lane'],
  ['/work', 'in lane work'],
  ['/verbose 2', 'everything'],
  ['/approve', 'Nothing waits'],
  ['/job zzzz', 'There is no job'],
  ['/constructor', 'There is no /constructor'],
  ['/new', 'A fresh conversation'],
])('%s is answered', async (command, answer) => {
  await start();
  room.server.say(owner.id, command);
  await room.untilSeen(answer);
  expect(room.server.chats.violations).toEqual([]);
});
