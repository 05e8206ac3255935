// A machine whose first process is systemd: the one that is installed here, in namespaces of its own (boot).

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readdirSync, rmdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Ended } from '../../e2e/cli-process.ts';

const boot = fileURLToPath(new URL('./boot', import.meta.url));
const checkout = fileURLToPath(new URL('../../..', import.meta.url));

/** Namespaces, mounts and a first process of one's own need root. */
export const canBoot = process.platform === 'linux' && process.getuid?.() === 0;

export interface SystemdRoom {
  /** Seen inside as /srv/share. */
  readonly share: string;
  /** Runs a program inside as root; resolves with how it ended. */
  run(...argv: readonly string[]): Promise<Ended>;
  /** The same as an account, with a login's environment and these variables. */
  runAs(account: string, env: Readonly<Record<string, string>>, ...argv: readonly string[]): Promise<Ended>;
  /** The output of a program inside; throws when it does not end with 0. */
  out(...argv: readonly string[]): Promise<string>;
  /** Makes an account whose systemd runs. */
  addAccount(name: string): Promise<void>;
  clean(): Promise<void>;
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const patienceMs = 60_000;

export async function bootSystemd(): Promise<SystemdRoom> {
  const directory = await mkdtemp(join(tmpdir(), 'homer-systemd-'));
  await chmod(directory, 0o755);
  for (const name of ['share', 'root', 'layers']) await mkdir(join(directory, name), { mode: 0o777 });
  await chmod(join(directory, 'share'), 0o777);
  const unified = '/sys/fs/cgroup/unified';
  const group = join(existsSync(unified) ? unified : '/sys/fs/cgroup', `homer-systemd-${process.pid}`);
  const log = openSync(join(directory, 'log'), 'a');
  const argv = [boot, directory, checkout, dirname(process.execPath), group];
  const outer = spawn('sh', argv, { stdio: ['ignore', log, log], detached: true });
  const ended = once(outer, 'exit');
  const first = await firstProcess(outer.pid ?? 0, ended, join(directory, 'log'));

  const room: SystemdRoom = {
    share: join(directory, 'share'),
    run: (...inside) => run(enter(first, inside)),
    runAs: (account, env, ...inside) => run(enter(first, asAccount(account, env, inside))),
    async out(...inside) {
      const { code, stdout, stderr } = await room.run(...inside);
      if (code !== 0) throw new Error(`${inside.join(' ')} ended with ${code}: ${stderr}${stdout}`);
      return stdout;
    },
    async addAccount(name) {
      await room.out('useradd', '--create-home', '--shell', '/bin/bash', name);
      await room.out('loginctl', 'enable-linger', name);
      const uid = (await room.out('id', '--user', name)).trim();
      await room.out('systemctl', 'start', `user@${uid}.service`);
    },
    async clean() {
      outer.kill('SIGKILL');
      await ended;
      await removeGroup(group);
      await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
  for (let waited = 0; ; waited += 50) {
    const { stdout } = await room.run('systemctl', 'is-system-running');
    if (/^(running|degraded)/.test(stdout)) return room;
    if (waited > patienceMs)
      throw new Error(`systemd did not boot: ${await readFile(join(directory, 'log'), 'utf8')}`);
    await delay(50);
  }
}

/** The one that unshare(1) waits for. */
async function firstProcess(outer: number, ended: Promise<unknown>, log: string): Promise<number> {
  let isOver = false;
  void ended.then(() => (isOver = true));
  for (;;) {
    const children = await readFile(`/proc/${outer}/task/${outer}/children`, 'utf8').catch(() => '');
    const child = Number(children.trim().split(' ')[0]);
    // Until it has become systemd, its root is the machine's own.
    if (child > 0 && (await readFile(`/proc/${child}/comm`, 'utf8').catch(() => '')) === 'systemd\n')
      return child;
    if (isOver) throw new Error(`systemd was not started: ${await readFile(log, 'utf8')}`);
    await delay(20);
  }
}

function enter(first: number, argv: readonly string[]): readonly string[] {
  const all = ['--mount', '--pid', '--net', '--uts', '--ipc', '--cgroup', '--root', '--wd'];
  return ['nsenter', '--target', String(first), ...all, 'env', '-i', `PATH=${path}`, 'HOME=/root', ...argv];
}

function asAccount(
  account: string,
  env: Readonly<Record<string, string>>,
  argv: readonly string[],
): readonly string[] {
  const variables = Object.entries({ HOME: `/home/${account}`, PATH: path, ...env }).map(
    ([name, value]) => `${name}=${value}`,
  );
  return ['runuser', '-u', account, '--', 'env', '--chdir', `/home/${account}`, '-i', ...variables, ...argv];
}

function run([file = '', ...args]: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr });
    });
  });
}

/** A group is empty a moment after its last process has ended; it goes from the innermost out. */
async function removeGroup(group: string): Promise<void> {
  const inner = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of inner) await removeGroup(join(group, name));
  for (let tries = 0; ; tries += 1) {
    try {
      rmdirSync(group);
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await delay(20);
    }
  }
}
