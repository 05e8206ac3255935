import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findRepository, mayGive } from './repository.ts';

let base: string;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'homer-repository-')));
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

function make(name: string): string {
  const top = join(base, name);
  mkdirSync(join(top, '.git/worktrees/own'), { recursive: true });
  writeFileSync(join(top, '.git/HEAD'), 'ref: refs/heads/main\n');
  return top;
}

test('a repository is found from within, and none where there is none', () => {
  const top = make('one');
  mkdirSync(join(top, 'a/b'), { recursive: true });
  expect(findRepository(join(top, 'a/b'))).toEqual({ top, common: join(top, '.git') });
  expect(findRepository(base)).toBeNull();
});

test('a .git that leads to a repository is believed only when that leads back', () => {
  const other = make('other');
  const linked = join(base, 'linked');
  mkdirSync(linked);
  const entry = join(other, '.git/worktrees/own');
  writeFileSync(join(entry, 'commondir'), '../..\n');
  writeFileSync(join(linked, '.git'), `gitdir: ${entry}\n`);
  const refused = { problem: expect.stringContaining('does not list it') as string };
  writeFileSync(join(entry, 'gitdir'), `${base}/elsewhere/.git\n`);
  expect(findRepository(linked)).toEqual(refused);
  writeFileSync(join(entry, 'gitdir'), `${linked}/.git\n`);
  expect(findRepository(linked)).toEqual({ top: linked, common: join(other, '.git') });
  writeFileSync(join(linked, '.git'), `gitdir: ${other}/.git\n`);
  expect(findRepository(linked)).toEqual(refused);
  writeFileSync(join(other, '.git/config'), '[core]\n\tworktree = ../../linked\n');
  expect(findRepository(linked)).toEqual({ top: linked, common: join(other, '.git') });
});

test('a .git of somebody else is not taken for its own, by a link or by a name in it', () => {
  const other = make('other');
  const made = make('made');
  writeFileSync(join(made, '.git/commondir'), `${other}/.git\n`);
  expect(findRepository(made)).toHaveProperty('problem');
  const link = join(base, 'link');
  mkdirSync(link);
  symlinkSync(join(other, '.git'), join(link, '.git'));
  expect(findRepository(link)).toHaveProperty('problem');
});

test('a run in a sandbox gives no more than it has', () => {
  const top = make('one');
  mkdirSync(join(top, 'sub'));
  const found = { top, common: join(top, '.git') };
  const giver = { cwd: top, worktree: false, isSandboxed: true, writable: [] };
  expect(mayGive(giver, found)).toBe(true);
  expect(mayGive({ ...giver, cwd: join(top, 'sub') }, found)).toBe(false);
  expect(mayGive({ ...giver, cwd: join(top, 'sub'), worktree: true }, found)).toBe(true);
  expect(mayGive({ ...giver, cwd: join(top, 'sub'), writable: [base] }, found)).toBe(true);
  expect(mayGive({ ...giver, cwd: join(top, 'sub'), isSandboxed: false }, found)).toBe(true);
  expect(mayGive({ ...giver, cwd: join(base, 'gone') }, found)).toBe(false);
});
