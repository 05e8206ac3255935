// Where skills are looked for and which of them counts, with real folders.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SkillsConfig } from '../config/config.ts';
import { createSkillLoader, type LoadedSkills } from './loader.ts';
import { listRoots } from './sources.ts';

let room: string;
const config: SkillsConfig = { extraDirs: [], allow: null, bundledDir: null, config: {}, entries: {} };

beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'homer-skills-'));
  mkdirSync(join(room, 'bundled'));
});

afterEach(() => {
  rmSync(room, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(room, path)), { recursive: true });
  writeFileSync(join(room, path), text);
}

function skill(folder: string, name: string, description = 'does it'): void {
  write(join(folder, 'SKILL.md'), `---\nname: ${name}\ndescription: ${description}\n---\n`);
}

const loader = createSkillLoader();

function load(own: Partial<SkillsConfig> = {}, using = loader): LoadedSkills {
  const places = { home: join(room, 'state'), userHome: join(room, 'user'), cwd: join(room, 'work') };
  return using.load(listRoots(places, { ...config, bundledDir: join(room, 'bundled'), ...own }));
}

const names = ({ skills }: LoadedSkills): string[] => skills.map(({ name }) => name);
const told = ({ warnings }: LoadedSkills): string[] =>
  warnings.map(({ path, line, code }) => `${path.slice(room.length + 1)}:${line ?? ''} ${code}`);

/** The folders in the order of precedence, as the contract has them. */
const folders = [
  ['workspace', 'work/skills'],
  ['workspace-agents', 'work/.agents/skills'],
  ['user-agents', 'user/.agents/skills'],
  ['managed', 'state/skills'],
  ['claude', 'user/.claude/skills'],
  ['bundled', 'bundled'],
  ['extra', 'extra-1'],
  ['extra', 'extra-2'],
] as const;

describe('precedence', () => {
  test('the first folder that has a name gives it, and the next when that is gone', () => {
    const extraDirs = [join(room, 'extra-1'), join(room, 'extra-2')];
    for (const [, folder] of folders) skill(join(folder, 'same'), 'same', folder);
    for (const [index, [source, folder]] of folders.entries()) {
      const loaded = load({ extraDirs });
      expect(loaded.skills).toHaveLength(1);
      expect(loaded.skills[0]).toMatchObject({
        source,
        description: folder,
        directory: join(room, folder, 'same'),
        path: join(room, folder, 'same', 'SKILL.md'),
      });
      const shadowed = folders.slice(index + 1).map(([, other]) => join(room, other, 'same', 'SKILL.md'));
      expect(loaded.collisions.flatMap((collision) => collision.shadowed)).toEqual(shadowed);
      expect(told(loaded)).toEqual([]);
      rmSync(join(room, folder, 'same'), { recursive: true });
    }
    expect(names(load({ extraDirs }))).toEqual([]);
  });

  test('of one name twice in one folder the first by path counts, and a warning names the other', () => {
    skill('work/skills/b', 'same', 'second');
    skill('work/skills/a', 'same', 'first');
    const loaded = load();
    expect(loaded.skills.map(({ description }) => description)).toEqual(['first']);
    expect(told(loaded)).toEqual(['work/skills/b/SKILL.md: duplicate_name']);
  });

  test('a folder that is two sources is read as the higher', () => {
    skill('work/skills/a', 'a');
    const loaded = load({ extraDirs: [join(room, 'work/skills')] });
    expect(loaded.skills.map(({ source }) => source)).toEqual(['workspace']);
    expect(loaded.collisions).toEqual([]);
  });
});

describe('discovery', () => {
  test.each<[what: string, path: string, found: boolean]>([
    ['at the top', 'work/skills', true],
    ['one down', 'work/skills/a', true],
    ['six down', 'work/skills/1/2/3/4/5/a', true],
    ['seven down', 'work/skills/1/2/3/4/5/6/a', false],
    ['in a hidden folder', 'work/skills/.a', false],
    ['below a hidden folder', 'work/skills/.hidden/a', false],
    ['in node_modules', 'work/skills/node_modules/a', false],
    ['in node_modules further down', 'work/skills/b/node_modules/a', false],
    ['elsewhere', 'work/a', false],
  ])('a skill %s', (_, path, found) => {
    skill(path, 'a');
    expect(names(load())).toEqual(found ? ['a'] : []);
  });

  test('the walk ends at a SKILL.md, also at a bad one', () => {
    skill('work/skills/a', 'a');
    skill('work/skills/a/below', 'below');
    write('work/skills/bad/SKILL.md', 'no head');
    skill('work/skills/bad/below', 'below');
    expect(names(load())).toEqual(['a']);
  });

  test('only a file called exactly SKILL.md counts', () => {
    for (const name of ['skill.md', 'Skill.md', 'SKILL.MD', 'SKILL.md.bak', 'README.md'])
      write(join('work/skills', name, name), '---\nname: x\ndescription: y\n---\n');
    skill('work/skills/folder/SKILL.md', 'inside');
    const loaded = load();
    expect(names(loaded)).toEqual(['inside']);
    expect(told(loaded)).toEqual([]);
  });

  test('a folder is its name when the head gives none', () => {
    write('work/skills/its-folder/SKILL.md', '---\ndescription: b\n---\n');
    expect(names(load())).toEqual(['its-folder']);
  });

  test('links are followed anywhere in the own folders, inside only in others, and never in circles', () => {
    skill('elsewhere/out', 'out');
    skill('work/skills/group/in', 'in');
    mkdirSync(join(room, 'user/.claude/skills'), { recursive: true });
    symlinkSync(join(room, 'elsewhere/out'), join(room, 'user/.claude/skills/out'));
    expect(load().skills.map(({ name, source }) => `${name} ${source}`)).toEqual([
      'in workspace',
      'out claude',
    ]);
    symlinkSync(join(room, 'elsewhere/out'), join(room, 'work/skills/out'));
    symlinkSync('group/in', join(room, 'work/skills/again'));
    symlinkSync('..', join(room, 'work/skills/group/up'));
    symlinkSync('nowhere', join(room, 'work/skills/dangling'));
    mkdirSync(join(room, 'work/skills/file'));
    symlinkSync(join(room, 'elsewhere/out/SKILL.md'), join(room, 'work/skills/file/SKILL.md'));
    const loaded = load();
    expect(loaded.skills.map(({ name, source }) => `${name} ${source}`)).toEqual([
      'in workspace',
      'out claude',
    ]);
    expect(told(loaded)).toEqual(['work/skills/file/SKILL.md: leads_out', 'work/skills/out: leads_out']);
  });

  test('a configured folder that is missing is told, others are not', () => {
    const loaded = load({ extraDirs: [join(room, 'gone')] });
    expect(told(loaded)).toEqual(['gone: folder_missing']);
  });
});

describe('a bad file', () => {
  test('costs one warning and nobody else', () => {
    skill('work/skills/good', 'good');
    write('work/skills/1/SKILL.md', '---\nname: x\n---\n');
    write('work/skills/2/SKILL.md', '---\nname: x\ndescription: [\n---\n');
    write('work/skills/3/SKILL.md', 'x'.repeat(1024 * 1024 + 1));
    write('work/skills/4/SKILL.md', '');
    writeFileSync(join(room, 'work/skills/4/SKILL.md'), Buffer.from([0x2d, 0x2d, 0x2d, 0x0a, 0xff, 0xfe]));
    mkdirSync(join(room, 'work/skills/5'));
    expect(spawnSync('mkfifo', [join(room, 'work/skills/5/SKILL.md')]).status).toBe(0);
    skill('work/skills/6', 'open');
    chmodSync(join(room, 'work/skills/6'), 0o777);
    chmodSync(join(room, 'work/skills/6/SKILL.md'), 0o666);
    mkdirSync(join(room, 'work/skills/7'));
    symlinkSync('nothing', join(room, 'work/skills/7/SKILL.md'));
    const loaded = load();
    expect(names(loaded)).toEqual(['good', 'open']);
    expect(told(loaded)).toEqual([
      'work/skills/6: world_writable',
      'work/skills/7/SKILL.md: unreadable',
      'work/skills/1/SKILL.md:1 description_missing',
      'work/skills/2/SKILL.md:3 frontmatter_invalid',
      'work/skills/3/SKILL.md: too_large',
      'work/skills/4/SKILL.md: not_text',
      'work/skills/5/SKILL.md: not_a_file',
      'work/skills/6/SKILL.md: world_writable',
    ]);
  });
});

test.runIf(existsSync('/proc/self/pagemap'))('a file without an end, in an own folder, ends nothing', () => {
  skill('work/skills/good', 'good');
  for (const [name, file] of [
    ['endless', '/proc/self/pagemap'],
    ['short', '/proc/self/status'],
  ] as const) {
    mkdirSync(join(room, 'user/.claude/skills', name), { recursive: true });
    symlinkSync(file, join(room, 'user/.claude/skills', name, 'SKILL.md'));
  }
  const loaded = load();
  expect(names(loaded)).toEqual(['good']);
  expect(told(loaded)).toEqual([
    'user/.claude/skills/endless/SKILL.md: unreadable',
    'user/.claude/skills/short/SKILL.md: unreadable',
  ]);
});

describe('what changed is read again', () => {
  const first = (loaded: LoadedSkills): string | undefined => loaded.skills[0]?.description;

  test('an edit, also one that leaves size and time as they were', () => {
    const path = join(room, 'work/skills/a/SKILL.md');
    skill('work/skills/a', 'a', 'one');
    expect(first(load())).toBe('one');
    skill('work/skills/a', 'a', 'two!');
    expect(first(load())).toBe('two!');
    utimesSync(path, 1_000, 1_000);
    expect(first(load())).toBe('two!');
    skill('work/skills/a', 'a', 'six!');
    utimesSync(path, 1_000, 1_000);
    expect(first(load())).toBe('six!');
  });

  test('a file put in its place by an editor, a folder removed and put back', () => {
    skill('work/skills/a', 'a', 'one');
    const using = createSkillLoader();
    const before = load({}, using);
    write('work/skills/a/.SKILL.md.swp', '---\nname: a\ndescription: two\n---\n');
    renameSync(join(room, 'work/skills/a/.SKILL.md.swp'), join(room, 'work/skills/a/SKILL.md'));
    expect(first(load({}, using))).toBe('two');
    renameSync(join(room, 'work/skills'), join(room, 'away'));
    expect(names(load({}, using))).toEqual([]);
    renameSync(join(room, 'away'), join(room, 'work/skills'));
    expect(first(load({}, using))).toBe('two');
    expect(first(before)).toBe('one');
  });

  test('nothing that is the same is parsed again', () => {
    skill('work/skills/a', 'a', 'one');
    const using = createSkillLoader();
    const [once, again] = [load({}, using), load({}, using)];
    expect(again.skills[0]?.requires).toBe(once.skills[0]?.requires);
  });
});
