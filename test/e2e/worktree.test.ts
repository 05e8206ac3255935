// `homer run --worktree`: a worktree of its own for each job, kept when there is work in it, and nothing of the repository's own
// configuration is run on the way.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobAnswer } from '../../src/cli/answers.ts';
import { createGit, filtersOf } from '../../src/worker/git.ts';
import { openRoom, type Room } from './cli-process.ts';

let room: Room;
let repository: string;

const gitIn = (directory: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], {
    cwd: directory,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: room.work },
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

beforeEach(async () => {
  room = await openRoom();
  repository = join(realpathSync(room.work), 'repository');
  mkdirSync(join(repository, 'sub'), { recursive: true });
  writeFileSync(join(repository, 'sub/file'), 'first\n');
  gitIn(repository, 'init', '--quiet', '--initial-branch=main');
  gitIn(repository, 'add', '.');
  gitIn(repository, 'commit', '--quiet', '-m', 'first');
});

afterEach(async () => {
  await room.close();
});

async function work(
  script: string,
  ...more: readonly string[]
): Promise<{ job: JobAnswer['job']; stderr: string }> {
  const directory = join(repository, 'sub');
  const { stdout, stderr } = await room.run([
    'run',
    '--worktree',
    '-C',
    directory,
    '--json',
    ...more,
    '-x',
    'shell',
    script,
  ]);
  return { ...(JSON.parse(stdout) as JobAnswer), stderr };
}

test('it works in the same directory of a worktree, which goes when nothing was changed', async () => {
  const { job } = await work('pwd -P; cat file; git status --short --branch; mkdir -p ignored');
  expect(job.state).toBe('succeeded');
  const root = join(realpathSync(room.home), 'worktrees', job.id);
  expect(job.result?.text).toBe(`${join(root, 'sub')}\nfirst\n## HEAD (no branch)`);
  expect(job.worktree).toBeNull();
  expect(readdirSync(join(room.home, 'worktrees'))).toEqual([]);
  expect(gitIn(repository, 'worktree', 'list').split('\n')).toHaveLength(1);
});

test('it is kept with changes, with new files and with commits, and the job says where', async () => {
  const dirty = await work('echo second > file');
  expect(dirty.job.worktree?.path).toBe(join(room.home, 'worktrees', dirty.job.id));
  expect(dirty.stderr).toContain(`Its worktree is kept: ${dirty.job.worktree?.path ?? ''} (at `);
  expect(readFileSync(join(dirty.job.worktree?.path ?? '', 'sub/file'), 'utf8')).toBe('second\n');
  expect(readFileSync(join(repository, 'sub/file'), 'utf8')).toBe('first\n');
  const untracked = await work('echo x > new; exit 3', '--key', 'k1');
  expect(untracked.job).toMatchObject({ state: 'failed', worktree: { path: expect.any(String) as string } });
  const branch = await work(
    'git checkout -q -b topic && git -c user.name=t -c user.email=t@localhost commit -q --allow-empty -m own',
  );
  expect(branch.job.worktree?.head).toBe('topic');
  const { stdout } = await room.run(['job', branch.job.id]);
  expect(stdout).toMatch(/worktree .*worktrees\/j.* \(on topic\)/);
});

test('a job that runs again goes on in its worktree', async () => {
  const { job } = await work('test -e mark && cat mark || { echo found > mark; exit 1; }');
  expect(job.state).toBe('failed');
  await room.run(['retry', job.id]);
  const again = await room.run(['attach', job.id, '--json']);
  expect((JSON.parse(again.stdout) as JobAnswer).job.result?.text).toBe('found');
});

test('no program of the repository is run, not by hooks, monitors or filters', async () => {
  const witness = join(room.work, 'witness');
  const bad = join(room.work, 'bad.sh');
  writeFileSync(bad, `#!/bin/sh\necho "$0 $*" >> ${witness}\ncat\n`, { mode: 0o755 });
  writeFileSync(join(repository, '.gitattributes'), '* filter=evil.one\n');
  gitIn(repository, 'add', '.gitattributes');
  gitIn(repository, '-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '-m', 'attributes');
  for (const key of ['smudge', 'clean', 'process'])
    gitIn(repository, 'config', `filter.evil.one.${key}`, bad);
  gitIn(repository, 'config', 'filter.evil.one.required', 'true');
  gitIn(repository, 'config', 'core.fsmonitor', bad);
  // Last, so that nothing above runs them.
  for (const hook of ['post-checkout', 'post-index-change', 'reference-transaction'])
    writeFileSync(join(repository, '.git/hooks', hook), readFileSync(bad), { mode: 0o755 });
  const { job } = await work('touch file; true');
  expect(job.error).toBeNull();
  expect(job).toMatchObject({ state: 'succeeded', worktree: null });
  expect(existsSync(witness) && readFileSync(witness, 'utf8')).toBe(false);
  const git = createGit({ PATH: process.env['PATH'], HOME: room.work });
  await git(repository, 'status', '--porcelain');
  expect(existsSync(witness)).toBe(false);
});

test('filters of the owner stay, those of the repository are named', () => {
  const settings =
    'global\0filter.lfs.clean\ngit-lfs\0local\0filter.a=b.c.smudge\n/x/y.sh\0local\0user.name\nfilter.no.clean\0';
  expect(filtersOf(settings)).toEqual(['a=b.c']);
});

test('outside of a repository it is refused before anything is accepted', async () => {
  const outside = join(room.work, 'outside');
  mkdirSync(outside);
  const refused = await room.run(['run', '--worktree', '-C', outside, '-x', 'shell', 'true']);
  expect(refused).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('is in no git repository') as string,
  });
  expect(refused.stderr).toContain('is in no git repository');
});
