// `homer skills` as a user has it: no daemon, real folders, exit codes.

import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gzipped } from '../fixtures/skills/tarball.ts';
import { openRoom, type Ended, type Room } from './cli-process.ts';

let room: Room;

beforeEach(async () => {
  room = await openRoom();
});

afterEach(async () => {
  await room.close();
});

async function write(path: string, text: string): Promise<string> {
  const whole = join(room.work, path);
  await mkdir(dirname(whole), { recursive: true });
  await writeFile(whole, text);
  return whole;
}

async function skill(folder: string, name: string, more = '', description = 'Does: it'): Promise<string> {
  return write(
    join(folder, 'SKILL.md'),
    `---\nname: ${name}\ndescription: ${description}\n${more}---\nBody\n`,
  );
}

const metadata = (value: unknown): string => `metadata: ${JSON.stringify({ openclaw: value })}\n`;
const none = { bins: [], anyBins: [], env: [], config: [], os: [] };

describe('a list', () => {
  test('is exactly the document of the contract', async () => {
    const path = await skill('site/skills/a', 'a');
    const lacking = await skill(
      'site/.agents/skills/b',
      'b',
      metadata({
        requires: { bins: ['no-such-program'], env: ['HOME', 'NO_SUCH'], config: ['x.y'] },
        os: ['plan9'],
      }),
    );
    const bad = await write('site/skills/bad/SKILL.md', '---\nname: x\ndescription: [\n---\n');
    const { code, stdout, stderr } = await room.run(['skills', 'list', '-C', 'site', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const common = { disabled: false, blockedByAllowlist: false, userInvocable: true };
    expect(JSON.parse(stdout)).toEqual({
      skills: [
        {
          name: 'a',
          source: 'workspace',
          path,
          eligible: true,
          modelVisible: true,
          missing: none,
          ...common,
        },
        {
          name: 'b',
          source: 'workspace-agents',
          path: lacking,
          eligible: false,
          modelVisible: false,
          missing: { ...none, bins: ['no-such-program'], env: ['NO_SUCH'], config: ['x.y'], os: ['plan9'] },
          ...common,
        },
      ],
      warnings: [{ path: bad, line: 3, code: 'frontmatter_invalid', message: expect.any(String) as string }],
    });
    expect(await readdir(room.work)).toEqual(['site']);
  });

  test('follows the configuration, and an empty variable is missing', async () => {
    await skill('bundled/kept', 'kept');
    await skill('bundled/left', 'left');
    await skill('extra/off', 'off');
    await skill(
      'extra/keyed',
      'keyed',
      metadata({ requires: { env: ['KEY'] }, primaryEnv: 'KEY', skillKey: 'k' }),
    );
    await skill(
      'extra/browsing',
      'browsing',
      metadata({ requires: { config: ['browser.enabled'], env: ['EMPTY'] } }),
    );
    const { work } = room;
    await write(
      'home/config.yaml',
      `skills:
  bundledDir: ${work}/bundled
  extraDirs: [${work}/extra]
  allow: [kept]
  config: { browser: { enabled: true } }
  entries:
    off: { enabled: false }
    k: { apiKey: { env: OTHER_KEY } }
`,
    );
    const list = async (): Promise<unknown> => {
      const { stdout } = await room.run(['skills', '--json'], { env: { OTHER_KEY: 'x', EMPTY: '' } });
      const { skills } = JSON.parse(stdout) as {
        skills: {
          name: string;
          eligible: boolean;
          disabled: boolean;
          blockedByAllowlist: boolean;
          missing: { env: string[] };
        }[];
      };
      return skills.map((it) => [it.name, it.eligible, it.disabled, it.blockedByAllowlist, it.missing.env]);
    };
    expect(await list()).toEqual([
      ['browsing', false, false, false, ['EMPTY']],
      ['kept', true, false, false, []],
      ['keyed', true, false, false, []],
      ['left', false, false, true, []],
      ['off', false, true, false, []],
    ]);
    await write('home/config.yaml', 'skills: { extraDir: [x], allow: yes }\n');
    const refused = await room.run(['skills']);
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain('skills.extraDir: is not a known key; known here: extraDirs, allow');
    expect(refused.stderr).toContain('skills.allow: "yes" is not a list');
  });

  test('for people says why and what to do, and steers no terminal', async () => {
    await skill(
      'skills/rg',
      'rg',
      metadata({ requires: { bins: ['no-such'] }, install: [{ kind: 'node', package: 'no-such' }] }),
    );
    await skill('skills/twin', 'twin', '', '"\\u001b[2Jwiped"');
    await skill('.claude/skills/twin', 'twin');
    await write('skills/bad/SKILL.md', 'x');
    const { code, stdout, stderr } = await room.run(['skills']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^rg {4}workspace {2}missing {2}no program no-such → npm install -g no-such$/m);
    expect(stdout).toMatch(/^twin {2}workspace {2}ready$/m);
    expect(stdout).toContain(`  hides ${join(room.work, '.claude/skills/twin/SKILL.md')}`);
    expect(stdout).toContain('2 skills, 1 ready, 1 name taken twice, 1 warning.');
    expect(stderr).toBe(
      `${join(room.work, 'skills/bad/SKILL.md')}:1: does not begin with a line of three dashes\n`,
    );
    const shown = await room.run(['skills', 'show', 'TWIN']);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toContain('wiped');
    expect(shown.stdout).not.toContain('\u001b');
  });
});

test('mistakes are told', async () => {
  await skill('skills/weather', 'weather');
  const codes: readonly (readonly [args: string[], code: number, text: string])[] = [
    [['show'], 2, 'homer skills show NAME'],
    [['add'], 2, 'homer skills add PATH'],
    [['list', '-C', 'gone'], 2, 'is not a directory'],
    [['list', '--yes'], 2, 'belong to'],
    [['delete'], 2, 'Allowed choices are list, check, show, add, remove'],
    [['remove'], 2, 'Which skill is to be removed?'],
    [['show', 'weathr'], 1, 'There is no skill called "weathr"'],
    [['show', 'eather'], 1, 'Did you mean weather?'],
    [['add', 'gone'], 1, 'There is no '],
  ];
  for (const [args, code, text] of codes) {
    const ended = await room.run(['skills', ...args]);
    expect(ended.code, args.join(' ')).toBe(code);
    expect(ended.stderr).toContain(text);
    expect(ended.stderr).not.toContain('    at ');
  }
});

test('a check is 1 until everything enabled can be used and every file is good', async () => {
  const check = async (env: NodeJS.ProcessEnv = {}): Promise<Ended> => room.run(['skills', 'check'], { env });
  await skill('skills/a', 'a', metadata({ requires: { env: ['NEEDED'] } }));
  const refused = await check();
  expect(refused.code).toBe(1);
  expect(refused.stdout).toContain('a  no variable NEEDED');
  expect(await check({ NEEDED: 'x' })).toMatchObject({ code: 0, stderr: '' });
  await write('home/config.yaml', 'skills: { entries: { a: { enabled: false } } }\n');
  expect((await check()).code).toBe(0);
  await write('home/config.yaml', 'skills: { entries: { a: { enabled: false }, typo: {} } }\n');
  expect((await check()).stdout).toContain('typo  is configured, but there is no such skill here');
  await write('home/config.yaml', '');
  const bad = await write('skills/b/SKILL.md', '---\nname: b\n---\n');
  const ended = await check({ NEEDED: 'x' });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toBe(`${bad}:1: has no description\n`);
  const asJson = await room.run(['skills', 'check', '--json'], { env: { NEEDED: 'x' } });
  expect(JSON.parse(asJson.stdout)).toMatchObject({
    ok: false,
    warnings: [{ path: bad, code: 'description_missing' }],
  });
});

describe('adding', () => {
  test('shows first, installs only when told to, and shows what was installed', async () => {
    await skill('given', 'weather', metadata({ requires: { bins: ['no-such'] } }), 'Rain: tomorrow');
    await chmod(await write('given/run.sh', '#!/bin/sh\n'), 0o777);
    const shown = await room.run(['skills', 'add', 'given']);
    expect(shown.code).toBe(1);
    for (const text of [
      'weather from the folder',
      'Rain: tomorrow',
      'run.sh  (executable)',
      'program no-such: missing here',
      'run.sh can be changed by every user',
      'sha256:',
    ])
      expect(shown.stdout).toContain(text);
    expect(shown.stderr).toContain('Nothing was installed');
    expect(await readdir(room.work)).toEqual(['given']);
    const done = await room.run(['skills', 'add', 'given', '--yes', '--json']);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    const answer = JSON.parse(done.stdout) as { digest: string; path: string };
    expect(answer).toMatchObject({
      installed: true,
      name: 'weather',
      worldWritable: ['run.sh'],
      missing: { bins: ['no-such'] },
    });
    const list = JSON.parse((await room.run(['skills', '--json'])).stdout) as unknown;
    expect(list).toMatchObject({
      skills: [{ name: 'weather', source: 'managed', path: join(answer.path, 'SKILL.md') }],
      warnings: [],
    });
    const show = async (): Promise<unknown> =>
      JSON.parse((await room.run(['skills', 'show', 'weather', '--json'])).stdout) as unknown;
    expect(await show()).toMatchObject({ installed: { unchanged: true, record: { digest: answer.digest } } });
    await writeFile(join(answer.path, 'run.sh'), 'other');
    expect(await show()).toMatchObject({ installed: { unchanged: false } });
    expect((await room.run(['skills', 'add', 'given', '--yes'])).code).toBe(1);
    expect((await room.run(['skills', 'add', 'given', '--name', 'second', '--yes'])).code).toBe(0);
  });

  test('takes away what it installed as long as nobody changed it, and nothing else', async () => {
    await skill('given', 'weather', metadata({}), 'Rain: tomorrow');
    const install = async (): Promise<string> =>
      (JSON.parse((await room.run(['skills', 'add', 'given', '--yes', '--json'])).stdout) as { path: string })
        .path;
    const remove = (...args: string[]): ReturnType<Room['run']> => room.run(['skills', 'remove', ...args]);
    const path = await install();
    const managed = join(path, '..');
    const asked = await remove('weather');
    expect(asked).toMatchObject({ code: 1, stdout: '' });
    expect(asked.stderr).toContain('Nothing was removed.');
    await writeFile(join(path, 'SKILL.md'), '---\nname: weather\ndescription: mine\n---\n');
    expect((await remove('weather', '--yes')).stderr).toContain('was changed since it was installed');
    await mkdir(join(managed, 'own'));
    await writeFile(join(managed, 'own', 'SKILL.md'), '---\nname: own\ndescription: mine\n---\n');
    expect((await remove('own', '--yes')).stderr).toContain('was not installed by `homer skills add`');
    for (const name of ['given', '..', '.installed', '../skills/own'])
      expect((await remove(name, '--yes')).stderr, name).toContain('has no skill');
    expect((await readdir(managed)).sort()).toEqual(['.installed', 'own', 'weather']);
    await rm(path, { recursive: true });
    expect(await install()).toBe(path);
    expect((await remove('weather', '--yes')).stdout).toContain(`Removed ${path}`);
    expect((await readdir(managed)).sort()).toEqual(['.installed', 'own']);
    expect(await readdir(join(managed, '.installed'))).toEqual([]);
  });

  test('takes a tarball, and refuses one that would write elsewhere with nothing written', async () => {
    const head = '---\nname: packed\ndescription: d\n---\n';
    const good = join(room.work, 'good.tgz');
    await writeFile(
      good,
      gzipped([
        { path: 'packed/SKILL.md', data: head },
        { path: 'packed/x.txt', data: 'x' },
      ]),
    );
    const evil = join(room.work, 'evil.tgz');
    await writeFile(
      evil,
      gzipped([
        { path: 'SKILL.md', data: head },
        { path: '../../evil', data: 'x' },
      ]),
    );
    const refused = await room.run(['skills', 'add', evil, '--yes', '--json']);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'HOMER_SKILL_PATH' } });
    expect((await readdir(room.work)).sort()).toEqual(['evil.tgz', 'good.tgz']);
    expect((await room.run(['skills', 'add', good, '--yes'])).code).toBe(0);
    expect(await readFile(join(room.home, 'skills/packed/x.txt'), 'utf8')).toBe('x');
  });

  test('never follows a link of what it was given', async () => {
    await skill('given', 'weather');
    await write('secret', 'hunter2');
    await symlink('../secret', join(room.work, 'given/leak'));
    const refused = await room.run(['skills', 'add', 'given', '--yes']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('"leak" is a link to "../secret", which leads out of the skill');
    expect((await readdir(room.work)).sort()).toEqual(['given', 'secret']);
  });
});
