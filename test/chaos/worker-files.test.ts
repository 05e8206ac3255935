// What a run on another host leaves for its person: it comes to where a run of this host would have left it, through cuts and kills of
// either end, and to the chat once; what does not come is told.

import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { owner, TelegramServer, token } from '../fixtures/telegram-server/server.ts';
import type { ChaosDaemon } from './chaos-daemon.ts';
import type { ChaosJob } from './chaos-home.ts';
import { until } from './signals.ts';
import { createWorkerRoom, isDone, type ChaosWorker, type WorkerRoom } from './worker-room.ts';

let server: TelegramServer;
let room: WorkerRoom;
let daemon: ChaosDaemon;
let nas: ChaosWorker;

/** Does in its workspace what PROMPT.script says. */
const scripted = {
  kind: 'command',
  argv: ['sh', '-c', '. "$1.script"; printf "did %s\\n" "${1##*/}"', 'scripted', '{prompt}'],
  idempotent: true,
};

beforeEach(async () => {
  server = new TelegramServer();
  const apiRoot = await server.start();
  const telegram = { token: { env: 'BOT' }, allow: [owner.id], apiRoot, executors: ['scripted'] };
  room = await createWorkerRoom({ leaseMs: 60_000, executors: { scripted }, config: { telegram } });
  room.home.env['BOT'] = token;
  daemon = room.start();
  nas = await room.worker(daemon, 'nas', { labels: 'far' });
});
afterEach(async () => {
  await room.remove();
  await server.stop();
});

async function submit(
  script: string,
  more: Record<string, unknown> = {},
): Promise<{ job: ChaosJob; id: string }> {
  const job = room.home.plan('once');
  writeFileSync(`${job.path}.script`, script);
  const wishes = { lane: 'far', executor: 'scripted', notify: `telegram:${owner.id}`, ...more };
  return { job, id: (await room.home.submit(daemon, job, wishes)).id };
}

/** Where they are on this host. */
const outboxOf = async (id: string): Promise<string> => join((await daemon.job(id)).cwd, 'outbox');
const filesInChat = (): string[] =>
  server.chats
    .in(owner.id)
    .flatMap(({ file }) => (file === null ? [] : [file]))
    .sort();

/** Everything that was to be said was said. */
async function untilTold(): Promise<void> {
  await daemon.until(async () => {
    const path = '/api/v1/deliveries?limit=100';
    const { body } = await daemon.ask<{ deliveries: readonly { state: string }[] }>('GET', path);
    return body.deliveries.every(({ state }) => state === 'delivered');
  });
}

const toldIn = (text: string): string[] =>
  server.chats
    .in(owner.id)
    .map((message) => message.text)
    .filter((each) => each.includes(text));

test('files come to the outbox and to the chat, each once, also when a later turn leaves more beside them', async () => {
  const talk = { session: 'talk' };
  const first = await submit(
    'mkdir outbox; printf one > outbox/a.txt; printf "two words" > "outbox/b c.txt"',
    talk,
  );
  await daemon.untilJob(first.id, isDone);
  const outbox = await outboxOf(first.id);
  expect(readdirSync(outbox).sort()).toEqual(['a.txt', 'b c.txt']);
  expect(readFileSync(join(outbox, 'b c.txt'), 'utf8')).toBe('two words');
  expect(statSync(join(outbox, 'a.txt')).mode & 0o777).toBe(0o600);
  const second = await submit('printf "one more" > outbox/a.txt; printf three > outbox/d.txt', talk);
  expect((await daemon.untilJob(second.id, isDone)).runs).toMatchObject([{ host: 'nas' }]);
  expect(readFileSync(join(outbox, 'a.txt'), 'utf8')).toBe('one more');
  await untilTold();
  expect(filesInChat()).toEqual(['a.txt:one', 'a.txt:one more', 'b c.txt:two words', 'd.txt:three']);
  // Nobody is to be told of this one; its files come all the same.
  const quiet = await submit('mkdir outbox; printf x > outbox/x', { notify: undefined });
  await daemon.untilJob(quiet.id, isDone);
  expect(readFileSync(join(await outboxOf(quiet.id), 'x'), 'utf8')).toBe('x');
  // Nothing is kept twice.
  for (const run of readdirSync(join(room.home.path, 'runs')))
    expect(readdirSync(join(room.home.path, 'runs', run))).not.toContain('left');
  expect(readdirSync(join(nas.home, 'runs'))).toEqual([]);
  expect(daemon.lines().join('\n')).not.toContain('"level":50');
});

test('cut in the middle of a file, with the worker and the daemon killed in turn, it comes whole and once', async () => {
  const body = randomBytes(12 * 1024 * 1024).toString('hex');
  writeFileSync(join(room.home.base, 'body'), body);
  const { id } = await submit(`mkdir outbox; cp '${join(room.home.base, 'body')}' outbox/big.txt`);
  const { runs } = await daemon.untilJob(id, (job) => job.runs.length === 1);
  const mirror = join(room.home.path, 'runs', runs[0]?.id ?? '');
  const come = (): number => statSync(join(mirror, 'left'), { throwIfNoEntry: false })?.size ?? 0;
  await until([join(room.home.path, 'runs')], () => existsSync(mirror));
  const blows = [
    async () => nas.proxy.cut(),
    async () => {
      await nas.process.end('SIGKILL');
      nas = nas.restart();
    },
    async () => {
      await daemon.end('SIGKILL');
      daemon = room.start();
    },
  ];
  const seen: number[] = [];
  for (const [index, blow] of blows.entries()) {
    await until([mirror], () => come() >= (index + 1) * 2 * 1024 * 1024);
    seen.push(come());
    await blow();
  }
  // Each fell in the middle, and what had come by then was not thrown away.
  for (const bytes of seen) expect(bytes).toBeLessThan(body.length);
  const done = await daemon.untilJob(id, isDone);
  expect(done.runs).toMatchObject([{ verdict: 'done', host: 'nas' }]);
  const hash = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
  expect(hash(readFileSync(join(await outboxOf(id), 'big.txt')))).toBe(hash(body));
  await untilTold();
  expect(filesInChat().map(hash)).toEqual([hash(`big.txt:${body}`)]);
});

test('links, directories and hidden files stay, what is too large or too many is told, and the answer comes', async () => {
  const secret = join(room.home.base, 'secret');
  writeFileSync(secret, 'not for you');
  const hostile = await submit(`mkdir -p outbox/directory
    ln -s '${secret}' outbox/link; ln -s .. outbox/up; mkfifo outbox/fifo; : > outbox/empty
    printf h > outbox/.hidden; printf 's' > 'outbox/back\\slash'; printf good > outbox/good.txt`);
  await daemon.untilJob(hostile.id, isDone);
  expect(readdirSync(await outboxOf(hostile.id))).toEqual(['good.txt']);

  const large = await submit(
    'mkdir outbox; truncate -s 60M outbox/huge.bin; for i in 10 11 12 13 14 15 16 17 18 19 20 21; do printf $i > outbox/$i; done',
  );
  expect((await daemon.untilJob(large.id, isDone)).result?.text).toContain('did ');
  expect(readdirSync(await outboxOf(large.id)).sort()).toEqual([
    ...Array.from({ length: 10 }, (_, index) => String(index + 10)),
    'good.txt',
  ]);
  await untilTold();
  expect(filesInChat()).toContain('good.txt:good');
  expect(filesInChat()).toHaveLength(11);
  const [told = '', ...more] = toldIn('not sent');
  expect(more).toEqual([]);
  expect(told).toContain('on nas');
  expect(told).toContain('huge.bin: more than 49 MB');
  expect(told).toContain('21: more than 10 at a time');
});

test('an outbox that is a link leads nowhere: nothing is read through it there, nothing is written through it here', async () => {
  const away = join(room.home.base, 'away');
  mkdirSync(away);
  writeFileSync(join(away, 'theirs'), 'x');
  const linked = await submit(`ln -s '${away}' outbox`);
  const { cwd } = await daemon.untilJob(linked.id, isDone);
  expect(existsSync(join(cwd, 'outbox'))).toBe(false);
  symlinkSync(away, join(cwd, 'outbox'));
  const into = await submit('rm outbox; mkdir outbox; printf mine > outbox/mine.txt');
  await daemon.untilJob(into.id, isDone);
  await untilTold();
  expect(readdirSync(away)).toEqual(['theirs']);
  expect(toldIn('mine.txt: it could not be brought')).toHaveLength(1);
});
