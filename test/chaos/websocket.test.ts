// homer/client while its daemon is killed again and again: no event missed, none heard twice.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connect, type Client } from '../../src/client/client.ts';
import { createChaosHome, type ChaosHome } from './chaos-home.ts';

let home: ChaosHome;
const clients: Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await home.remove();
});

/** Of whichever daemon is there: it is looked for before each connection. */
function follow(): Client {
  const client = connect({
    url: () => {
      const { port } = JSON.parse(readFileSync(join(home.path, 'daemon.json'), 'utf8')) as { port: number };
      return `ws://127.0.0.1:${port}/ws`;
    },
    token: () => readFileSync(join(home.path, 'token'), 'utf8').trim(),
    longestPauseMs: 200,
  });
  clients.push(client);
  return client;
}

/** The cursors a client hears of, from `since` on; `until` resolves once one that fits was heard. */
function listen(
  client: Client,
  since?: string,
): {
  readonly heard: string[];
  readonly resets: string[];
  until(cursor: string): Promise<void>;
  stop(): string;
} {
  const heard: string[] = [];
  const resets: string[] = [];
  let wake = Promise.withResolvers<void>();
  const listening = client.subscribe(
    'events',
    {
      onMessage: ({ events }) => {
        heard.push(...events.map(({ cursor }) => cursor));
        wake.resolve();
      },
      onReset: ({ reason }) => resets.push(reason),
    },
    since,
  );
  return {
    heard,
    resets,
    async until(cursor) {
      while (!heard.includes(cursor)) {
        await wake.promise;
        wake = Promise.withResolvers();
      }
    },
    stop() {
      listening.stop();
      return listening.cursor ?? '';
    },
  };
}

test('a client that stays, and one that goes away and comes back, hear of everything once over four kill -9', async () => {
  home = createChaosHome();
  const first = home.start();
  await first.ready;
  const staying = follow();
  await staying.call('jobs.list');
  const [generation = ''] = staying.hello?.cursor.split('.') ?? [];
  const all = listen(staying, `${generation}.0`);
  let away = listen(follow(), `${generation}.0`);
  const heardAway: string[] = [];
  let daemon = first;
  for (let round = 0; round < 4; round++) {
    const jobs = [home.plan('again'), home.plan('again', true)];
    const ids = await Promise.all(jobs.map(async (job) => (await home.submit(daemon, job)).id));
    await daemon.untilJob(ids[0] ?? '', ({ state }) => state === 'succeeded');
    // One of them goes away with the daemon, in the middle of a run, and is gone while another daemon works.
    const cursor = round % 2 === 0 ? away.stop() : null;
    if (cursor !== null) heardAway.push(...away.heard);
    await daemon.end('SIGKILL');
    daemon = home.start();
    await daemon.ready;
    jobs[1]?.release(3);
    await daemon.untilJob(ids[1] ?? '', ({ state }) => state === 'succeeded');
    if (cursor !== null) away = listen(follow(), cursor);
  }
  const last = await staying.call('daemon.status').then(() => follow());
  await last.call('jobs.list');
  const end = last.hello?.cursor ?? '';
  const fresh = listen(last, `${generation}.0`);
  await Promise.all([all.until(end), away.until(end), fresh.until(end)]);
  const upTo = (heard: readonly string[]): readonly string[] => heard.slice(0, heard.indexOf(end) + 1);
  const count = Number(end.split('.')[1]);
  const wanted = Array.from({ length: count }, (_, index) => `${generation}.${index + 1}`);
  expect(count).toBeGreaterThan(40);
  expect(upTo(fresh.heard)).toEqual(wanted);
  expect(upTo(all.heard)).toEqual(wanted);
  expect(upTo([...heardAway, ...away.heard])).toEqual(wanted);
  expect([...all.resets, ...away.resets, ...fresh.resets]).toEqual([]);
});
