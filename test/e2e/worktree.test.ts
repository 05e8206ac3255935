// `homer run --worktree`: a worktree of its own for each job, kept when there is work in it, and nothing of the repository's own
// configuration is run on the way.

import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobAnswer } from '../../src/cli/answers.ts';
import { detectIsolation } from '../../src/runner/isolation.ts';
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
  const env = { PATH: process.env['PATH'], HOME: room.work };
  const git = createGit({ env, home: realpathSync(room.home), isolation: () => Promise.resolve('sweep') });
  await git({ cwd: repository, writable: [] }, 'status', '--porcelain');
  expect(existsSync(witness)).toBe(false);
});

test('no program of a repository within the worktree is run, and it is kept', async () => {
  const witness = join(room.work, 'witness');
  const inner = [
    'git init -q nested && cd nested && echo one > f && echo "* filter=x" > .gitattributes && git add .',
    'git -c user.name=t -c user.email=t@localhost commit -qm inner',
    `git config filter.x.clean "touch ${witness}; cat" && echo two > f && cd .. && git add nested`,
  ].join(' && ');
  const { job } = await work(inner);
  expect(job).toMatchObject({ state: 'succeeded', worktree: { path: expect.any(String) as string } });
  expect(existsSync(witness)).toBe(false);
});

test('git and what it starts can write to the repository only, where there is bwrap', async () => {
  if ((await detectIsolation()) !== 'bwrap') return;
  const user = realpathSync(mkdtempSync('/var/tmp/homer-git-'));
  try {
    const state = join(user, '.homer');
    mkdirSync(state);
    writeFileSync(join(state, 'token'), 'the-owners-token');
    const script = `cat ${state}/token >&2; touch ${user}/out ${state}/out ${repository}/sub/out ${repository}/.git/in; cat`;
    // As if it had been written into the repository after its settings were read.
    writeFileSync(join(user, '.gitconfig'), `[filter "x"]\n\tclean = "${script}"\n`);
    writeFileSync(join(repository, '.gitattributes'), '* filter=x\n');
    writeFileSync(join(repository, 'sub/file'), 'other\n');
    const env = { PATH: process.env['PATH'], HOME: user };
    const git = createGit({ env, home: state, isolation: detectIsolation });
    const place = { cwd: repository, readable: [repository], writable: [join(repository, '.git')] };
    expect(await git(place, 'diff', '--stat')).toContain('sub/file');
    expect(existsSync(join(repository, '.git/in'))).toBe(true);
    for (const path of [`${user}/out`, `${state}/out`, `${repository}/sub/out`])
      expect(existsSync(path), path).toBe(false);
  } finally {
    rmSync(user, { recursive: true, force: true });
  }
});

test('a made-up .git does not open another repository to the run', async () => {
  const made = join(realpathSync(room.work), 'made');
  mkdirSync(join(made, '.git/refs'), { recursive: true });
  writeFileSync(join(made, '.git/HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(join(made, '.git/commondir'), `${repository}/.git\n`);
  const linked = join(realpathSync(room.work), 'linked');
  mkdirSync(linked);
  symlinkSync(join(repository, '.git'), join(linked, '.git'));
  const named = join(realpathSync(room.work), 'named');
  mkdirSync(named);
  writeFileSync(join(named, '.git'), `gitdir: ${repository}/.git\n`);
  for (const directory of [made, linked, named]) {
    const { code, stderr } = await room.run(['run', '--worktree', '-C', directory, '-x', 'shell', 'true']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('.git') as string });
  }
  expect(gitIn(repository, 'worktree', 'list').split('\n')).toHaveLength(1);
});

test('a worktree of the owner may be worked in like the repository itself', async () => {
  const own = join(realpathSync(room.work), 'own');
  gitIn(repository, 'worktree', 'add', '--quiet', own);
  const { stdout } = await room.run([
    'run',
    '--worktree',
    '-C',
    own,
    '--json',
    '-x',
    'shell',
    'cat sub/file',
  ]);
  expect((JSON.parse(stdout) as JobAnswer).job).toMatchObject({ result: { text: 'first' }, worktree: null });
  expect(gitIn(repository, 'worktree', 'list').split('\n')).toHaveLength(2);
});

test('a pipe in the place of a file does not keep the end of the job waiting for long', async () => {
  const begun = Date.now();
  const { job } = await work('mkfifo .gitignore');
  expect(job).toMatchObject({ state: 'succeeded', worktree: { path: expect.any(String) as string } });
  expect(Date.now() - begun).toBeLessThan(60_000);
}, 130_000);

test('work in a worktree whose .git was moved away is not thrown away by the next run', async () => {
  const { job } = await work('echo mine > precious; mv ../.git ../moved; exit 1');
  expect(job.state).toBe('failed');
  await room.run(['retry', job.id]);
  const again = JSON.parse((await room.run(['attach', job.id, '--json'])).stdout) as JobAnswer;
  expect(again.job.error?.message).toContain('has no .git any more');
  expect(readFileSync(join(room.home, 'worktrees', job.id, 'sub/precious'), 'utf8')).toBe('mine\n');
});

const commit = 'git -c user.name=t -c user.email=t@localhost commit -q';
test.each([
  ['on no branch', `echo x > file && ${commit} -am own && git checkout -q --detach HEAD~1`],
  ['taken as unchanged', 'git update-index --assume-unchanged file && echo x > file'],
  ['left out of the checkout', 'git update-index --skip-worktree file && echo x > file'],
])('work that git does not show is kept: %s', async (_, script) => {
  const { job } = await work(script);
  expect(job).toMatchObject({ state: 'succeeded', worktree: { path: expect.any(String) as string } });
});

test('commits that are on a branch as well are not lost with the worktree', async () => {
  const { job } = await work(
    `git checkout -q -b topic && ${commit} --allow-empty -m own && git checkout -q --detach HEAD~1`,
  );
  expect(job).toMatchObject({ state: 'succeeded', worktree: null });
  expect(gitIn(repository, 'log', '--format=%s', '-1', 'topic')).toBe('own');
});

test('a link in the commit leads no directory out of the worktree', async () => {
  const outside = join(realpathSync(room.work), 'outside');
  mkdirSync(outside);
  symlinkSync(outside, join(repository, 'link'));
  gitIn(repository, 'add', '.');
  gitIn(repository, 'commit', '--quiet', '-m', 'link');
  rmSync(join(repository, 'link'));
  mkdirSync(join(repository, 'link/deep'), { recursive: true });
  const { stdout } = await room.run([
    ...['run', '--worktree', '-C', join(repository, 'link/deep'), '--json', '-x', 'shell', 'true'],
  ]);
  expect((JSON.parse(stdout) as JobAnswer).job.state).toBe('failed');
  expect(existsSync(join(outside, 'deep'))).toBe(false);
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
