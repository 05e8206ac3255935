// Runs on a system that has run out of something else than the disk.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test, vi } from 'vitest';
import { readExit, sendOrder } from '../../src/runner/records.ts';
import { createRunRoom, type RunRoom } from './run-room.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const watcher = join(import.meta.dirname, '../fixtures/agents/run-watcher.ts');
const rooms: RunRoom[] = [];
const followers: ChildProcess[] = [];

afterEach(async () => {
  // One that has ended is not signalled any more.
  for (const follower of followers.splice(0)) follower.kill('SIGKILL');
  for (const room of rooms.splice(0)) await room.clean();
});

/** Starts a command where inotify has none left of one of its two kinds of things. */
function without(kind: 'instances' | 'watches'): readonly [string, ...string[]] {
  const script = `echo 0 >/proc/sys/user/max_inotify_${kind} && exec "$@"`;
  return ['unshare', '-Ur', 'sh', '-c', script, 'sh'];
}

const [probe, ...probeArgs] = [...without('instances'), 'true'];
// User namespaces are closed on some systems (sysctl, AppArmor, containers); then there is no way to make this scarce.
const canBeScarce = spawnSync(probe, probeArgs).status === 0;

test.skipIf(!canBeScarce).each(['instances', 'watches'] as const)(
  'without inotify %s it runs, and takes orders (needs user namespaces)',
  async (kind) => {
    const one = createRunRoom({ script: 'echo ready; sleep 600', through: without(kind) });
    rooms.push(one);
    const runner = one.start();
    const ended = once(runner, 'exit');
    await Promise.race([one.until((entries) => entries.some(({ type }) => type === 'text')), ended]);
    expect(runner.exitCode).toBeNull();
    sendOrder(one.directory(), { version: 1, type: 'stop', reason: 'cancelled' });
    expect(await ended).toEqual([0, null]);
    expect(readExit(one.directory())).toMatchObject({ verdict: 'cancelled', tree: 'dead' });
  },
);

test.skipIf(!canBeScarce).each(['instances', 'watches'] as const)(
  'without inotify %s a run is followed to its end (needs user namespaces)',
  async (kind) => {
    const one = createRunRoom({ script: 'echo one; read _ < gate; echo two' });
    rooms.push(one);
    const gate = join(one.home, 'gate');
    expect(spawnSync('mkfifo', [gate]).status).toBe(0);
    const runner = one.start();
    await one.until((entries) => entries.some(({ type }) => type === 'text'));
    const [file, ...args] = [...without(kind), process.execPath, watcher, one.directory()];
    const follower = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    followers.push(follower);
    const lines = createInterface({ input: follower.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('following');
    const ended = once(runner, 'exit');
    writeFileSync(gate, 'go\n');
    await ended;
    expect((await lines.next()).value).toBe(`${readExit(one.directory())?.journal.entries} done`);
  },
);
