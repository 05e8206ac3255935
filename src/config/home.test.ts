import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isHomerError } from '../core/errors.ts';
import { prepareHome, resolveHome } from './home.ts';
import { ensureToken, readToken } from './token.ts';

let parent: string;
let home: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'homer-home-'));
  home = join(parent, 'state');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isHomerError(error, 'HOMER_HOME_UNUSABLE')) return error.message;
    throw error;
  }
  return '';
}

describe('where it is', () => {
  test('the flag, then HOMER_HOME, then ~/.homer', () => {
    expect(resolveHome('/a', { HOMER_HOME: '/b' }, '/u')).toBe('/a');
    expect(resolveHome(undefined, { HOMER_HOME: '/b/' }, '/u')).toBe('/b');
    expect(resolveHome(undefined, { HOMER_HOME: '' }, '/u')).toBe('/u/.homer');
    expect(resolveHome('~/x', {}, '/u')).toBe('/u/x');
    expect(resolveHome('x', {}, '/u')).toBe(join(process.cwd(), 'x'));
  });

  test('an empty flag and a NUL are refused', () => {
    expect(refusal(() => resolveHome('', {}, '/u'))).toBe('--home is empty.');
    expect(refusal(() => resolveHome('a\0b', {}, '/u'))).toContain('NUL');
  });
});

describe('prepared', () => {
  test('it is made, with its directories, for the owner alone', () => {
    expect(prepareHome(home).warnings).toEqual([]);
    expect(readdirSync(home).sort()).toEqual(['backups', 'logs', 'runs', 'skills', 'workspaces']);
    for (const path of [home, ...readdirSync(home).map((name) => join(home, name))])
      expect(modeOf(path)).toBe(0o700);
    expect(prepareHome(home).warnings).toEqual([]);
  });

  test('53 modes that let others in are mended and told', () => {
    prepareHome(home);
    chmodSync(home, 0o755);
    chmodSync(join(home, 'runs'), 0o777);
    expect(prepareHome(home).warnings).toEqual([
      `${home} had mode 0755, it is 0700 now.`,
      `${join(home, 'runs')} had mode 0777, it is 0700 now.`,
    ]);
    expect(modeOf(home)).toBe(0o700);
  });

  test('a file in its place, in its way or inside it is refused', () => {
    writeFileSync(home, '');
    expect(refusal(() => prepareHome(home))).toBe(`${home} is not a directory.`);
    expect(refusal(() => prepareHome(join(home, 'deeper')))).toContain('cannot be made');
    rmSync(home);
    mkdirSync(home);
    writeFileSync(join(home, 'runs'), '');
    expect(refusal(() => prepareHome(home))).toBe(`${join(home, 'runs')} is not a directory.`);
  });

  test.runIf(process.getuid?.() === 0)('another owner is refused', () => {
    mkdirSync(home);
    chownSync(home, 12_345, 12_345);
    expect(refusal(() => prepareHome(home))).toContain('belongs to user 12345');
  });
});

describe('the token', () => {
  beforeEach(() => mkdirSync(home, { mode: 0o700 }));

  test('is made once, whole and private', () => {
    const first = ensureToken(home);
    expect(first.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(modeOf(join(home, 'token'))).toBe(0o600);
    expect(ensureToken(home)).toEqual({ token: first.token, warnings: [] });
    expect(readToken(home)).toBe(first.token);
    expect(readdirSync(home)).toEqual(['token']);
  });

  test('53 an open mode is mended and told', () => {
    ensureToken(home);
    chmodSync(join(home, 'token'), 0o644);
    expect(ensureToken(home).warnings).toHaveLength(1);
    expect(modeOf(join(home, 'token'))).toBe(0o600);
  });

  test('an empty or cut-off file never counts as a token', () => {
    for (const text of ['', 'short', '\n'.repeat(50), 'x'.repeat(5000)]) {
      writeFileSync(join(home, 'token'), text, { mode: 0o600 });
      expect(readToken(home)).toBeNull();
      const { token, warnings } = ensureToken(home);
      expect(warnings).toHaveLength(1);
      expect(readFileSync(join(home, 'token'), 'utf8')).toBe(`${token}\n`);
    }
  });

  test('a link or a directory in its place is refused', () => {
    symlinkSync('/etc/hostname', join(home, 'token'));
    expect(refusal(() => ensureToken(home))).toContain('cannot be read');
    rmSync(join(home, 'token'));
    mkdirSync(join(home, 'token'));
    expect(refusal(() => ensureToken(home))).toContain('is not a file');
  });
});
