// The command line where things go wrong around it: files it inherited, terminals that close, tokens that are gone.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRecord } from '../../src/lifecycle/record.ts';
import { openRoom, type Room } from './cli-process.ts';

let room: Room;

beforeEach(async () => {
  room = await openRoom();
});

afterEach(async () => {
  await room.close();
});

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const has = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const environment = (): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: room.work,
  HOMER_HOME: room.home,
  HOMER_PORT: '0',
});

test.runIf(has('flock', '--version'))('a daemon in the background keeps no file of its caller', async () => {
  const lock = join(room.work, 'lock');
  const script = `( flock -n 200 && "$0" "$1" run -x shell true ) 200>"$2"`;
  const caller = spawn('bash', ['-c', script, process.execPath, main, lock], {
    cwd: room.work,
    env: environment(),
    stdio: 'ignore',
  });
  expect(await once(caller, 'exit')).toEqual([0, null]);
  expect((await room.run(['status'])).code).toBe(0);
  expect(spawnSync('flock', ['-n', lock, 'true']).status).toBe(0);
});

test.runIf(has('python3', '--version'))(
  'run leaves with 129 when its terminal is closed',
  async () => {
    await room.run(['start']);
    const script = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b''
while b'Job ' not in seen:
    seen += os.read(terminal, 4096)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
    const args = ['-c', script, process.execPath, main, 'run', '-x', 'shell', 'sleep 60'];
    const caller = spawnSync('python3', args, { cwd: room.work, env: environment(), timeout: 20_000 });
    expect(caller.stderr.toString()).toBe('');
    expect(caller.stdout.toString().trim()).toBe('129');
  },
  30_000,
);

test('run leaves with 129 at SIGHUP, and the job goes on', async () => {
  const caller = room.start(['run', '-x', 'shell', 'sleep 60']);
  await caller.saw(/It has started/);
  caller.child.kill('SIGHUP');
  expect(await caller.ended).toMatchObject({ code: 129, stdout: '' });
  expect((await room.run(['jobs', '--state', 'running'])).stdout).toContain('sleep 60');
});

test('a key that no header can hold is told as a mistake of use, and nothing is started', async () => {
  for (const key of ['a\nb', 'schlüssel', '鍵', '', ' a', 'x'.repeat(256)]) {
    const refused = await room.run(['run', '--key', key, '-x', 'shell', 'true']);
    expect(refused, key).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('printable ASCII');
  }
  expect(await readRecord(room.home)).toBeNull();
}, 20_000);

test('a page is asked for by digits, and a key over HTTP follows the same rule', async () => {
  await room.run(['start']);
  const record = await readRecord(room.home);
  const { stdout } = await room.run(['token']);
  const authorization = `Bearer ${stdout.trim()}`;
  const base = `http://127.0.0.1:${record?.port}/api/v1/jobs`;
  for (const limit of ['0x10', '1e2', ' 5', '5.0', '', '501', '0'])
    expect((await fetch(`${base}?limit=${limit}`, { headers: { authorization } })).status, limit).toBe(400);
  expect((await fetch(`${base}?limit=10`, { headers: { authorization } })).status).toBe(200);
  for (const [key, status] of [
    ['sch\u00fcssel', 400],
    ['k'.repeat(256), 400],
    ['a b!', 202],
  ] as const) {
    const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': key };
    const body = '{"prompt":"true","executor":"shell"}';
    expect((await fetch(base, { method: 'POST', headers, body })).status, key).toBe(status);
  }
});

test.each(['gone', 'wrong'])(
  'stop ends the very process when the token is %s',
  async (how) => {
    await room.run(['start']);
    if (how === 'gone') await rm(join(room.home, 'token'));
    else await writeFile(join(room.home, 'token'), 'x'.repeat(43));
    const stopped = await room.run(['stop']);
    expect(stopped.code, stopped.stderr).toBe(0);
    expect(stopped.stderr).toContain('token');
    expect((await room.run(['status'])).code).toBe(3);
  },
  30_000,
);

test('stop --now does not wait for runs without a token either', async () => {
  const caller = room.start(['run', '-x', 'shell', 'sleep 60']);
  await caller.saw(/It has started/);
  await rm(join(room.home, 'token'));
  const began = Date.now();
  caller.child.kill('SIGKILL');
  expect((await room.run(['stop', '--now'])).code).toBe(0);
  expect(Date.now() - began).toBeLessThan(8_000);
}, 30_000);

test('stop waits for a daemon that is starting', async () => {
  await mkdir(room.home, { mode: 0o700 });
  await writeFile(join(room.home, 'token'), 'x'.repeat(43), { mode: 0o600 });
  const program = fileURLToPath(new URL('starting-daemon.ts', import.meta.url));
  const daemon = spawn(process.execPath, [program, room.home], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    await once(daemon.stderr, 'data');
    const stopped = await room.run(['stop']);
    expect(stopped.code, stopped.stderr).toBe(0);
    expect(stopped.stdout).toContain('No run is left');
  } finally {
    daemon.kill('SIGKILL');
  }
});

test('five stops at once: none ends with 1', async () => {
  for (let round = 0; round < 3; round++) {
    await room.run(['start']);
    const all = await Promise.all(Array.from({ length: 5 }, () => room.run(['stop'])));
    for (const { code, stderr } of all) expect([0, 3], stderr).toContain(code);
    expect(all.map(({ code }) => code)).toContain(0);
  }
}, 40_000);
