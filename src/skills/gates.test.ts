// Every gate, with the exact lists of what is missing; programs, files and variables are real.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SecretRef, SkillEntryConfig, SkillsConfig } from '../config/config.ts';
import { decideEligibility, type Eligibility } from './gates.ts';
import { parseFrontmatter } from './frontmatter.ts';
import { createMachineFacts } from './machine-facts.ts';
import { readManifest } from './manifest.ts';
import type { Requirements, Skill, SkillSource } from './skill.ts';
import { checkSkills, listSkills } from './status.ts';

let room: string;

beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'homer-gates-'));
  for (const name of ['bin', 'bin/folder', 'relative']) mkdirSync(join(room, name));
  const program = (path: string, mode: number): void => {
    writeFileSync(join(room, path), '#!/bin/sh\n');
    chmodSync(join(room, path), mode);
  };
  program('bin/there', 0o755);
  program('bin/other', 0o755);
  program('bin/asleep', 0o644);
  symlinkSync('there', join(room, 'bin/linked'));
  symlinkSync('nowhere', join(room, 'bin/dangling'));
  writeFileSync(join(room, 'secret'), 'x');
  writeFileSync(join(room, 'hollow'), '');
});

afterAll(() => {
  rmSync(room, { recursive: true, force: true });
});

const none: Requirements = { bins: [], anyBins: [], env: [], config: [], os: [] };

interface Case {
  readonly says?: Record<string, unknown>;
  readonly top?: string;
  readonly entry?: Partial<SkillEntryConfig>;
  readonly entryName?: string;
  readonly allow?: readonly string[];
  readonly source?: SkillSource;
  readonly config?: Record<string, unknown>;
  readonly env?: Record<string, string>;
  readonly block?: string;
}

function make({ says = {}, top = '', source = 'managed', block = 'homer' }: Case): Skill {
  const text = `---\nname: a\ndescription: b\n${top}metadata: ${JSON.stringify({ [block]: says })}\n---\n`;
  const parsed = parseFrontmatter(text);
  const read = parsed.ok ? readManifest(parsed.fields, 'a') : parsed;
  if (!read.ok) throw new Error(read.problem.message);
  return { ...read.head, source, root: room, directory: room, path: join(room, 'SKILL.md') };
}

function settings({ entry, entryName = 'a', allow, config = {} }: Case): SkillsConfig {
  const entries: Record<string, SkillEntryConfig> =
    entry === undefined
      ? {}
      : { [entryName]: { enabled: true, apiKey: null, env: {}, workspace: false, config: {}, ...entry } };
  return { extraDirs: [], allow: allow ?? null, bundledDir: null, config, entries };
}

function decide(it: Case): Eligibility {
  const env = { PATH: `${join(room, 'bin')}:relative:`, SET: 'x', EMPTY: '', SPACES: '  ', ...it.env };
  return decideEligibility(make(it), settings(it), createMachineFacts(env, 'linux'));
}

const bins = (...names: string[]): Case => ({ says: { requires: { bins: names } } });
const anyBins = (...names: string[]): Case => ({ says: { requires: { anyBins: names } } });
const env = (...names: string[]): Case => ({ says: { requires: { env: names } } });
const config = (path: string, value: Record<string, unknown>): Case => ({
  says: { requires: { config: [path] } },
  config: value,
});
const os = (...names: string[]): Case => ({ says: { os: names } });
const key = (apiKey: SecretRef, primaryEnv: string): Case => ({
  says: { requires: { env: ['KEY'] }, primaryEnv },
  entry: { apiKey },
});
const all = { bins: ['gone'], anyBins: ['gone'], env: ['GONE'], config: ['gone'] };

describe('what is missing', () => {
  test.each<[what: string, given: Case, missing: Partial<Requirements>]>([
    ['nothing is asked', {}, {}],
    ['a program on PATH', bins('there'), {}],
    ['a program that is not there', bins('there', 'gone'), { bins: ['gone'] }],
    ['several, in their order', bins('z', 'there', 'y'), { bins: ['z', 'y'] }],
    ['a file nobody may execute', bins('asleep'), { bins: ['asleep'] }],
    ['a folder of that name', bins('folder'), { bins: ['folder'] }],
    ['a link to a program', bins('linked'), {}],
    ['a link to nothing', bins('dangling'), { bins: ['dangling'] }],
    ['a path beside PATH', bins('../bin/there'), { bins: ['../bin/there'] }],
    ['an absolute path', bins('/bin/sh'), {}],
    ['an empty name', bins(''), {}],
    ['programs in one text', { says: { requires: { bins: 'there, gone' } } }, { bins: ['gone'] }],
    ['one of several', anyBins('gone', 'other'), {}],
    ['none of several', anyBins('gone', 'asleep'), { anyBins: ['gone', 'asleep'] }],
    ['a variable', env('SET'), {}],
    ['a variable that is not set', env('SET', 'GONE'), { env: ['GONE'] }],
    ['names that every object has', env('toString', '__proto__'), { env: ['toString', '__proto__'] }],
    [
      'the same as its key, beside an entry',
      { says: { requires: { env: ['constructor'] }, skillKey: 'constructor' }, entry: {} },
      { env: ['constructor'] },
    ],
    ['an empty variable', env('EMPTY'), { env: ['EMPTY'] }],
    ['a variable of spaces', env('SPACES'), { env: ['SPACES'] }],
    ['a variable of its entry', { ...env('KEY'), entry: { env: { KEY: { text: 'x' } } } }, {}],
    ['an empty one of its entry', { ...env('KEY'), entry: { env: { KEY: { text: '' } } } }, { env: ['KEY'] }],
    [
      'one of another entry',
      { ...env('KEY'), entryName: 'b', entry: { env: { KEY: { text: 'x' } } } },
      { env: ['KEY'] },
    ],
    ['a key for the primary variable', key({ text: 'x' }, 'KEY'), {}],
    ['a key for another variable', key({ text: 'x' }, 'OTHER'), { env: ['KEY'] }],
    [
      'a key for another name of its own choice',
      {
        says: { requires: { env: ['PLACE'] }, primaryEnv: 'PLACE' },
        entry: { apiKey: { text: 'x' } },
      },
      { env: ['PLACE'] },
    ],
    [
      'a key that a skill of a workspace is not given',
      { ...key({ text: 'x' }, 'KEY'), source: 'workspace' },
      { env: ['KEY'] },
    ],
    [
      'a variable that a skill of a workspace is not given',
      { ...env('KEY'), source: 'workspace-agents', entry: { env: { KEY: { text: 'x' } } } },
      { env: ['KEY'] },
    ],
    [
      'a key that a skill of a workspace is given',
      {
        ...key({ text: 'x' }, 'KEY'),
        source: 'workspace',
        entry: { apiKey: { text: 'x' }, workspace: true },
      },
      {},
    ],
    ['an empty key', key({ text: '' }, 'KEY'), { env: ['KEY'] }],
    ['a key from a variable', key({ env: 'SET' }, 'KEY'), {}],
    ['a key from an empty variable', key({ env: 'EMPTY' }, 'KEY'), { env: ['KEY'] }],
    ['a key from a program', key({ exec: ['pass', 'x'] }, 'KEY'), {}],
    ['a key from a missing file', key({ file: '/nowhere/secret' }, 'KEY'), { env: ['KEY'] }],
    ['a setting', config('browser.enabled', { browser: { enabled: true } }), {}],
    [
      'a setting that is off',
      config('browser.enabled', { browser: { enabled: false } }),
      { config: ['browser.enabled'] },
    ],
    ['a setting that is not there', config('browser.enabled', {}), { config: ['browser.enabled'] }],
    ['a setting of spaces', config('a', { a: '  ' }), { config: ['a'] }],
    ['a setting of zero', config('a', { a: 0 }), { config: ['a'] }],
    ['a setting that is a mapping', config('a', { a: {} }), {}],
    ['a setting every object has', config('constructor', {}), { config: ['constructor'] }],
    ['a path through a text', config('a.length', { a: 'xyz' }), { config: ['a.length'] }],
    ['this system', os('darwin', 'linux'), {}],
    ['this system, as people write it', os('Linux'), {}],
    ['another system', os('darwin', 'win32'), { os: ['darwin', 'win32'] }],
    ['another system, as people write it', os('macos'), { os: ['macos'] }],
    ['all at once', { says: { requires: all, os: ['darwin'] } }, { ...all, os: ['darwin'] }],
    ['always', { says: { requires: all, always: true } }, {}],
    [
      'always on another system',
      { says: { requires: all, always: true, os: ['darwin'] } },
      { os: ['darwin'] },
    ],
    ['always, but not', { says: { requires: { bins: ['gone'] }, always: false } }, { bins: ['gone'] }],
    ['the block openclaw', { ...bins('gone'), block: 'openclaw' }, { bins: ['gone'] }],
    ['the legacy block', { ...bins('gone'), block: 'clawdbot' }, { bins: ['gone'] }],
    ["somebody else's block", { ...bins('gone'), block: 'other' }, {}],
  ])('%s', (_, given, missing) => {
    const found = decide(given);
    expect(found.missing).toEqual({ ...none, ...missing });
    expect(found.eligible).toBe(Object.keys(missing).length === 0);
    expect(found.modelVisible).toBe(found.eligible);
  });

  test('a key from a file counts when the file says something', () => {
    expect(decide(key({ file: join(room, 'secret') }, 'KEY')).eligible).toBe(true);
    expect(decide(key({ file: join(room, 'hollow') }, 'KEY')).missing.env).toEqual(['KEY']);
  });

  test('Homer’s own block counts alone', () => {
    const text = '{"openclaw": {"requires": {"bins": ["gone"]}}, "homer": {"os": ["darwin"]}}';
    const parsed = parseFrontmatter(`---\nname: a\ndescription: b\nmetadata: ${text}\n---\n`);
    const read = parsed.ok ? readManifest(parsed.fields, 'a') : parsed;
    expect(read.ok && read.head.requires).toEqual({ ...none, os: ['darwin'] });
  });
});

describe('what the configuration decides', () => {
  const off = { enabled: false };
  test.each<[what: string, given: Case, expected: Partial<Eligibility>]>([
    ['disabled', { entry: off }, { eligible: false, disabled: true, modelVisible: false, missing: none }],
    ['disabled and always', { entry: off, says: { always: true } }, { eligible: false, disabled: true }],
    ['enabled', { entry: { enabled: true } }, { eligible: true, disabled: false }],
    ['disabled by its key', { says: { skillKey: 'k' }, entryName: 'k', entry: off }, { disabled: true }],
    ['disabled by its name', { says: { skillKey: 'k' }, entryName: 'a', entry: off }, { disabled: true }],
    ['another disabled', { entryName: 'b', entry: off }, { disabled: false, eligible: true }],
    ['not in the list, not bundled', { allow: ['b'] }, { blockedByAllowlist: false, eligible: true }],
    ['not in the list', { allow: ['b'], source: 'bundled' }, { blockedByAllowlist: true, eligible: false }],
    [
      'not in the list, and always',
      { allow: [], source: 'bundled', says: { always: true } },
      { blockedByAllowlist: true, eligible: false },
    ],
    ['in the list', { allow: ['a'], source: 'bundled' }, { blockedByAllowlist: false, eligible: true }],
    [
      'in the list by its key',
      { allow: ['k'], source: 'bundled', says: { skillKey: 'k' } },
      { eligible: true },
    ],
    ['bundled without a list', { source: 'bundled' }, { eligible: true }],
    [
      'not for the model',
      { top: 'disable-model-invocation: yes\n' },
      { eligible: true, modelVisible: false },
    ],
  ])('%s', (_, given, expected) => {
    expect(decide(given)).toMatchObject(expected);
  });

  test('a skill that persons may not call says so', () => {
    expect(make({ top: 'user-invocable: no\n' }).userInvocable).toBe(false);
    expect(make({}).userInvocable).toBe(true);
  });
});

describe('a check', () => {
  const check = (it: Case): readonly string[] => {
    const loaded = { skills: [make(it)], collisions: [], warnings: [] };
    const { ok, notEligible, unknown } = checkSkills(
      listSkills(loaded, settings(it), createMachineFacts({ PATH: join(room, 'bin') }, 'linux')),
    );
    expect(ok).toBe(notEligible.length + unknown.length === 0);
    return [...notEligible.map(({ skill }) => skill.name), ...unknown];
  };

  test.each<[what: string, given: Case, expected: readonly string[]]>([
    ['all is well', bins('there'), []],
    ['something is missing', bins('gone'), ['a']],
    ['what is disabled may lack something', { ...bins('gone'), entry: { enabled: false } }, []],
    ['what is not allowed may lack something', { ...bins('gone'), allow: [], source: 'bundled' }, []],
    ['an entry for nothing', { entryName: 'typo', entry: {} }, ['typo']],
    ['an entry that disables nothing', { entryName: 'typo', entry: { enabled: false } }, []],
    ['a list that allows nothing', { allow: ['typo'] }, ['typo']],
  ])('%s', (_, given, expected) => {
    expect(check(given)).toEqual(expected);
  });

  test('suggests what brings the missing program here, what can be done at once first', () => {
    const install = [
      { kind: 'brew', formula: 'ripgrep', bins: ['rg'] },
      { kind: 'node', package: '@scope/rg@1.2.3' },
      { kind: 'go', module: 'example.com/rg@latest', os: ['darwin'] },
      { kind: 'uv', package: 'other', bins: ['other'] },
      { kind: 'brew', formula: 'rg; rm -rf ~' },
      { kind: 'download', url: 'file:///etc/passwd' },
      { kind: 'node', package: '--global-style' },
    ];
    const loaded = {
      skills: [make({ says: { requires: { bins: ['rg'] }, install } })],
      collisions: [],
      warnings: [],
    };
    symlinkSync('there', join(room, 'bin/npm'));
    const list = listSkills(loaded, settings({}), createMachineFacts({ PATH: join(room, 'bin') }, 'linux'));
    expect(list.skills[0]?.hints.map(({ text }) => text)).toEqual([
      'npm install -g @scope/rg@1.2.3',
      'brew install ripgrep',
    ]);
  });
});
