// The commands of docs/standby.md, as they stand there, on a host that has nothing but the backups.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRoom, type Room } from './cli-process.ts';

let room: Room;
beforeEach(async () => {
  room = await openRoom();
});
afterEach(() => room.close());

const page = readFileSync(new URL('../../docs/standby.md', import.meta.url), 'utf8');
const main = join(import.meta.dirname, '../../src/cli/main.ts');

test('the page brings a lost host back on another one, held until it is released', async () => {
  const [, steps = ''] = /```sh\n(newest=[^`]*)```/.exec(page) ?? [];
  const backups = join(room.work, 'standby');
  mkdirSync(backups);
  const identity = await generateIdentity();
  writeFileSync(join(room.work, 'homer-key.txt'), `${identity}\n`);
  mkdirSync(room.home, { mode: 0o700 });
  const config = { backup: { to: backups, encrypt: [await identityToRecipient(identity)] } };
  writeFileSync(join(room.home, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
  expect((await room.run(['run', '-x', 'shell', 'echo kept'])).code).toBe(0);
  expect((await room.run(['lanes', 'pause', 'default'])).code).toBe(0);
  const { stderr } = await room.run(['run', '-x', 'shell', '--detach', 'echo waits']);
  const [, open = ''] = /\b(j[0-9a-z]{19})\b/.exec(stderr) ?? [];
  expect((await room.run(['backup'])).code).toBe(0);
  const { pid } = JSON.parse(readFileSync(join(room.home, 'daemon.json'), 'utf8')) as { pid: number };
  process.kill(pid, 'SIGKILL');

  const bin = join(room.work, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'homer'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, {
    mode: 0o755,
  });
  const env = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: room.work,
    HOMER_HOME: join(room.work, 'elsewhere'),
    HOMER_PORT: '0',
  };
  const sh = (script: string): string => execFileSync('sh', ['-ec', script], { env, encoding: 'utf8' });
  try {
    const told = sh(steps.replaceAll('/srv/homer-standby', backups));
    expect(told).toContain('is whole: 2 jobs, 1 of them open');
    expect(told).toContain('Homer is released; 1 held job may run again.');
    expect(sh('homer lanes resume default && homer wait ' + open)).toContain('succeeded');
    // Clients keep their token.
    expect(sh('homer token')).toContain(readFileSync(join(room.home, 'token'), 'utf8').trim());
  } finally {
    sh('homer stop --kill || true');
  }
});
