import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { warningCodes } from './skill.ts';

test('docs/skills.md explains every warning, and no other', () => {
  const page = readFileSync(new URL('../../docs/skills.md', import.meta.url), 'utf8');
  const section = page.split('## Warnings')[1]?.split('\n## ')[0] ?? '';
  const codes = [...section.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code]) => code);
  expect(codes).toEqual([...warningCodes]);
});
