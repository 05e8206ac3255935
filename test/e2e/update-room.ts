// A checkout of Homer with a remote of its own, and versions in it that are good, broken, and worse. The dependencies are linked:
// all versions have the same.

import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
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
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Job, StatusAnswer } from '../../src/cli/answers.ts';
import { isRecordAlive, readRecord } from '../../src/lifecycle/record.ts';
import { readUpdate } from '../../src/lifecycle/update-record.ts';

const source = join(import.meta.dirname, '../..');
const carried = [
  'src',
  'scripts',
  'runtime',
  'homer',
  'package.json',
  'package-lock.json',
  '.npmrc',
  '.gitignore',
];

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly ended: Promise<Ended>;
  /** Resolves when standard error says so; rejects when the process ends without. */
  saw(pattern: RegExp): Promise<void>;
}

/** A version: what differs in it from the one before, as files with their texts. */
type Changes = Readonly<Record<string, (text: string) => string>>;

export class UpdateRoom {
  readonly work = realpathSync(mkdtempSync(join(tmpdir(), 'homer-update-')));
  readonly home = join(this.work, 'home');
  readonly checkout = join(this.work, 'checkout');
  readonly #origin = join(this.work, 'origin');
  readonly #children = new Set<ChildProcess>();

  constructor() {
    mkdirSync(this.#origin);
    for (const name of carried) cpSync(join(source, name), join(this.#origin, name), { recursive: true });
    this.#git('init', '--quiet', '--initial-branch=main');
    this.#commit('0.1.0');
    execFileSync('git', ['clone', '--quiet', this.#origin, this.checkout], { env: this.env });
    symlinkSync(realpathSync(join(source, 'node_modules')), join(this.checkout, 'node_modules'));
  }

  /** Makes a version upon the first one, under a tag of the remote. */
  publish(version: string, changes: Changes = {}): void {
    this.#git('checkout', '--quiet', '--detach', 'v0.1.0');
    for (const [path, change] of Object.entries(changes)) {
      const file = join(this.#origin, path);
      writeFileSync(file, change(existsSync(file) ? readFileSync(file, 'utf8') : ''));
    }
    this.#commit(version);
  }

  makeHome(): string {
    mkdirSync(this.home, { mode: 0o700 });
    return this.home;
  }

  start(...args: readonly string[]): Started {
    const child = spawn(join(this.checkout, 'homer'), args, {
      cwd: this.work,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = once(child, 'exit').then(async ([code]) => {
      // What it has started may hold its output open; all that it said itself is there.
      await new Promise((resolve) => setImmediate(resolve));
      return { code: code as number | null, stdout, stderr };
    });
    const saw = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(stderr)) {
        if (child.exitCode !== null) throw new Error(`ended without ${pattern}: ${stderr}`);
        await Promise.race([once(child.stderr, 'data'), once(child, 'exit')]);
      }
    };
    return { saw, ended };
  }

  run(...args: readonly string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  /** The answer of a command that has to succeed. */
  async ask<Answer>(...args: readonly string[]): Promise<Answer> {
    const { code, stdout, stderr } = await this.run(...args, '--json');
    if (code !== 0) throw new Error(`homer ${args.join(' ')}: ${code} ${stderr} ${stdout}`);
    return JSON.parse(stdout) as Answer;
  }

  async job(id: string): Promise<Job> {
    return (await this.ask<{ readonly job: Job }>('job', id)).job;
  }

  /** Gives a job to the shell; returns its id. */
  async give(script: string): Promise<string> {
    return (await this.ask<{ readonly job: Job }>('run', '-d', '-x', 'shell', script)).job.id;
  }

  async version(): Promise<string> {
    return (await this.ask<StatusAnswer>('status')).version;
  }

  head(): string {
    return this.#inCheckout('rev-parse', '--abbrev-ref', 'HEAD');
  }

  /** Nothing of an update is left but the word on how it ended. */
  leftOver(): string[] {
    const inHome = readdirSync(join(this.home, 'update'));
    return existsSync(join(this.checkout, '.runtime/previous')) ? [...inHome, 'previous'] : inHome;
  }

  /** The process that drives the update which was begun, by what the system says of it. */
  driver(): number {
    const previous = readUpdate(this.home)?.previous ?? '?';
    for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each)))
      if (argumentsOf(name).includes(`${previous}/src/cli/main.ts\0update\0--drive`)) return Number(name);
    throw new Error('nobody drives an update');
  }

  get env(): Record<string, string> {
    const env: Record<string, string> = {
      PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: this.work,
      HOMER_HOME: this.home,
      HOMER_PORT: '0',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Test',
      GIT_AUTHOR_EMAIL: 'test@localhost',
      GIT_COMMITTER_NAME: 'Test',
      GIT_COMMITTER_EMAIL: 'test@localhost',
    };
    const config = process.env['npm_config_globalconfig'];
    return config === undefined ? env : { ...env, npm_config_globalconfig: config };
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    // Whatever stands in the checkout, what is here can end it all.
    const main = join(source, 'src/cli/main.ts');
    const stop = [main, 'stop', '--kill', '--home', this.home];
    await new Promise((resolve) => execFile(process.execPath, stop, { env: this.env }, resolve));
    const record = await readRecord(this.home);
    if (record !== null && isRecordAlive(record)) process.kill(record.pid, 'SIGKILL');
    rmSync(this.work, { recursive: true, force: true, maxRetries: 5 });
  }

  #commit(version: string): void {
    const file = join(this.#origin, 'package.json');
    const manifest = readFileSync(file, 'utf8').replace(/"version": ".*"/, `"version": "${version}"`);
    writeFileSync(file, manifest);
    this.#git('add', '--all', '--force', '.');
    this.#git('commit', '--quiet', '--allow-empty', '--message', version);
    this.#git('tag', `v${version}`);
  }

  #git(...args: readonly string[]): string {
    return execFileSync('git', ['-C', this.#origin, ...args], { env: this.env, encoding: 'utf8' }).trim();
  }

  #inCheckout(...args: readonly string[]): string {
    return execFileSync('git', ['-C', this.checkout, ...args], { env: this.env, encoding: 'utf8' }).trim();
  }
}

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // Gone meanwhile.
    return '';
  }
}
