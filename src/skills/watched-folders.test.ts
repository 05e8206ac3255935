// With the kernel's own count of what is watched.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SkillRoot } from './sources.ts';
import { WatchedFolders } from './watched-folders.ts';

let room: string;
let folders: WatchedFolders | null = null;
const errors: string[] = [];

beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'homer-watched-'));
  errors.length = 0;
  for (let index = 0; index < 40; index++) {
    mkdirSync(join(room, 'large', `${index}`), { recursive: true });
    writeFileSync(join(room, 'large', `${index}`, 'file'), '');
  }
});

afterEach(async () => {
  await folders?.close();
  folders = null;
  rmSync(room, { recursive: true, force: true });
});

const root = (path: string, trusted: boolean, within: string | null = null): SkillRoot => ({
  source: trusted ? 'managed' : 'workspace',
  path: join(room, path),
  configured: false,
  trusted,
  within: within === null ? null : join(room, within),
});

/** Watches of this process, as fdinfo of proc(5) has them. */
function countWatches(): number {
  const lines = readdirSync('/proc/self/fdinfo').map((name) => {
    try {
      return readFileSync(join('/proc/self/fdinfo', name), 'utf8');
    } catch {
      // The descriptor that listed the folder is closed again.
      return '';
    }
  });
  return lines.join('\n').match(/^inotify wd:/gm)?.length ?? 0;
}

async function watched(roots: readonly SkillRoot[], mostPaths?: number): Promise<number> {
  const before = countWatches();
  folders = await WatchedFolders.open({
    onChange: () => undefined,
    onError: (error) => errors.push(String(error)),
    ...(mostPaths === undefined ? {} : { mostPaths }),
  });
  const ready = folders.ready();
  folders.set([root('nowhere', true), root('nothing', false), ...roots]);
  await ready;
  return countWatches() - before;
}

const onLinux = test.runIf(process.platform === 'linux');

onLinux('links of others are not followed, those of the owner are', async () => {
  for (const name of ['own', 'other']) {
    mkdirSync(join(room, name));
    symlinkSync(join(room, 'large'), join(room, name, 'link'));
  }
  expect(await watched([root('other', false)])).toBeLessThan(10);
  await folders?.close();
  expect(await watched([root('own', true)])).toBeGreaterThan(40);
});

onLinux(
  'a folder of a workspace that leads out of it is not watched, one that leads into it is',
  async () => {
    mkdirSync(join(room, 'work/kept/a'), { recursive: true });
    symlinkSync('../large', join(room, 'work/skills'));
    expect(await watched([root('work/skills', false, 'work')])).toBeLessThan(10);
    await folders?.close();
    rmSync(join(room, 'work/skills'));
    symlinkSync('kept', join(room, 'work/skills'));
    const few = await watched([]);
    await folders?.close();
    expect(await watched([root('work/skills', false, 'work')])).toBeGreaterThan(few);
  },
);

onLinux('no more than so many are watched, and that is told once', async () => {
  expect(await watched([root('large', true)], 20)).toBeLessThan(30);
  expect(errors).toEqual([expect.stringContaining('too many files')]);
});

onLinux('a workspace below node_modules is watched, what is below its own is not', async () => {
  mkdirSync(join(room, 'node_modules/project/skills/a/node_modules'), { recursive: true });
  const roots = [root('node_modules/project/skills', false, 'node_modules/project')];
  const few = await watched([]);
  await folders?.close();
  const found = await watched(roots);
  expect(found).toBeGreaterThanOrEqual(few + 2);
  for (let index = 0; index < 20; index++)
    mkdirSync(join(room, `node_modules/project/skills/a/node_modules/${index}`));
  await folders?.close();
  expect(await watched(roots)).toBe(found);
});
