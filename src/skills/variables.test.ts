import { expect, test } from 'vitest';
import type { SkillsConfig } from '../config/config.ts';
import { findChanges } from './changes.ts';
import type { SkillSource } from './skill.ts';
import { snapshotOf, type ChosenSkill } from './snapshot.ts';
import { variablesOf } from './variables.ts';

const none: SkillsConfig = { extraDirs: [], allow: null, bundledDir: null, config: {}, entries: {} };
const entry = { enabled: true, apiKey: null, env: {}, workspace: false, config: {} };
const skill = (name: string, primaryEnv: string | null = null) => ({
  name,
  key: name,
  primaryEnv,
  source: 'managed' as SkillSource,
});

test('a key goes by the name the skill asks for, unless that makes programs load code or is Homer’s own', () => {
  const apiKey = { text: 'key' };
  const of = (primaryEnv: string) =>
    variablesOf([skill('a', primaryEnv)], { ...none, entries: { a: { ...entry, apiKey } } });
  expect(of('WEATHER_KEY')).toEqual([{ name: 'WEATHER_KEY', secret: apiKey, skill: 'a', isKey: true }]);
  for (const name of [
    ...[
      'LD_PRELOAD',
      'NODE_OPTIONS',
      'HOMER_TOKEN',
      'A KEY',
      '1KEY',
      'A=KEY',
      '',
      'PLACE',
      'toString',
      '__proto__',
    ],
    ...[
      'https_proxy',
      'ALL_PROXY',
      'SSH_AUTH_SOCK',
      'ANTHROPIC_BASE_URL',
      'ANTHROPIC_AUTH_TOKEN',
      'CODEX_API_KEY',
    ],
  ])
    expect(of(name)).toEqual([]);
});

test('a skill of a workspace is given nothing, whatever it calls itself, unless its entry says so', () => {
  const entries = { a: { ...entry, apiKey: { text: 'key' }, env: { UNITS: { text: 'metric' } } } };
  const skills = (source: SkillSource) => [{ name: 'other', key: 'a', primaryEnv: 'STOLEN_KEY', source }];
  for (const source of ['workspace', 'workspace-agents'] as const) {
    expect(variablesOf(skills(source), { ...none, entries })).toEqual([]);
    const allowed = { ...none, entries: { a: { ...entries.a, workspace: true } } };
    expect(variablesOf(skills(source), allowed).map(({ name }) => name)).toEqual(['UNITS', 'STOLEN_KEY']);
  }
  expect(variablesOf(skills('managed'), { ...none, entries })).toHaveLength(2);
});

test('of two skills that give one variable the first counts, and a disabled entry gives none', () => {
  const entries = {
    a: { ...entry, env: { UNITS: { text: 'metric' } } },
    b: { ...entry, env: { UNITS: { text: 'imperial' } } },
    c: { ...entry, enabled: false, env: { MORE: { text: 'x' } } },
  };
  const found = variablesOf([skill('a'), skill('b'), skill('c')], { ...none, entries });
  expect(found).toMatchObject([{ name: 'UNITS', secret: { text: 'metric' }, skill: 'a', isKey: false }]);
});

const chosen = (name: string, digest: string, description = 'x'): ChosenSkill => ({
  digest,
  skill: {
    ...skill(name),
    description,
    homepage: null,
    always: false,
    userInvocable: true,
    modelInvocable: true,
    requires: { bins: [], anyBins: [], env: [], config: [], os: [] },
    install: [],
    source: 'managed',
    root: '/r',
    directory: `/r/${name}`,
    path: `/r/${name}/SKILL.md`,
  },
});

test('skills that are called what others are given have folders of their own', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const given = snapshotOf([chosen('zwei Wörter', digest)], [], []).skills[0]?.folder ?? '';
  const names = ['first wörd', given, `${given}-1`, `${given}-2`, `${given}-3`, 'zwei Wörter'];
  const folders = snapshotOf(
    names.map((name) => chosen(name, digest)),
    [],
    [],
  ).skills.map(({ folder }) => folder);
  expect(new Set(folders).size).toBe(names.length);
});

test('what changed is told by name; the same is nothing', () => {
  const before = snapshotOf([chosen('a', '1'), chosen('b', '1'), chosen('c', '1')], [], []);
  const after = snapshotOf([chosen('a', '1'), chosen('b', '2'), chosen('d', '1')], [], []);
  expect(findChanges(before, after)).toEqual({ added: ['d'], removed: ['c'], changed: ['b'] });
  expect(
    findChanges(before, snapshotOf([chosen('a', '1'), chosen('b', '1'), chosen('c', '1')], [], ['x'])),
  ).toBeNull();
});
