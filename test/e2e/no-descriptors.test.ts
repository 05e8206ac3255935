// A process that has used up its descriptors (EMFILE) says so where it is asked, and does not fall over.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireLock, type Lock } from '../../src/lifecycle/lock.ts';

const fixture = join(import.meta.dirname, '../fixtures/agents/no-descriptors.ts');

let directory: string;
let lock: Lock | null = null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'homer-descriptors-'));
  lock = acquireLock(directory);
});

afterEach(() => {
  lock?.release();
  rmSync(directory, { recursive: true, force: true });
});

function ask(...words: string[]): string {
  const script = 'ulimit -n 64 && exec "$@"';
  const args = ['-c', script, 'sh', process.execPath, fixture, ...words];
  const { stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8', timeout: 30_000 });
  return stdout.trim() || stderr;
}

test('the isolation that cannot be tried is not had', () => {
  expect(ask('isolation')).toBe('sweep');
});

test('a lock that is held is told as held once there are descriptors again, and as unknown without', () => {
  expect(ask('lock-later', directory)).toBe('held');
  expect(ask('lock', directory)).toBe('unknown');
});

test('a program that gives a secret cannot be started', () => {
  expect(ask('secret')).toMatch(/^HomerError: echo cannot be started/);
});
