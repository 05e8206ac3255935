// The real Claude Code in a sandbox: it must find what it needs there.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { detectIsolation } from '../../src/runner/isolation.ts';
import { cachedAgent } from './agent-cache.ts';
import { createHomerRoom, type HomerRoom } from './homer-room.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let bin = '';
let model: ModelServer;
let room: HomerRoom | null = null;

beforeAll(async () => {
  bin = await cachedAgent('claude');
}, 600_000);
beforeEach(async () => {
  model = await startModelServer();
});
afterEach(async () => {
  await room?.clean();
  await model.stop();
});

test('in a sandbox it works, keeps its sessions and settings, and writes to its workspace only', async () => {
  if ((await detectIsolation()) !== 'bwrap') return;
  // What it would put into a temporary directory goes to the sandbox's own.
  room = await createHomerRoom({
    model,
    bin,
    executor: { sandbox: 'workspace', setEnv: { TMPDIR: '/tmp' } },
  });
  const settings = join(room.userHome, '.claude.json');
  writeFileSync(settings, '{}');
  await room.serve();
  const tries = `echo made > here; (echo x > /etc/homer-probe) 2>&1; cat ${room.home}/token 2>&1; echo over`;
  const id = await room.submit('--', `RUN[${tries}]RUN`);
  const job = await room.whenJob(id, ({ state }) => state === 'succeeded' || state === 'failed');
  const said = job.result?.text ?? '';
  expect(said).toMatch(/Read-only file system[^]*No such file[^]*over/);
  expect(said).not.toContain(readFileSync(join(room.home, 'token'), 'utf8').trim());
  expect(readFileSync(join(room.cwd, 'here'), 'utf8')).toBe('made\n');
  expect(await room.transcripts()).toContain('echo made');
  // It cannot put another file in the place of this one, and writes into it.
  expect(Object.keys(JSON.parse(readFileSync(settings, 'utf8')) as object)).not.toEqual([]);
  expect(existsSync('/etc/homer-probe')).toBe(false);
});
