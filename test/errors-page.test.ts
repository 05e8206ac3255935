import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { catalogue } from '../src/core/errors.ts';

interface Row {
  readonly status: number | null;
  readonly exit: number | null;
  readonly title: string;
  readonly hint: string;
}

function readRows(): Map<string, Row> {
  const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
  const rows = new Map<string, Row>();
  for (const line of page.split('\n')) {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
    const code = /^`(HOMER_[A-Z_]+)`$/.exec(cells[1] ?? '')?.[1];
    if (code === undefined) continue;
    expect(rows.has(code), `${code} stands twice in docs/errors.md`).toBe(false);
    const number = (cell: string | undefined): number | null => (cell === '–' ? null : Number(cell));
    rows.set(code, {
      status: number(cells[2]),
      exit: number(cells[3]),
      title: cells[4] ?? '',
      hint: cells[5] ?? '',
    });
  }
  return rows;
}

test('every error of the code is in docs/errors.md, and the reverse', () => {
  const rows = readRows();
  expect([...rows.keys()].sort()).toEqual(Object.keys(catalogue).sort());
});

test('docs/errors.md says of each error what the code says', () => {
  const rows = readRows();
  for (const [code, entry] of Object.entries(catalogue))
    expect({ code, ...rows.get(code) }).toEqual({ code, ...entry });
});
