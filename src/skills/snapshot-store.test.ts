import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SkillsConfig } from '../config/config.ts';
import type { FolderDigests } from './folder-digest.ts';
import { openSkills } from './open.ts';
import { SnapshotCheck } from './snapshot-check.ts';
import { SnapshotStore } from './snapshot-store.ts';
import { choose } from './snapshot.ts';
import { createSnapshotTaker } from './take-snapshot.ts';
import { snapshotLimits, weigh } from './weigh.ts';

const config: SkillsConfig = { extraDirs: [], allow: null, bundledDir: '/nowhere', config: {}, entries: {} };

let room: string;
let home: string;
let store: SnapshotStore;

beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'homer-snapshots-'));
  home = join(room, 'home');
  mkdirSync(home);
  store = new SnapshotStore(home);
});
afterEach(async () => {
  await store.collect(new Set());
  rmSync(room, { recursive: true, force: true });
});

const taker = () => createSnapshotTaker(openSkills({ home, userHome: room, env: {} }), store);

function write(skill: string, files: Readonly<Record<string, string>>): string {
  const folder = join(room, 'skills', skill);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'SKILL.md'), `---\nname: ${skill}\ndescription: does it\n---\n`);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const blobs = (): string[] => readdirSync(join(home, 'skills-store/blobs'));

describe('a snapshot', () => {
  test('holds every file, with the right to execute and links, and nobody may write to it', async () => {
    const folder = write('clock', { 'run.sh': '#!/bin/sh\n', 'notes.txt': 'notes' });
    chmodSync(join(folder, 'run.sh'), 0o755);
    symlinkSync('notes.txt', join(folder, 'link.txt'));
    const { id, skills, omitted } = await taker().take(room, config);
    expect(skills).toMatchObject([{ name: 'clock', folder: 'clock', source: 'workspace' }]);
    expect(omitted).toEqual([]);
    const copy = join(store.directory(id), 'skills/clock');
    expect(readFileSync(join(copy, 'link.txt'), 'utf8')).toBe('notes');
    const modes = ['', 'SKILL.md', 'run.sh'].map((path) => statSync(join(copy, path)).mode & 0o777);
    expect(modes).toEqual([0o500, 0o400, 0o500]);
    expect(await store.find(id)).toMatchObject({ id });
  });

  test('of the same skills is the same, and files with the same bytes are on disk once', async () => {
    write('clock', { 'a.txt': 'same', 'b.txt': 'same' });
    const first = await taker().take(room, config);
    expect((await taker().take(room, config)).id).toBe(first.id);
    expect(blobs()).toHaveLength(2);
    const folder = write('other', { 'a.txt': 'same' });
    const second = await taker().take(room, config);
    expect(second.id).not.toBe(first.id);
    expect(blobs()).toHaveLength(3);
    rmSync(folder, { recursive: true });
    expect((await taker().take(room, config)).id).toBe(first.id);
  });

  test('is not made of a file that somebody wrote into, although its name is still there', async () => {
    write('clock', { 'a.txt': 'right' });
    const { id } = await taker().take(room, config);
    const file = join(store.directory(id), 'skills/clock/a.txt');
    chmodSync(file, 0o600);
    writeFileSync(file, 'wrong');
    write('other', {});
    const fresh = await taker().take(room, config);
    expect(readFileSync(join(store.directory(fresh.id), 'skills/clock/a.txt'), 'utf8')).toBe('right');
  });

  test('that somebody has changed is made anew before anybody else is handed it', async () => {
    write('clock', { 'a.txt': 'right' });
    const { id } = await taker().take(room, config);
    const copy = join(store.directory(id), 'skills/clock');
    const tampers: readonly (() => void)[] = [
      () => {
        chmodSync(join(copy, 'a.txt'), 0o600);
        writeFileSync(join(copy, 'a.txt'), 'wrong');
      },
      () => {
        chmodSync(copy, 0o700);
        writeFileSync(join(copy, 'more.txt'), 'more');
      },
      () => {
        chmodSync(copy, 0o700);
        rmSync(join(copy, 'SKILL.md'));
      },
      () => {
        chmodSync(join(store.directory(id), 'snapshot.json'), 0o600);
        writeFileSync(
          join(store.directory(id), 'snapshot.json'),
          '{"version":1,"skills":[],"omitted":[],"hidden":[]}',
        );
      },
      () => chmodSync(join(copy, 'a.txt'), 0),
    ];
    for (const tamper of tampers) {
      tamper();
      if (process.getuid?.() !== 0 || tamper !== tampers.at(-1)) expect(await store.findWhole(id)).toBeNull();
      expect((await taker().take(room, config)).id).toBe(id);
      expect(await store.findWhole(id)).toMatchObject({ id });
      expect(readdirSync(copy).sort()).toEqual(['SKILL.md', 'a.txt']);
      expect(readFileSync(join(copy, 'a.txt'), 'utf8')).toBe('right');
    }
  });

  test('is looked at again by its times only, until one of them moves', async () => {
    write('clock', { 'a.txt': 'right' });
    const { id } = await taker().take(room, config);
    const file = join(store.directory(id), 'skills/clock/a.txt');
    // As if all of it had settled long ago.
    const settled = new SnapshotStore(home, undefined, new SnapshotCheck(() => Date.now() + 60_000));
    expect(await settled.findWhole(id)).not.toBeNull();
    expect(await settled.findWhole(id)).not.toBeNull();
    // Of the same size, and with its old times.
    const { atime, mtime } = statSync(file);
    chmodSync(file, 0o600);
    writeFileSync(file, 'wrong');
    utimesSync(file, atime, mtime);
    chmodSync(file, 0o400);
    expect(await settled.findWhole(id)).toBeNull();
  });

  test('sees an edit that comes at once and keeps the size', async () => {
    const folder = write('clock', { 'a.txt': 'one' });
    const same = taker();
    const first = await same.take(room, config);
    writeFileSync(join(folder, 'a.txt'), 'two');
    const second = await same.take(room, config);
    expect(second.id).not.toBe(first.id);
    expect(readFileSync(join(store.directory(second.id), 'skills/clock/a.txt'), 'utf8')).toBe('two');
  });

  test('leaves out what cannot be copied, with the reason, and what is only for a person', async () => {
    const folder = write('leaving', {});
    symlinkSync('/etc/hostname', join(folder, 'out'));
    const byHand = write('by-hand', {});
    writeFileSync(join(byHand, 'SKILL.md'), '---\ndescription: x\ndisable-model-invocation: true\n---\n');
    write('clock', {});
    const { skills, omitted } = await taker().take(room, config);
    expect(skills.map(({ name }) => name)).toEqual(['clock']);
    expect(omitted).toMatchObject([
      { name: 'leaving', message: expect.stringMatching(/not inside the skill/) as string },
    ]);
  });

  test('names folders so that no two names are one file', async () => {
    for (const [folder, name] of [
      ['a', 'Clock'],
      ['b', 'clock'],
      ['c', 'zwei Wörter'],
      ['d', '..hidden'],
    ] as const) {
      const path = write(folder, {});
      writeFileSync(join(path, 'SKILL.md'), `---\nname: ${name}\ndescription: x\n---\n`);
    }
    const { skills } = await taker().take(room, config);
    const folders = skills.map(({ folder }) => folder.toLowerCase());
    expect(new Set(folders).size).toBe(folders.length);
    for (const folder of folders) expect(folder).toMatch(/^[a-z0-9][\w.-]*$/);
  });

  test('hides what agents find by themselves: by its name and by its folder', async () => {
    const own = join(room, '.claude/skills/folder');
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'SKILL.md'), '---\nname: called\ndescription: x\n---\n');
    write('clock', {});
    expect((await taker().take(room, config)).hidden).toEqual(['called', 'folder']);
  });
});

test('the check of skills names those that nobody is handed', async () => {
  write('clock', {});
  const leaving = write('leaving', {});
  symlinkSync('/etc/hostname', join(leaving, 'out'));
  const skills = openSkills({ home, userHome: room, env: {} });
  const list = await skills.list(room, config);
  expect(list.skills.every(({ status }) => status.eligible)).toBe(true);
  const check = await skills.check(list);
  expect(check.ok).toBe(false);
  expect(check.bad).toMatchObject([{ path: join(leaving, 'SKILL.md'), code: 'not_copied' }]);
});

test('what does not fit into a snapshot is left out, of workspaces first, and nothing more of it is read', async () => {
  write('a-clock', {});
  write('b-clock', {});
  const own = join(home, 'skills/z-own');
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'SKILL.md'), '---\nname: z-own\ndescription: x\n---\n');
  const skills = openSkills({ home, userHome: room, env: {} });
  const offered = choose((await skills.list(room, config)).skills);
  const read: string[] = [];
  const digests: FolderDigests = {
    of(directory) {
      read.push(basename(directory));
      return { ok: true, digest: 'sha256:0', files: 1, bytes: snapshotLimits.bytes / 2 + 1 };
    },
  };
  const { chosen, omitted } = await weigh(offered, digests);
  expect(chosen.map(({ skill }) => skill.name)).toEqual(['z-own']);
  expect(omitted.map(({ name }) => name)).toEqual(['a-clock', 'b-clock']);
  expect(read).toEqual(['z-own', 'a-clock']);
});

describe('a collection', () => {
  test('keeps what is named, byte by byte, and removes the rest and what nobody needs any more', async () => {
    write('clock', { 'a.txt': 'one' });
    const kept = await taker().take(room, config);
    write('clock', { 'a.txt': 'two' });
    const dropped = await taker().take(room, config);
    expect(blobs()).toHaveLength(3);
    expect(await store.collect(new Set([kept.id]))).toEqual([dropped.id]);
    expect(blobs()).toHaveLength(2);
    expect(readFileSync(join(store.directory(kept.id), 'skills/clock/a.txt'), 'utf8')).toBe('one');
    expect(await store.find(dropped.id)).toBeNull();
  });

  test('takes along what a dead daemon left half done', async () => {
    write('clock', {});
    const { id } = await taker().take(room, config);
    const snapshots = join(home, 'skills-store/snapshots');
    mkdirSync(join(snapshots, '.incoming-x/skills'), { recursive: true });
    chmodSync(join(snapshots, '.incoming-x'), 0o500);
    writeFileSync(join(home, 'skills-store/blobs/.half'), 'x');
    writeFileSync(join(home, 'skills-store/blobs/orphan'), 'x');
    await new SnapshotStore(home).collect(new Set([id]));
    expect(readdirSync(snapshots)).toEqual([id]);
    expect(blobs()).toHaveLength(1);
  });
});
