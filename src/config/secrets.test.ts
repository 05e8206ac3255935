import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isHomerError } from '../core/errors.ts';
import type { SecretRef } from './config.ts';
import { resolveSecret } from './secrets.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'homer-secret-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const env = { PATH: process.env['PATH'], SET: 'from env', EMPTY: '' };

async function refusal(ref: SecretRef): Promise<string> {
  try {
    await resolveSecret(ref, env);
  } catch (error) {
    if (isHomerError(error, 'HOMER_SECRET_MISSING')) return error.message;
    throw error;
  }
  return '';
}

function stateOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? 'gone';
  } catch {
    return 'gone';
  }
}

test('each kind gives its value without the last line end', async () => {
  writeFileSync(join(dir, 's'), 'from file\n');
  expect(await resolveSecret({ text: 'plain\n' }, env)).toBe('plain\n');
  expect(await resolveSecret({ env: 'SET' }, env)).toBe('from env');
  expect(await resolveSecret({ file: join(dir, 's') }, env)).toBe('from file');
  expect(await resolveSecret({ exec: ['printf', '%s\\r\\n', '$(id) "x"'] }, env)).toBe('$(id) "x"');
});

test('what is missing is named', async () => {
  expect(await refusal({ env: 'NOT_SET' })).toBe('The environment variable NOT_SET is not set.');
  expect(await refusal({ env: 'toString' })).toBe('The environment variable toString is not set.');
  expect(await refusal({ env: 'EMPTY' })).toBe('The environment variable EMPTY is not set.');
  expect(await refusal({ file: join(dir, 'none') })).toBe(`The file ${join(dir, 'none')} cannot be read.`);
  expect(await refusal({ file: dir })).toContain('cannot be read');
  expect(await refusal({ exec: ['no-such-program-here'] })).toBe('no-such-program-here cannot be started.');
  expect(await refusal({ exec: ['sh', '-c', 'echo hunter2; exit 3'] })).toBe('sh ended with code 3.');
  expect(await refusal({ exec: ['sh', '-c', 'kill -9 $$'] })).toBe('sh ended with signal SIGKILL.');
  expect(await refusal({ exec: ['true'] })).toBe('The output of true is empty.');
});

test('a program that never stops writing is ended', async () => {
  expect(await refusal({ exec: ['yes'] })).toBe('yes wrote more than 64 KiB.');
});

test('the program sees only the environment it is given', async () => {
  expect(await resolveSecret({ exec: ['sh', '-c', 'echo "${SET}-${HOME:-none}"'] }, env)).toBe(
    'from env-none',
  );
});

test('a program that hangs is ended, with the child that holds its output', async () => {
  const script = `sleep 600 & echo $! > ${join(dir, 'pid')}; exit 0`;
  await expect(resolveSecret({ exec: ['sh', '-c', script] }, env, 1500)).rejects.toMatchObject({
    code: 'HOMER_SECRET_MISSING',
    message: 'sh gave no secret within 1.5 s.',
  });
  const pid = readFileSync(join(dir, 'pid'), 'utf8').trim();
  // Killed: gone, or a zombie that waits for its parent.
  await expect.poll(() => stateOf(pid)).toMatch(/^(gone|[ZX])$/);
});

test('what a program leaves behind ends with it, though it gave its secret', async () => {
  const script = 'sleep 600 >/dev/null & echo "$!"';
  const pid = await resolveSecret({ exec: ['sh', '-c', script] }, env);
  expect(pid).toMatch(/^\d+$/);
  // It was sent SIGKILL before the secret was told; a dead one may still wait to be reaped.
  await expect.poll(() => stateOf(pid)).toMatch(/^(gone|Z)$/);
});
