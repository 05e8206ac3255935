// Secrets where texts are cut: no piece of one may get by because the rest of it fell to the other side.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { maxLineLength } from '../../src/runner/framing.ts';
import { createRunRoom, type RunRoom } from './run-room.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const rooms: RunRoom[] = [];

afterEach(async () => {
  for (const room of rooms.splice(0)) await room.clean();
});

/** Six characters of the secret, from anywhere in it, that are in a file of the run. */
function piecesFound(room: RunRoom, secret: string): readonly string[] {
  const files = readdirSync(room.directory()).map((name) => join(room.directory(), name));
  const texts = files.filter((path) => statSync(path).isFile()).map((path) => readFileSync(path, 'utf8'));
  return Array.from({ length: secret.length - 5 }, (_, at) => secret.slice(at, at + 6)).filter((piece) =>
    texts.some((text) => text.includes(JSON.stringify(piece).slice(1, -1)) || text.includes(piece)),
  );
}

const key = 'qZ7wXv2KpL9tRm4BnY';
const manyTimes = (count: number): string =>
  `i=0; while [ $i -lt ${count} ]; do printf %s "$KEY"; i=$((i+1)); done`;

test.each([
  ['in an answer that is cut in its middle', key, `printf x; ${manyTimes(20_000)}; exit 0`],
  ['in the last line of standard output', key, `${manyTimes(1_000)}; exit 1`],
  ['in the last line of standard error', key, `{ ${manyTimes(1_000)}; echo; } >&2; exit 1`],
  ['in lines of standard error', 'uV3xT8\r\nGh5Jq1', 'printf "%s\\n" "$KEY" >&2; exit 1'],
])('a secret %s', async (_, secret, script) => {
  const one = createRunRoom({ script, env: { KEY: secret }, secrets: [secret] });
  rooms.push(one);
  const { exit } = await one.finish();
  expect(`${exit?.text} ${exit?.message}`).toContain('[redacted]');
  expect(piecesFound(one, secret)).toEqual([]);
});

test('of two secrets of which one begins the other, the longer, in two pieces', async () => {
  const script = 'printf %.10s "$KEY"; sleep 0.3; printf %s "${KEY#??????????}"';
  const one = createRunRoom({ script, env: { KEY: key }, secrets: [key.slice(0, 10), key] });
  rooms.push(one);
  const { exit } = await one.finish();
  expect(exit?.text).toBe('[redacted]');
  expect(piecesFound(one, key)).toEqual([]);
});

test.each(['command', 'lines'] as const)(
  'a secret across the end of what is kept of a line of standard error, of a %s',
  async (dialect) => {
    const script = `{ head -c ${maxLineLength - 10} /dev/zero | tr '\\0' x; printf "%s\\n" "$KEY"; } >&2`;
    const one = createRunRoom({ script, dialect, env: { KEY: key }, secrets: [key] });
    rooms.push(one);
    await one.finish();
    expect(one.text('stderr')).toHaveLength(maxLineLength - 10);
    expect(piecesFound(one, key)).toEqual([]);
  },
);

test.each(['1', '2'])('a secret across the limit of output, on descriptor %s', async (fd) => {
  const script = `printf "%080d%.9s" 0 "$KEY" >&${fd}; sleep 0.2; printf "%s\\n" "\${KEY#?????????}" >&${fd}; sleep 600`;
  const one = createRunRoom({
    script,
    env: { KEY: key },
    secrets: [key],
    limits: { outputBytes: 80 },
  });
  rooms.push(one);
  const { exit } = await one.finish();
  expect(exit?.verdict).toBe('output_limit');
  expect(one.text() + one.text('stderr')).toBe('0'.repeat(80));
  expect(piecesFound(one, key)).toEqual([]);
});
