import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { jobMoves, jobStates } from '../src/core/job.ts';
import { verdictTable, verdicts } from '../src/core/verdict.ts';

const page = readFileSync(new URL('../docs/states.md', import.meta.url), 'utf8');

test('the picture in docs/states.md has exactly the legal moves', () => {
  const drawn = [...page.matchAll(/^\s+(\w+) --> (\w+)/gm)].map(([, from, to]) => `${from} → ${to}`);
  const legal = jobStates.flatMap((from) => jobMoves[from].map((to) => `${from} → ${to}`));
  expect(drawn.sort()).toEqual(legal.sort());
});

test('the table in docs/states.md has exactly the verdicts, with what each burns', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| [^|]+ \| (nothing|an attempt|a crash) \|/gm)];
  const written = rows.map(([, verdict, burns]) => `${verdict} burns ${burns?.replace(/^an? /, '')}`);
  const coded = verdicts.map((verdict) => `${verdict} burns ${verdictTable[verdict].burns}`);
  expect(written.sort()).toEqual(coded.sort());
});
