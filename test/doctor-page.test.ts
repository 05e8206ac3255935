// docs/doctor.md against the checks of `homer doctor`, both ways.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { catalogue, checks } from '../src/doctor/catalogue.ts';

interface Row {
  readonly severity: string;
  readonly marks: string;
  readonly why: string;
  readonly mends: string;
}

function readRows(): Map<string, Row> {
  const page = readFileSync(new URL('../docs/doctor.md', import.meta.url), 'utf8');
  const rows = new Map<string, Row>();
  for (const line of page.split('\n')) {
    const [, id, severity = '', marks = '', why = '', mends = ''] = line
      .split('|')
      .map((cell) => cell.trim());
    const name = /^`([a-z-]+)`$/.exec(id ?? '')?.[1];
    if (name === undefined) continue;
    expect(rows.has(name), `${name} stands twice in docs/doctor.md`).toBe(false);
    rows.set(name, { severity, marks, why, mends });
  }
  return rows;
}

test('every check stands in docs/doctor.md, and no other', () => {
  const ids = catalogue.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect([...readRows().keys()].sort()).toEqual(ids.toSorted());
});

test('docs/doctor.md says of each check what the code says, and what mends it', () => {
  const rows = readRows();
  const mended = new Set(checks.filter(({ mend }) => mend !== undefined).map(({ id }) => id));
  for (const { id, severity, security, deep, why } of catalogue) {
    const marks = [
      ...(security === true ? ['security'] : []),
      ...(deep === true ? ['only there'] : []),
      ...(mended.has(id) ? ['`--fix`'] : []),
    ];
    const row = rows.get(id);
    expect({ id, ...row, mends: '' }).toEqual({
      id,
      severity,
      why,
      marks: marks.join(', ') || '–',
      mends: '',
    });
    expect(row?.mends.length ?? 0).toBeGreaterThan(4);
    expect(deep === true ? security : true).toBe(true);
  }
});
