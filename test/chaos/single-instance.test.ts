// One Homer per state directory, whoever comes, in whatever number, over whatever was left behind.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createChaosHome, type ChaosHome } from './chaos-home.ts';
import { raceToServe } from './single-instance.ts';
import { expectOrder } from './vocabulary.ts';

const main = join(import.meta.dirname, '../../src/cli/main.ts');

let home: ChaosHome;
let serve: readonly [string, ...string[]];
beforeEach(() => {
  home = createChaosHome();
  serve = [process.execPath, main, 'serve', '--home', home.path];
});
afterEach(() => home.remove());

function serveOnce(env: Record<string, string> = {}): { code: number | null; said: string } {
  const { status, stderr } = spawnSync(serve[0], serve.slice(1), {
    env: { ...home.env, ...env },
    encoding: 'utf8',
  });
  return { code: status, said: stderr };
}

test('52 of fifty at once one wins and all others exit with 75, three times, over a killed winner', async () => {
  for (const { winners, refused, words } of await raceToServe(50, 3)) {
    expect(winners, words).toBe(1);
    expect(refused).toEqual(Array(49).fill(75));
  }
});

test('a refused one says who holds the directory: pid, port and uptime', async () => {
  const daemon = home.start({ argv: serve });
  await daemon.ready;
  const { port } = JSON.parse(readFileSync(join(home.path, 'daemon.json'), 'utf8')) as { port: number };
  const { code, said } = serveOnce();
  expect(code).toBe(75);
  expect(said).toContain(`pid ${daemon.pid}, port ${port}, up `);
});

test('52 leftovers of any kind hold nobody up', async () => {
  writeFileSync(join(home.path, 'daemon.json'), '{"pid": 1, "torn');
  writeFileSync(join(home.path, 'daemon.json.0.tmp'), 'half');
  const first = home.start({ argv: serve });
  expect(await first.ready).not.toBeNull();
  await first.end('SIGKILL');
  // Its record now names a process that is gone, or soon another one's number.
  const second = home.start({ argv: serve });
  expect(await second.ready).not.toBeNull();
  expect(serveOnce().code).toBe(75);
});

test('an agent that lives on does not hold the lock of a killed daemon', async () => {
  const first = home.start();
  const job = home.plan('agent', true);
  const { id } = await home.submit(first, job);
  await job.began();
  await first.end('SIGKILL');
  expect(home.processes().agents.length).toBeGreaterThan(0);
  const second = home.start();
  expect(await second.ready).not.toBeNull();
  job.release();
  await second.untilJob(id, ({ state }) => state === 'succeeded');
  await second.end('SIGTERM');
  await expectOrder(home);
});

test('--standby takes over when the holder is killed', async () => {
  const first = home.start({ argv: serve });
  await first.ready;
  const standby = home.start({ argv: [...serve, '--standby'] });
  await standby.untilLine('Standing by');
  await first.end('SIGKILL');
  expect(await standby.ready).not.toBeNull();
  expect(standby.lines().some((line) => line.includes('Taking over'))).toBe(true);
  expect(serveOnce().code).toBe(75);
});

test('a program of somebody else on the port is a wrong configuration, 78, and is named', async () => {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    // Asked from outside, so that our own loop is free to accept the question who listens.
    const asking: ChildProcess = spawn(serve[0], serve.slice(1), {
      env: { ...home.env, HOMER_PORT: String(port) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    asking.stderr?.on('data', (data: Buffer) => (said += data.toString()));
    const [code] = (await once(asking, 'close')) as [number | null];
    expect(said).toContain(`pid ${process.pid}`);
    expect(said).toContain(String(port));
    expect(code).toBe(78);
  } finally {
    listener.close();
  }
});
