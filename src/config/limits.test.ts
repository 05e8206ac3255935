// Budgets, the limits of executors, and who goes on at a usage limit, as they stand in config.yaml.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isHomerError } from '../core/errors.ts';
import type { Config } from './config.ts';
import { loadConfig } from './load.ts';
import { formatProblem, type ConfigProblem } from './problem.ts';
import { configSchema } from './schema.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'homer-config-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function load(yaml: string): Config {
  writeFileSync(join(home, 'config.yaml'), yaml, { mode: 0o600 });
  return loadConfig(home, { env: {}, userHome: '/home/ann' }).config;
}

function problemsOf(yaml: string): string[] {
  try {
    load(yaml);
    return [];
  } catch (error) {
    if (!isHomerError(error, 'HOMER_CONFIG_INVALID')) throw error;
    return (error.details['problems'] as readonly ConfigProblem[]).map(formatProblem);
  }
}

describe('budgets of the day', () => {
  test('of a lane and of all lanes; what is left out is no limit', () => {
    const config = load(`
budget: { costUsd: 10.5, unknown: refuse }
lanes: { work: { budget: { turns: 100, tokens: 2000000 } }, life: {} }
`);
    expect(config.budget).toEqual({ turns: null, tokens: null, costUsd: 10.5, unknown: 'refuse' });
    expect(config.lanes['work']?.budget).toEqual({
      turns: 100,
      tokens: 2_000_000,
      costUsd: null,
      unknown: 'count',
    });
    expect(config.lanes['life']?.budget).toBeNull();
    expect(config.lanes['default']?.budget).toBeNull();
    expect(load('').budget).toBeNull();
  });

  test('every mistake is told with its line', () => {
    expect(
      problemsOf(`budget: {}
lanes:
  a: { budget: { unknown: refuse } }
  b: { budget: { turns: 0, tokens: many, costUsd: -1 } }
  c: { budget: { costUsd: 1, unknown: maybe, usd: 2 } }
`),
    ).toEqual([
      'config.yaml:1:9 budget: a mapping limits nothing; it needs turns, tokens or costUsd',
      'config.yaml:3:16 lanes.a.budget: a mapping limits nothing; it needs turns, tokens or costUsd',
      'config.yaml:4:25 lanes.b.budget.turns: 0 is too small; it must be at least 1',
      'config.yaml:4:36 lanes.b.budget.tokens: "many" is not a number',
      'config.yaml:4:51 lanes.b.budget.costUsd: -1 is too small; it must be more than 0',
      'config.yaml:5:39 lanes.c.budget.unknown: "maybe" is not possible; it must be "count" or "refuse"',
      'config.yaml:5:46 lanes.c.budget.usd: is not a known key; known here: turns, tokens, costUsd, unknown',
    ]);
  });
});

describe('limits of an executor', () => {
  test('are none unless given, and it parks at a usage limit', () => {
    const { executors } = load('executors: { a: { kind: claude }, c: { kind: command, argv: [cat] } }');
    const none = { maxTurns: null, maxTokens: null, maxBudgetUsd: null, toolMs: 0 };
    for (const name of ['a', 'c', 'shell'])
      expect(executors[name]).toMatchObject({ ...none, parkOnLimit: true, fallback: [] });
  });

  test('are taken as written', () => {
    const { executors } = load(
      'executors: { a: { kind: claude, maxTokens: 5, toolMs: 60000, parkOnLimit: false, fallback: [codex, b] }, b: { kind: command, argv: [cat] } }',
    );
    expect(executors['a']).toMatchObject({
      maxTokens: 5,
      toolMs: 60_000,
      parkOnLimit: false,
      fallback: ['codex', 'b'],
    });
  });

  test('a fallback that nobody has, that is the executor itself, comes twice, or is for the owner alone', () => {
    expect(
      problemsOf(`executors:
  a: { kind: claude, fallback: [nobody, a, codex, codex, shell] }
  b: { kind: claude, fallback: codex }
  c: { kind: command, argv: [cat], fallback: [a] }
`),
    ).toEqual([
      'config.yaml:2:33 executors.a.fallback.0: "nobody" is not an executor; there are claude, codex, gemini, kimi, opencode, pi, qwen, a, b, c',
      'config.yaml:2:41 executors.a.fallback.1: is the executor itself',
      'config.yaml:2:51 executors.a.fallback.3: stands in the list already',
      'config.yaml:2:58 executors.a.fallback.4: runs any command, and is no fallback unless it is configured here',
      'config.yaml:3:32 executors.b.fallback: "codex" is not a list',
      expect.stringContaining(
        'config.yaml:4:36 executors.c.fallback: is not a known key; known here: kind, argv',
      ),
    ]);
    const shell = 'shell: { kind: command, argv: [sh, -c, "{prompt}"] }';
    expect(problemsOf(`executors: { a: { kind: claude, fallback: [shell] }, ${shell} }`)).toEqual([]);
  });

  test('two that name each other are no circle: a job goes down its list once', () => {
    expect(
      problemsOf('executors: { a: { kind: claude, fallback: [b] }, b: { kind: codex, fallback: [a] } }'),
    ).toEqual([]);
  });
});

test('the JSON Schema knows them', () => {
  const text = JSON.stringify(configSchema());
  for (const key of ['budget', 'costUsd', 'unknown', 'maxTokens', 'toolMs', 'parkOnLimit', 'fallback'])
    expect(text).toContain(`"${key}"`);
});
