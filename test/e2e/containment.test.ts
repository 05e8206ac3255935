// What holds an agent: the sandbox, its niceness, files and memory. Real programs in real namespaces.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { detectIsolation } from '../../src/runner/isolation.ts';
import { sandboxArguments } from '../../src/runner/sandbox.ts';
import { createRunRoom, type RoomOptions, type RunRoom } from './run-room.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const rooms: RunRoom[] = [];
let hasBwrap = false;
/** The owner's home (not in /tmp, which a sandbox has for itself), with the state directory in it as it is by default. */
let user: string;
let home: string;
let work: string;

beforeAll(async () => {
  hasBwrap = (await detectIsolation()) === 'bwrap';
});

beforeEach(() => {
  user = realpathSync(mkdtempSync('/var/tmp/homer-contain-'));
  home = join(user, '.homer');
  work = join(home, 'workspaces/default');
  mkdirSync(work, { recursive: true });
  mkdirSync(join(home, 'workspaces/other'));
  writeFileSync(join(home, 'token'), 'the-owners-token');
});

afterEach(async () => {
  for (const room of rooms.splice(0)) await room.clean();
  rmSync(user, { recursive: true, force: true });
});

function room(options: RoomOptions): RunRoom {
  const made = createRunRoom({ home, env: { HOME: user }, turn: { cwd: work }, ...options });
  rooms.push(made);
  return made;
}

function sandboxed(
  script: string,
  options: Partial<RoomOptions> = {},
  writable: readonly string[] = [],
): RunRoom {
  return room({ script, isolation: 'bwrap', launch: { sandbox: { writable, masked: home } }, ...options });
}

/** Says for each path whether it can be written, as `path=yes|no`. */
const tryToWrite = (paths: readonly string[]): string =>
  paths
    .map((path) => `(echo x > ${path}/probe) 2>/dev/null && echo ${path}=yes || echo ${path}=no`)
    .join('; ');

describe('a sandbox', () => {
  test('has a writable workspace and writable places, all else is read-only', async () => {
    if (!hasBwrap) return;
    const project = join(user, 'project');
    const extra = join(user, 'extra');
    for (const path of [project, extra, join(user, '.cache')]) mkdirSync(path);
    const script = tryToWrite([
      project,
      extra,
      join(user, '.cache'),
      join(user, '.claude'),
      '/tmp',
      user,
      '/etc',
      '/run',
      '.',
    ]);
    const one = sandboxed(script, { turn: { cwd: project }, settings: { kind: 'command', name: 'claude' } }, [
      extra,
      join(user, 'missing'),
    ]);
    const { exit } = await one.finish();
    expect(exit?.text?.split('\n')).toEqual([
      `${project}=yes`,
      `${extra}=yes`,
      `${join(user, '.cache')}=yes`,
      `${join(user, '.claude')}=no`,
      '/tmp=yes',
      `${user}=no`,
      '/etc=no',
      '/run=no',
      '.=yes',
    ]);
    expect(existsSync('/tmp/probe')).toBe(false);
    expect(existsSync(join(project, 'probe'))).toBe(true);
    expect(exit?.tree).toBe('dead');
  });

  test('has the own directories of the agent, made when they are missing', async () => {
    if (!hasBwrap) return;
    const agent = join(user, 'bin', 'codex');
    mkdirSync(join(user, 'bin'));
    writeFileSync(agent, `#!/bin/sh\necho signed-in > ${user}/.codex/auth.json && echo kept\n`, {
      mode: 0o755,
    });
    const bin = { name: 'mine', bin: agent, args: [] };
    const { exit } = await sandboxed('', { settings: bin }, [join(user, 'bin')]).finish();
    expect(exit?.text).toBe('kept');
    expect(await readFile(join(user, '.codex/auth.json'), 'utf8')).toBe('signed-in\n');
  });

  test('hides the state directory, but for the workspace of the job, and says when it is written to', async () => {
    if (!hasBwrap) return;
    const script = `ls -A ${home} ${home}/workspaces; cat ${home}/token; echo x > ${home}/new; echo mine > here`;
    const { exit } = await sandboxed(`${script}; exit 0`).finish();
    expect(exit?.text).toBe(`${home}:\nworkspaces\n\n${home}/workspaces:\ndefault`);
    expect(existsSync(join(home, 'new'))).toBe(false);
    expect(await readFile(join(work, 'here'), 'utf8')).toBe('mine\n');
  });

  test('all of a worktree is there, also above the directory it works in, and nothing that is no workplace', async () => {
    if (!hasBwrap) return;
    const root = join(home, 'worktrees/j1');
    mkdirSync(join(root, 'sub'), { recursive: true });
    mkdirSync(join(home, 'runs'), { recursive: true });
    writeFileSync(join(root, '.git'), 'gitdir: elsewhere');
    const script = `cat ../.git; echo x > ../new && ls -A ${home}`;
    const one = sandboxed(script, { turn: { cwd: join(root, 'sub') } }, [root, join(home, 'runs'), home]);
    const { exit } = await one.finish();
    expect(exit?.text).toBe('gitdir: elsewhereworktrees');
  });

  test('also when the state directory is inside of where it works', async () => {
    if (!hasBwrap) return;
    const { exit } = await sandboxed(`ls -A ${home} | wc -l; touch mine`, { turn: { cwd: user } }).finish();
    expect(exit?.text).toBe('0');
    expect(existsSync(join(user, 'mine'))).toBe(true);
  });

  test('and deep inside of it: no directory on the way can be swapped', async () => {
    if (!hasBwrap) return;
    const top = join(user, 'top');
    const deep = join(top, 'a/b/state');
    mkdirSync(deep, { recursive: true });
    const script =
      'for way in a a/b a/b/state; do mv $way moved 2>/dev/null && echo "moved $way"; done; touch a/mine';
    const launch = { sandbox: { writable: [], masked: deep } };
    const { exit } = await sandboxed(script, { turn: { cwd: top }, launch }).finish();
    expect(exit).toMatchObject({ verdict: 'done', text: '' });
    expect(existsSync(deep)).toBe(true);
    expect(existsSync(join(top, 'a/mine'))).toBe(true);
  });

  test('is not made when what it was promised has become a link', () => {
    const target = join(user, 'target');
    mkdirSync(target);
    symlinkSync(target, join(user, 'swapped'));
    const made = sandboxArguments(
      { writable: [], masked: home, exact: [join(user, 'swapped')] },
      { kind: 'claude', bin: 'claude', cwd: work, env: {} },
    );
    expect(made).toMatchObject({ problem: expect.stringContaining('swapped') as string });
  });

  test('cannot be taken apart from within, not by root and not in a user namespace', async () => {
    if (!hasBwrap) return;
    const script = [
      'cd /',
      `umount ${home}; umount -l ${home}/workspaces/default; mount -o remount,rw,bind /`,
      `unshare -Urm sh -c 'umount ${home}; mount -o remount,rw,bind /; mknod /tmp/disk b 1 0; touch ${user}/out'`,
      `mount --bind /proc/1/root /tmp; cat ${home}/token /proc/1/root${home}/token; touch ${user}/out`,
      'exit 0',
    ].join('; ');
    const { exit } = await sandboxed(`exec 2>/dev/null; ${script}`).finish();
    expect(exit).toMatchObject({ verdict: 'done', tree: 'dead' });
    expect(exit?.text).not.toContain('the-owners-token');
    expect(existsSync(join(user, 'out'))).toBe(false);
  });

  test('settings of the kernel cannot be written, not by root either', async () => {
    if (!hasBwrap) return;
    // Its own value is written back: where the sandbox has a hole, nothing of this machine changes.
    const setting = '/proc/sys/kernel/core_pattern';
    const script = [
      `(cat ${setting} > ${setting}) 2>/dev/null && echo written || echo refused`,
      `for path in /proc/sys /proc/sysrq-trigger /proc/irq /proc/bus /proc/fs; do test -w $path && echo "$path"; done`,
      `unshare -Urmpf mount -t proc proc /proc 2>/dev/null && echo mounted; cat ${setting} > /dev/null && echo read`,
    ];
    const { exit } = await sandboxed(script.join('; ')).finish();
    expect(exit?.text).toBe('refused\nread');
  });

  test('dies with its runner, and with it what left its session', async () => {
    if (!hasBwrap) return;
    const one = sandboxed('setsid sleep 7654.321 & echo up; wait');
    const runner = one.start();
    await one.until((entries) => entries.some((entry) => entry.type === 'text'));
    const ended = new Promise((resolve) => runner.once('exit', resolve));
    runner.kill('SIGKILL');
    await ended;
    const { endLeftovers, findRunLeftovers } = await import('../../src/runner/leftovers.ts');
    expect(await endLeftovers(one.marker)).toEqual({ tree: 'dead' });
    expect(findRunLeftovers([one.marker]).size).toBe(0);
  });

  test.each(['sweep', 'unshare'] as const)('is never silently left out, with %s', async (isolation) => {
    const { exit } = await sandboxed('echo ran', { isolation }).finish();
    expect(exit).toMatchObject({ verdict: 'uncontained', text: null });
    expect(exit?.message).toContain('bwrap');
  });

  test.each(['', 'runs', '..'])('is refused where it would give away what it hides: %s', (inside) => {
    const cwd = join(home, inside);
    const made = sandboxArguments(
      { writable: [], masked: home },
      { kind: 'claude', bin: 'claude', cwd, env: {} },
    );
    if (inside === '..') expect(made).toContain(user);
    else expect(made).toMatchObject({ problem: expect.stringContaining('state directory') as string });
  });

  test('that cannot be made is an error of the run', async () => {
    if (!hasBwrap) return;
    const one = sandboxed('echo ran', {}, []);
    // bwrap is found, and fails: a directory that is there when looked at and cannot be mounted is hard to get otherwise.
    const tools = join(user, 'tools');
    mkdirSync(tools);
    writeFileSync(
      join(tools, 'bwrap'),
      '#!/bin/sh\necho "bwrap: setting up uid map: Permission denied" >&2\nexit 1\n',
      {
        mode: 0o755,
      },
    );
    const before = process.env['PATH'];
    vi.stubEnv('PATH', `${tools}:${before ?? ''}`);
    const { exit } = await one.finish();
    vi.unstubAllEnvs();
    expect(exit).toMatchObject({ verdict: 'uncontained' });
    expect(exit?.message).toContain('uid map');
  });
});

describe('limits', () => {
  test('niceness and open files reach the agent and what it starts', async () => {
    const script = 'sh -c "nice; ulimit -n; ulimit -Hn"';
    const { exit } = await room({ script, launch: { nice: 7, openFiles: 123 } }).finish();
    expect(exit?.text).toBe('7\n123\n123');
  });

  test('in a namespace too', async () => {
    if (!hasBwrap) return;
    const { exit } = await sandboxed('nice; ulimit -n', {
      launch: { nice: 19, openFiles: 64, sandbox: { writable: [], masked: home } },
    }).finish();
    expect(exit?.text).toBe('19\n64');
  });

  test.each(['sweep', 'bwrap'] as const)(
    'memory of all processes together ends the run, in %s',
    async (isolation) => {
      if (isolation === 'bwrap' && !hasBwrap) return;
      // Three processes, of which none is too large by itself.
      const hog = 'head -c 40000000 /dev/zero | tail -c 40000000 | sleep 600';
      const script = `echo up; (${hog}) & (${hog}) & (${hog}) & wait`;
      const { exit } = await room({ script, isolation, limits: { memoryBytes: 90_000_000 } }).finish();
      expect(exit).toMatchObject({ verdict: 'memory_limit', tree: 'dead' });
      expect(exit?.message).toMatch(/memory/);
    },
  );

  test('memory that is only reserved is not counted', async () => {
    // V8 alone reserves gigabytes of addresses.
    const script = `"${process.execPath}" -e "setTimeout(() => console.log(1), 1000)"`;
    const { exit } = await room({ script, limits: { memoryBytes: 400_000_000 } }).finish();
    expect(exit).toMatchObject({ verdict: 'done' });
  });
});

test('an agent is run with the Node its executor names', async () => {
  const agent = join(user, 'agent');
  writeFileSync(agent, '#!/usr/bin/env -S false\nconsole.log("by", process.argv.slice(2).join(" "))\n', {
    mode: 0o755,
  });
  const settings = { bin: agent, args: ['one', 'two'] };
  const { exit } = await room({ script: '', settings, launch: { node: process.execPath } }).finish();
  expect(exit?.text).toBe('by one two');
  const missing = room({ script: '', settings, launch: { node: '/no/such/node' } });
  expect((await missing.finish()).exit).toMatchObject({ verdict: 'spawn_failed' });
});

test('a working directory that was swapped for a link after the job was accepted is refused', async () => {
  const project = join(user, 'project');
  const secret = join(user, 'secret');
  for (const path of [join(project, 'a'), secret, join(secret, 'a')]) mkdirSync(path, { recursive: true });
  const one = room({ script: 'touch here', turn: { cwd: join(project, 'a') } });
  renameSync(project, join(user, 'moved'));
  symlinkSync(secret, project);
  const { exit } = await one.finish();
  expect(exit).toMatchObject({ verdict: 'spawn_failed' });
  expect(exit?.message).toContain(`leads to ${join(secret, 'a')}`);
  expect(existsSync(join(secret, 'a/here'))).toBe(false);
});
