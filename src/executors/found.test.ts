import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findAgents } from './found.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'homer-found-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function place(file: string, mode = 0o755): Promise<string> {
  const path = join(root, file);
  await mkdir(join(path, '..'), { recursive: true });
  // It would leave a trace if it were started.
  await writeFile(path, `#!/bin/sh\ntouch "${root}/started"\n`);
  await chmod(path, mode);
  return path;
}

const claudeOn = async (path: string, home = join(root, 'home')): Promise<string | undefined> =>
  (await findAgents({ path, home })).find((agent) => agent.name === 'claude')?.bin;

test('finds an agent on the given PATH, the first entry first', async () => {
  const first = await place('a/claude');
  await place('b/claude');
  expect(await findAgents({ path: `${root}/a:${root}/b`, home: `${root}/home` })).toEqual([
    { name: 'claude', kind: 'claude', bin: first },
  ]);
});

test("finds an agent in a person's own install directory although PATH does not name it", async () => {
  const bin = await place('home/.local/bin/claude');
  expect(await claudeOn('/nonexistent')).toBe(bin);
});

test('passes over directories, files nobody may run and dangling links', async () => {
  await mkdir(join(root, 'a/claude'), { recursive: true });
  await place('b/claude', 0o644);
  await mkdir(join(root, 'c'));
  await symlink(join(root, 'gone'), join(root, 'c/claude'));
  const good = await place('d/claude');
  expect(await claudeOn(['a', 'b', 'c', 'd'].map((name) => join(root, name)).join(':'))).toBe(good);
});

test('keeps the path of a link, so that an update of the agent is followed', async () => {
  await symlink(await place('versions/1/claude'), join(root, 'claude'));
  expect(await claudeOn(root)).toBe(join(root, 'claude'));
});

test('does not look in relative or empty entries of PATH', async () => {
  await place('home/.local/bin/claude');
  expect(await claudeOn('::.:bin')).toBe(join(root, 'home/.local/bin/claude'));
});
