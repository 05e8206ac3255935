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

function load(own: Partial<SkillsConfig> = {}, using = loader): Promise<LoadedSkills> {
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
  test('the first folder that has a name gives it, and the next when that is gone', async () => {
    const extraDirs = [join(room, 'extra-1'), join(room, 'extra-2')];
    for (const [, folder] of folders) skill(join(folder, 'same'), 'same', folder);
    for (const [index, [source, folder]] of folders.entries()) {
      const loaded = await load({ extraDirs });
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
    expect(names(await load({ extraDirs }))).toEqual([]);
  });

  test('of one name twice in one folder the first by path counts, and a warning names the other', async () => {
    skill('work/skills/b', 'same', 'second');
    skill('work/skills/a', 'same', 'first');
    const loaded = await load();
    expect(loaded.skills.map(({ description }) => description)).toEqual(['first']);
    expect(told(loaded)).toEqual(['work/skills/b/SKILL.md: duplicate_name']);
  });

  test('a folder that is two sources is read as the higher', async () => {
    skill('work/skills/a', 'a');
    const loaded = await load({ extraDirs: [join(room, 'work/skills')] });
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
  ])('a skill %s', async (_, path, found) => {
    skill(path, 'a');
    expect(names(await load())).toEqual(found ? ['a'] : []);
  });

  test('the walk ends at a SKILL.md, also at a bad one', async () => {
    skill('work/skills/a', 'a');
    skill('work/skills/a/below', 'below');
    write('work/skills/bad/SKILL.md', 'no head');
    skill('work/skills/bad/below', 'below');
    expect(names(await load())).toEqual(['a']);
  });

  test('a SKILL.md at the top that cannot be used hides nothing', async () => {
    skill('work/skills/a', 'a');
    skill('user/.claude/skills/b', 'b');
    write('work/skills/SKILL.md', '');
    symlinkSync('/etc/hostname', join(room, 'user/.claude/skills/SKILL.md'));
    const loaded = await load();
    expect(names(loaded)).toEqual(['a', 'b']);
    expect(told(loaded)).toEqual([
      'work/skills/SKILL.md:1 frontmatter_missing',
      'user/.claude/skills/SKILL.md:1 frontmatter_missing',
    ]);
    rmSync(join(room, 'work/skills/SKILL.md'));
    symlinkSync('/etc/hostname', join(room, 'work/skills/SKILL.md'));
    expect(names(await load())).toEqual(['a', 'b']);
    rmSync(join(room, 'work/skills/SKILL.md'));
    skill('work/skills', 'top');
    expect(names(await load())).toEqual(['b', 'top']);
  });

  test('folders of a workspace that are links must lead into it; those that are configured may lead anywhere', async () => {
    skill('private/a', 'a');
    skill('work/kept/b', 'b');
    symlinkSync('../private', join(room, 'work/skills'));
    mkdirSync(join(room, 'agents/skills'), { recursive: true });
    skill('agents/skills/c', 'c');
    symlinkSync('../agents', join(room, 'work/.agents'));
    symlinkSync('private', join(room, 'extra'));
    const loaded = await load({ extraDirs: [join(room, 'extra')] });
    expect(loaded.skills.map(({ name, source }) => `${name} ${source}`)).toEqual(['a extra']);
    expect(told(loaded)).toEqual(['work/skills: leads_out', 'work/.agents/skills: leads_out']);
    rmSync(join(room, 'work/skills'));
    symlinkSync('kept', join(room, 'work/skills'));
    expect(names(await load())).toEqual(['b']);
  });

  test('for work in the home of the user its own folders are the own, wherever they lead', async () => {
    skill('dotfiles/a', 'a');
    mkdirSync(join(room, 'user/.agents'), { recursive: true });
    symlinkSync('../../dotfiles', join(room, 'user/.agents/skills'));
    const user = join(room, 'user');
    const loaded = await loader.load(
      listRoots({ home: join(room, 'state'), userHome: user, cwd: user }, config),
    );
    expect(loaded.skills.map(({ name, source }) => `${name} ${source}`)).toEqual(['a user-agents']);
    expect(loaded.warnings).toEqual([]);
  });

  test('only a file called exactly SKILL.md counts', async () => {
    for (const name of ['skill.md', 'Skill.md', 'SKILL.MD', 'SKILL.md.bak', 'README.md'])
      write(join('work/skills', name, name), '---\nname: x\ndescription: y\n---\n');
    skill('work/skills/folder/SKILL.md', 'inside');
    const loaded = await load();
    expect(names(loaded)).toEqual(['inside']);
    expect(told(loaded)).toEqual([]);
  });

  test('a folder is its name when the head gives none', async () => {
    write('work/skills/its-folder/SKILL.md', '---\ndescription: b\n---\n');
    expect(names(await load())).toEqual(['its-folder']);
  });

  test('links are followed anywhere in the own folders, inside only in others, and never in circles', async () => {
    skill('elsewhere/out', 'out');
    skill('work/skills/group/in', 'in');
    mkdirSync(join(room, 'user/.claude/skills'), { recursive: true });
    symlinkSync(join(room, 'elsewhere/out'), join(room, 'user/.claude/skills/out'));
    expect((await load()).skills.map(({ name, source }) => `${name} ${source}`)).toEqual([
      'in workspace',
      'out claude',
    ]);
    symlinkSync(join(room, 'elsewhere/out'), join(room, 'work/skills/out'));
    symlinkSync('group/in', join(room, 'work/skills/again'));
    symlinkSync('..', join(room, 'work/skills/group/up'));
    symlinkSync('nowhere', join(room, 'work/skills/dangling'));
    mkdirSync(join(room, 'work/skills/file'));
    symlinkSync(join(room, 'elsewhere/out/SKILL.md'), join(room, 'work/skills/file/SKILL.md'));
    const loaded = await load();
    expect(loaded.skills.map(({ name, source }) => `${name} ${source}`)).toEqual([
      'in workspace',
      'out claude',
    ]);
    expect(told(loaded)).toEqual(['work/skills/file/SKILL.md: leads_out', 'work/skills/out: leads_out']);
  });

  test.runIf(process.platform === 'linux')('a folder whose name is not UTF-8 is told', async () => {
    mkdirSync(join(room, 'work/skills'), { recursive: true });
    mkdirSync(Buffer.concat([Buffer.from(join(room, 'work/skills/')), Buffer.from([0x61, 0xff])]));
    expect(told(await load())).toEqual(['work/skills/a\uFFFD: unreadable']);
  });

  test('a configured folder that is missing is told, others are not', async () => {
    const loaded = await load({ extraDirs: [join(room, 'gone')] });
    expect(told(loaded)).toEqual(['gone: folder_missing']);
  });
});

describe('a bad file', () => {
  test('costs one warning and nobody else', async () => {
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
    const loaded = await load();
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

test.runIf(existsSync('/proc/self/pagemap'))(
  'a file without an end, in an own folder, ends nothing',
  async () => {
    skill('work/skills/good', 'good');
    for (const [name, file] of [
      ['endless', '/proc/self/pagemap'],
      ['short', '/proc/self/status'],
    ] as const) {
      mkdirSync(join(room, 'user/.claude/skills', name), { recursive: true });
      symlinkSync(file, join(room, 'user/.claude/skills', name, 'SKILL.md'));
    }
    const loaded = await load();
    expect(names(loaded)).toEqual(['good']);
    expect(told(loaded)).toEqual([
      'user/.claude/skills/endless/SKILL.md: unreadable',
      'user/.claude/skills/short/SKILL.md: unreadable',
    ]);
  },
);

test('a folder with more than is read at once costs one warning, and others have turns meanwhile', async () => {
  // As intricate as a head may be, and one more than are read.
  for (let index = 100; index < 205; index++)
    write(
      `work/skills/${index}/SKILL.md`,
      `---\nname: n${index}\ndescription: d\nx: [${'a,'.repeat(3_980)}]\n---\n`,
    );
  skill('user/.claude/skills/good', 'good');
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  const loaded = await load();
  clearInterval(ticking);
  expect(turns).toBeGreaterThan(10);
  expect(told(loaded)).toEqual(['work/skills: too_many']);
  expect(loaded.skills.map(({ name }) => name)).toContain('good');
  expect(loaded.skills.length).toBeLessThan(104);
  // Not different when most of it is remembered.
  expect((await load()).skills.length).toBe(loaded.skills.length);
});

describe('what changed is read again', () => {
  const first = (loaded: LoadedSkills): string | undefined => loaded.skills[0]?.description;

  test('an edit, also one that leaves size and time as they were', async () => {
    const path = join(room, 'work/skills/a/SKILL.md');
    skill('work/skills/a', 'a', 'one');
    expect(first(await load())).toBe('one');
    skill('work/skills/a', 'a', 'two!');
    expect(first(await load())).toBe('two!');
    utimesSync(path, 1_000, 1_000);
    expect(first(await load())).toBe('two!');
    skill('work/skills/a', 'a', 'six!');
    utimesSync(path, 1_000, 1_000);
    expect(first(await load())).toBe('six!');
  });

  test('a file put in its place by an editor, a folder removed and put back', async () => {
    skill('work/skills/a', 'a', 'one');
    const using = createSkillLoader();
    const before = await load({}, using);
    write('work/skills/a/.SKILL.md.swp', '---\nname: a\ndescription: two\n---\n');
    renameSync(join(room, 'work/skills/a/.SKILL.md.swp'), join(room, 'work/skills/a/SKILL.md'));
    expect(first(await load({}, using))).toBe('two');
    renameSync(join(room, 'work/skills'), join(room, 'away'));
    expect(names(await load({}, using))).toEqual([]);
    renameSync(join(room, 'away'), join(room, 'work/skills'));
    expect(first(await load({}, using))).toBe('two');
    expect(first(before)).toBe('one');
  });

  test('nothing that is the same is parsed again', async () => {
    skill('work/skills/a', 'a', 'one');
    const using = createSkillLoader();
    const once = await load({}, using);
    const again = await load({}, using);
    expect(again.skills[0]?.requires).toBe(once.skills[0]?.requires);
  });
});
