// `homer webhooks` and `homer doctor`, as their owner has them, with a daemon and a secret of Homer's own.

import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type {
  WebhooksAnswer,
  WebhookSecretAnswer,
  WebhookTestAnswer,
  JobAnswer,
  JobsAnswer,
} from '../../src/cli/answers.ts';
import { readRecord } from '../../src/lifecycle/record.ts';
import { openRoom, type Room } from './cli-process.ts';
import { ask, type Said } from './gateway-fixture.ts';
import { bearer, secret } from './hook-room.ts';

let room: Room;

const config = (webhooks: unknown, more: object = {}): void =>
  writeFileSync(
    join(room.home, 'config.yaml'),
    JSON.stringify({
      executors: { echo: { kind: 'command', argv: ['printf', '%s', '{prompt}'] } },
      webhooks,
      ...more,
    }),
    { mode: 0o600 },
  );

beforeEach(async () => {
  room = await openRoom();
  mkdirSync(room.home, { mode: 0o700 });
});
afterEach(() => room.close());

async function json<Answer>(...args: string[]): Promise<Answer> {
  const { stdout, stderr } = await room.run([...args, '--json']);
  expect(stdout, stderr).not.toBe('');
  return JSON.parse(stdout) as Answer;
}

async function send(name: string, key: string, id: string): Promise<Said> {
  const port = (await readRecord(room.home))?.port ?? 0;
  return ask(port, { method: 'POST', path: `/hooks/${name}`, body: '{}', headers: bearer(id, key) });
}

test('a secret that Homer keeps: made, told, tried, replaced, with and without time for the old one', async () => {
  config(
    {
      ci: {
        scheme: 'bearer',
        secret: { generated: true },
        executor: 'echo',
        events: ['build'],
        when: { 'payload.ok': [true] },
        prompt: '{{payload.type}} {{payload.ok}} {{payload.by.name}}',
      },
    },
    { hosts: ['hooks.example.net'] },
  );
  await room.run(['start']);
  const listed = await json<WebhooksAnswer>('webhooks');
  expect(listed.webhooks).toMatchObject([
    { name: 'ci', mounted: true, problem: null, jobs: 0, lastJobAt: null },
  ]);
  const address = await room.run(['webhooks', 'url', 'ci']);
  expect(address.stdout.trim().split('\n')).toEqual([
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/hooks\/ci$/),
    'https://hooks.example.net/hooks/ci',
  ]);
  const file = /Its secret is in (.*)\.$/m.exec(address.stderr)?.[1] ?? '';
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const first = readFileSync(file, 'utf8').trim();

  // A sample passes the filters, is marked as a test, and is no delivery of the sender's.
  const tried = await json<WebhookTestAnswer>('webhooks', 'test', 'ci');
  const { job } = await json<JobAnswer>('job', tried.job?.id ?? '');
  expect(job).toMatchObject({ source: 'hook:ci:test', prompt: 'build true sample of payload.by.name' });
  expect((await json<WebhooksAnswer>('webhooks')).webhooks[0]?.jobs).toBe(0);
  const left = await room.run(['webhooks', 'test', 'ci', '--payload', '-'], { input: '{"type":"other"}' });
  expect(left).toMatchObject({ code: 0 });
  expect(left.stdout).toContain('left out: its event is none of build');

  const body = { type: 'build', ok: true };
  const { secret: second } = await json<WebhookSecretAnswer>('webhooks', 'rotate', 'ci', '--grace', '1h');
  const port = (await readRecord(room.home))?.port ?? 0;
  const sendAs = (key: string, id: string): Promise<Said> =>
    ask(port, { method: 'POST', path: '/hooks/ci', body: JSON.stringify(body), headers: bearer(id, key) });
  expect((await sendAs(first, 'a')).status).toBe(202);
  expect((await sendAs(second, 'b')).status).toBe(202);
  const { secret: third } = await json<WebhookSecretAnswer>('webhooks', 'rotate', 'ci');
  expect((await sendAs(first, 'c')).status).toBe(401);
  expect((await sendAs(second, 'd')).status).toBe(401);
  expect((await sendAs(third, 'e')).status).toBe(202);
  expect(new Set([first, second, third]).size).toBe(3);
  expect((await json<WebhooksAnswer>('webhooks')).webhooks[0]?.jobs).toBe(3);
});

test('a webhook without a secret is told everywhere, and one that is added or taken away needs no restart', async () => {
  config({ blank: { scheme: 'bearer', secret: '', executor: 'echo', prompt: 'x' } });
  const before = await room.run(['doctor']);
  expect(before.stdout).toContain('Webhook "blank" is not answered: its secret is blank.');
  await room.run(['start']);
  const shown = await room.run(['webhooks']);
  expect([shown.code, shown.stdout]).toEqual([
    1,
    expect.stringMatching(/blank +bearer +not answered .*Its secret is blank/),
  ]);
  const after = (await room.run(['doctor'])).stdout;
  expect(after).toContain('Webhook "blank" is not answered: Its secret is blank.');
  // The daemon's word is enough.
  expect(after.match(/"blank" is not answered/gi)).toHaveLength(1);
  expect((await room.run(['status'])).code).toBe(1);
  expect((await room.run(['webhooks', 'test', 'blank'])).stderr).toContain('Its secret is blank');
  expect((await room.run(['webhooks', 'rotate', 'blank'])).code).toBe(2);
  expect((await room.run(['webhooks', 'url', 'none'])).stderr).toContain('There is no webhook "none"');

  const log = (): string => readFileSync(join(room.home, 'logs/daemon.log'), 'utf8');
  expect(log()).toContain('this webhook is not answered');
  config({ mended: { scheme: 'bearer', secret, executor: 'echo', prompt: 'x' } });
  const { pid = 0 } = (await readRecord(room.home)) ?? {};
  process.kill(pid, 'SIGHUP');
  await room.run(['jobs']);
  expect((await send('mended', secret, 'a')).status).toBe(202);
  expect((await send('blank', '', 'b')).status).toBe(404);
  expect((await room.run(['status'])).code).toBe(0);
  expect((await json<JobsAnswer>('jobs')).jobs.map(({ source }) => source)).toEqual(['hook:mended']);
});

test('a secret that a program tells is asked for once, and again when the configuration is read again', async () => {
  const script = join(room.work, 'secret.sh');
  const tell = (word: string): void =>
    writeFileSync(script, `#!/bin/sh\necho x >> ${join(room.work, 'asked')}\necho ${word}\n`, {
      mode: 0o755,
    });
  tell(secret);
  config({ told: { scheme: 'bearer', secret: { exec: [script] }, executor: 'echo', prompt: 'x' } });
  await room.run(['start']);
  for (const id of ['a', 'b', 'c']) expect((await send('told', secret, id)).status).toBe(202);
  expect(readFileSync(join(room.work, 'asked'), 'utf8')).toBe('x\n');
  tell(`${secret}-new`);
  const { pid = 0 } = (await readRecord(room.home)) ?? {};
  process.kill(pid, 'SIGHUP');
  await room.run(['jobs']);
  expect((await send('told', `${secret}-new`, 'd')).status).toBe(202);
  expect((await send('told', secret, 'e')).status).toBe(401);
});

test("the owner's token is no secret of a webhook", async () => {
  const file = join(room.home, 'token');
  config({ same: { scheme: 'bearer', secret: { file }, executor: 'echo', prompt: 'x' } });
  await room.run(['start']);
  const token = readFileSync(file, 'utf8').trim();
  expect((await send('same', token, 'a')).status).toBe(404);
  expect((await json<WebhooksAnswer>('webhooks')).webhooks[0]?.problem).toContain("owner's token");
});

test('what a webhook lacks beside its secret is told to the owner, and its sender is told to come again', async () => {
  const gone = join(room.work, 'gone');
  config({
    agentless: { scheme: 'bearer', secret, prompt: 'x' },
    placeless: { scheme: 'bearer', secret, executor: 'echo', cwd: gone, prompt: 'x' },
    well: { scheme: 'bearer', secret, executor: 'echo', prompt: 'x' },
  });
  await room.run(['start']);
  for (const name of ['agentless', 'placeless']) {
    const said = await send(name, secret, 'a');
    expect(said).toMatchObject({ status: 503, json: { code: 'HOMER_HOOK_UNREADY' } });
    expect(Number(said.headers['retry-after'])).toBeGreaterThan(0);
    expect(said.text).not.toMatch(/install|agent CLI|gone/i);
  }
  const { stdout, code } = await room.run(['webhooks']);
  expect(code).toBe(1);
  expect(stdout).toMatch(/agentless +bearer +not answered +0 +1 +No executor was named/);
  expect(stdout).toMatch(/placeless +bearer +not answered .*gone does not exist/);
  expect(stdout).toMatch(/well +bearer +answered +0 +0 +none yet/);
  expect(stdout).toMatch(/Last refused of agentless, just now: HOMER_HOOK_UNREADY/);
  const { webhooks } = await json<WebhooksAnswer>('webhooks');
  expect(webhooks[0]).toMatchObject({ refused: 1, lastRefusal: { code: 'HOMER_HOOK_UNREADY' } });
  const status = await room.run(['status']);
  expect([status.code, status.stdout]).toEqual([1, expect.stringContaining('"agentless" is not answered')]);
  const doctor = (await room.run(['doctor'])).stdout;
  expect(doctor.match(/"placeless" is not answered/g)).toHaveLength(1);
  // The owner who tries it is told why.
  expect((await room.run(['webhooks', 'test', 'placeless'])).stderr).toContain('gone does not exist');

  // Once it is there, the same delivery is taken.
  mkdirSync(gone);
  expect((await send('placeless', secret, 'a')).status).toBe(202);
  expect((await json<WebhooksAnswer>('webhooks')).webhooks[1]).toMatchObject({
    mounted: true,
    problem: null,
  });
  expect((await room.run(['status'])).stdout).not.toContain('placeless');
});

test('where a file that was refused makes none, an empty list says so', async () => {
  config({});
  await room.run(['start']);
  const none = (await room.run(['webhooks'])).stdout;
  expect(none).toContain('There is no webhook yet');
  expect(none).not.toContain('refused');
  config({ lost: { scheme: 'bearer', secret, lane: 'work', prompt: 'x' } });
  const { pid = 0 } = (await readRecord(room.home)) ?? {};
  process.kill(pid, 'SIGHUP');
  await room.run(['jobs']);
  expect((await room.run(['webhooks'])).stdout).toContain('config.yaml was refused');
  expect((await room.run(['schedules'])).stdout).toContain('config.yaml was refused');
});
