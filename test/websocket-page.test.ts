import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { closeCodes, rpcCodes } from '../src/core/wire.ts';

test('docs/websocket.md names every close code and every error code', () => {
  const page = readFileSync(new URL('../docs/websocket.md', import.meta.url), 'utf8');
  const rows = page.split('\n').flatMap((line) => /^\| (-?\d{4,5}) \|/.exec(line)?.[1] ?? []);
  // The library itself closes with 1007; a message that is no JSON is closed with 4400 instead of answered.
  const wanted = [1007, ...Object.values(closeCodes), ...Object.values(rpcCodes)].filter(
    (code) => code !== rpcCodes.parse,
  );
  expect(rows.map(Number).sort((a, b) => a - b)).toEqual(wanted.sort((a, b) => a - b));
});
