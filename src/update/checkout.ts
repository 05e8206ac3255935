// A git checkout. The sources are git's to exchange; what is kept is a copy that can run, and the dependencies when others are needed.

import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HomerError } from '../core/errors.ts';
import type { ProgramVersion, UpdateRecord } from '../lifecycle/update-record.ts';
import { compareVersions, readManifest, type Installation, type Target } from './installation.ts';
import { runProgram } from './run-program.ts';

/** All that Homer runs with; the dependencies are linked. */
const kept = ['src', 'scripts', 'runtime', 'homer', 'package.json', 'package-lock.json', '.npmrc'];
/** A git that was started by an updater that was killed since may still be at work. */
const gitWaits = 20;
const gitWaitMs = 500;

export class Checkout implements Installation {
  readonly kind = 'checkout';
  readonly root: string;
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(root: string, env: Readonly<Record<string, string | undefined>>) {
    this.root = root;
    this.#env = { ...env, GIT_TERMINAL_PROMPT: '0' };
  }

  async installed(): Promise<ProgramVersion> {
    const commit = (await this.#git('rev-parse', 'HEAD')).trim();
    const branch = (await this.#git('branch', '--show-current')).trim();
    const manifest = readManifest(readFileSync(join(this.root, 'package.json'), 'utf8'));
    return { version: manifest?.version ?? 'unknown', commit, branch: branch === '' ? null : branch };
  }

  async newest(): Promise<string | null> {
    const listed = await this.#git('ls-remote', '--tags', '--refs', await this.#remote());
    const tags = listed
      .split('\n')
      .flatMap((line) => /refs\/tags\/v?(\d+\.\d+\.\d+)$/.exec(line)?.[1] ?? [])
      .toSorted(compareVersions);
    return tags.at(-1) ?? null;
  }

  async find(wanted: string): Promise<Target> {
    const remote = await this.#remote();
    await this.#git('fetch', '--quiet', '--tags', remote);
    const names = [`refs/tags/v${wanted}`, `refs/tags/${wanted}`, `refs/remotes/${remote}/${wanted}`, wanted];
    for (const name of names) {
      const commit = await this.#git(
        'rev-parse',
        '--verify',
        '--quiet',
        '--end-of-options',
        `${name}^{commit}`,
      )
        .then((text) => text.trim())
        .catch(() => {
          // Not under this name.
          return null;
        });
      if (commit !== null) return this.#targetAt(commit, wanted);
    }
    throw new HomerError('HOMER_UPDATE_REFUSED', `${remote} has no tag, branch or commit ${wanted}.`);
  }

  async check(): Promise<void> {
    const changed = await this.#git('status', '--porcelain', '--untracked-files=no');
    if (changed === '') return;
    const files = changed
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(3));
    throw new HomerError(
      'HOMER_UPDATE_REFUSED',
      `Files of the checkout were changed: ${files.slice(0, 5).join(', ')}.`,
      {
        hint: `Commit or stash them in ${this.root} first.`,
      },
    );
  }

  async keep(): Promise<string> {
    const previous = join(this.root, '.runtime', 'previous');
    rmSync(previous, { recursive: true, force: true });
    mkdirSync(previous, { recursive: true, mode: 0o700 });
    for (const name of kept) cpSync(join(this.root, name), join(previous, name), { recursive: true });
    symlinkSync(join(this.root, 'node_modules'), join(previous, 'node_modules'));
    return previous;
  }

  async switchTo({ version: { commit } }: Target, previous: string): Promise<void> {
    const level = this.#level();
    const [ours, theirs] = [
      readFileSync(join(this.root, 'package-lock.json'), 'utf8'),
      await this.#git('show', `${commit}:package-lock.json`),
    ];
    // Kept, so that the way back needs no network.
    if (ours !== theirs) {
      rmSync(join(previous, 'node_modules'), { force: true });
      renameSync(join(this.root, 'node_modules'), join(previous, 'node_modules'));
    }
    await this.#git('checkout', '--quiet', '--detach', String(commit));
    await this.#setUp(level);
  }

  async switchBack({ from: { commit, branch }, previous }: UpdateRecord): Promise<void> {
    const modules = join(this.root, 'node_modules');
    const aside = join(previous, 'node_modules');
    const at = branch === null ? null : await this.#tipOf(branch);
    // What is left half done by a checkout that was cut off is nobody's work: the checkout was clean.
    await this.#checkOut(at === commit && branch !== null ? [branch] : ['--detach', String(commit)]);
    if (lstatSync(aside, { throwIfNoEntry: false })?.isDirectory() === true) {
      rmSync(modules, { recursive: true, force: true });
      renameSync(aside, modules);
      symlinkSync(modules, aside);
    }
    await this.#setUp(this.#level());
  }

  async #targetAt(commit: string, wanted: string): Promise<Target> {
    const manifest = readManifest(await this.#git('show', `${commit}:package.json`));
    if (manifest?.name !== 'homer' || !manifest.knowsTrial)
      throw new HomerError(
        'HOMER_UPDATE_REFUSED',
        `${wanted} is no Homer that can be tried before it is taken over.`,
        {
          hint: 'It is older than `homer update`; check it out by hand, with Homer stopped.',
        },
      );
    return { version: { version: manifest.version, commit, branch: null }, tarball: null };
  }

  async #remote(): Promise<string> {
    const remotes = (await this.#git('remote')).trim().split('\n');
    const remote = remotes.includes('origin') ? 'origin' : remotes[0];
    if (remote === undefined || remote === '')
      throw new HomerError('HOMER_UPDATE_REFUSED', `The checkout ${this.root} has no remote.`, {
        hint: 'Name where new versions come from: `git remote add origin URL`.',
      });
    return remote;
  }

  async #tipOf(branch: string): Promise<string | null> {
    return this.#git('rev-parse', '--verify', '--quiet', `refs/heads/${branch}`)
      .then((text) => text.trim())
      .catch(() => {
        // It was removed meanwhile: the commit is there all the same.
        return null;
      });
  }

  async #checkOut(what: readonly string[]): Promise<void> {
    const lock = join(this.root, (await this.#git('rev-parse', '--git-path', 'index.lock')).trim());
    for (let waited = 0; existsSync(lock) && waited < gitWaits; waited++) await delay(gitWaitMs);
    // Nobody works on it any more: its git was killed.
    rmSync(lock, { force: true });
    await this.#git('checkout', '--quiet', '--force', ...what);
  }

  /** A developer's tools stay. */
  #level(): string {
    return existsSync(join(this.root, 'node_modules', 'typescript')) ? 'development' : 'production';
  }

  /** Dependencies by the lockfile; a moment when they are there. */
  async #setUp(level: string): Promise<void> {
    await runProgram('sh', [join(this.root, 'scripts/setup'), level], { cwd: this.root, env: this.#env });
  }

  /** Without hooks: nothing of the checkout's owner is to happen here. */
  #git(...args: readonly string[]): Promise<string> {
    return runProgram('git', ['-C', this.root, '-c', 'core.hooksPath=/dev/null', ...args], {
      env: this.#env,
    });
  }
}
