import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { limitsNotKept, toldBy, type Told } from './kept-limits.ts';

const inWords: Readonly<Record<Told, RegExp>> = {
  live: /^while it works/,
  end: /^at the end/,
  kept: /^unknown, kept by/,
  some: /^(where the agent|of a new session only)/,
  unknown: /^unknown$/,
};

test('the table of docs/limits.md says the same', () => {
  const page = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (.*) \| (.*) \| (.*) \|$/gm)];
  expect(rows.map(([, kind = '']) => kind).toSorted()).toEqual(Object.keys(toldBy).toSorted());
  for (const [, kind = '', turns = '', tokens = '', cost = ''] of rows) {
    const told = toldBy[kind as keyof typeof toldBy];
    expect(turns, kind).toMatch(inWords[told.turns]);
    expect(tokens, kind).toMatch(inWords[told.tokens]);
    expect(cost, kind).toMatch(inWords[told.costUsd]);
  }
});

test('a limit nobody can keep is said, one that is kept is not', () => {
  const all = { turns: 3, tokens: 9, costUsd: 1 };
  expect(limitsNotKept('codex', 'codex', all)).toEqual([
    'codex does not tell what it costs; --max-cost cannot be kept.',
    'codex does not tell its calls of the model; --max-turns cannot be kept.',
  ]);
  expect(limitsNotKept('claude', 'claude', all)).toEqual([]);
  expect(limitsNotKept('kimi', 'kimi', { turns: 3, tokens: null, costUsd: null })).toEqual([]);
});
