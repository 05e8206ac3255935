// Webhooks in bad weather: the daemon is killed once they are answered, or before, and many come at once.

import { Agent, request } from 'node:http';
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { createHookHome, github, idOf, secret, startHooks } from '../e2e/hook-room.ts';
import type { ChaosHome } from './chaos-home.ts';
import { expectOrder } from './vocabulary.ts';

let home: ChaosHome;
afterEach(() => home.remove());

const hook = { scheme: 'github', secret, executor: 'again', prompt: '{{payload.path}}' };
const bodies = (count: number): { readonly path: string; readonly body: string; readonly id: string }[] =>
  Array.from({ length: count }, (_, index) => {
    const { path } = home.plan('again');
    return { path, body: JSON.stringify({ path }), id: `delivery-${index}` };
  });

test('twelve accepted webhooks, a kill -9 at once: twelve jobs, each exactly once', async () => {
  home = createHookHome({ ci: hook });
  const first = await startHooks(home);
  const sent = bodies(12);
  const answers = await Promise.all(sent.map(({ body, id }) => first.send('ci', body, github(body, { id }))));
  await first.daemon.end('SIGKILL');
  expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(202));

  const second = await startHooks(home);
  for (const answer of answers)
    await second.daemon.untilJob(idOf(answer), ({ state }) => state === 'succeeded');
  // Their senders repeat, under the same ids and under others, and get the jobs there are.
  const repeated = await Promise.all(
    sent.flatMap(({ body, id }) => [
      second.send('ci', body, github(body, { id })),
      second.send('ci', body, github(body)),
    ]),
  );
  expect(repeated.map(({ status, json }) => [status, json['duplicate']])).toEqual(
    Array.from({ length: 24 }, () => [200, true]),
  );
  expect(new Set(repeated.map(idOf))).toEqual(new Set(answers.map(idOf)));
  expect(await second.jobs()).toHaveLength(12);
  for (const { path } of sent)
    expect(readFileSync(`${path}.effect`, 'utf8').trim().split('\n')).toHaveLength(1);
  await second.daemon.end('SIGTERM');
  expect((await expectOrder(home)).jobs).toHaveLength(12);
});

test('a sender whose webhook was on disk but not answered repeats, and there is one job', async () => {
  home = createHookHome({ ci: hook });
  const doomed = await startHooks(home, { kill: '1-accepted:3' });
  const sent = bodies(8);
  const tries = await Promise.allSettled(
    sent.map(({ body, id }) => doomed.send('ci', body, github(body, { id }))),
  );
  await doomed.daemon.exited;
  const second = await startHooks(home);
  const answers = await Promise.all(
    sent.map(({ body, id }) => second.send('ci', body, github(body, { id }))),
  );
  expect(new Set(answers.map(idOf)).size).toBe(8);
  // Whatever was promised stands.
  tries.forEach((each, index) => {
    if (each.status === 'fulfilled') expect(idOf(each.value)).toBe(idOf(answers[index] ?? each.value));
  });
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(1);
  for (const answer of answers)
    await second.daemon.untilJob(idOf(answer), ({ state }) => state === 'succeeded');
  await second.daemon.end('SIGTERM');
  expect((await expectOrder(home)).jobs).toHaveLength(8);
});

test('26 a thousand copies of one webhook at once, under ids of their own: one job, and all are told its id', async () => {
  home = createHookHome({ ci: { ...hook, executor: 'echo' } });
  const { daemon, port, jobs } = await startHooks(home);
  const body = JSON.stringify({ path: 'once' });
  // As many connections as the daemon takes, with some to spare for others.
  const agent = new Agent({ keepAlive: true, maxSockets: 400 });
  const send = (id: string, text = body): Promise<{ status: number; id: string }> =>
    new Promise((resolve, reject) => {
      const headers = { ...github(text, { id }), 'content-type': 'application/json' };
      const sent = request(
        { host: '127.0.0.1', port, path: '/hooks/ci', method: 'POST', headers, agent },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('end', () => {
            const { job } = JSON.parse(text) as { job?: { id: string } };
            resolve({ status: response.statusCode ?? 0, id: job?.id ?? text });
          });
        },
      );
      sent.on('error', reject);
      sent.end(text);
    });
  // Others among them, so that several copies wait for the same commit.
  const others = Array.from({ length: 100 }, (_, index) => send(`other-${index}`, `{"path":"${index}"}`));
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) => send(index % 2 === 0 ? 'same' : `copy-${index}`)),
  );
  expect(new Set((await Promise.all(others)).map(({ id }) => id)).size).toBe(100);
  agent.destroy();
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(999);
  expect(await jobs()).toHaveLength(101);
  await daemon.end('SIGTERM');
});
