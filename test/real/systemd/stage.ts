// Homer as a service in a room with systemd: of an account, or of the machine and run as that account.

import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Job, JobAnswer, StatusAnswer } from '../../../src/cli/answers.ts';
import type { ServiceDocument } from '../../../src/cli/service-screen.ts';
import type { Ended } from '../../e2e/cli-process.ts';
import type { SystemdRoom } from './room.ts';

export type Scope = 'user' | 'system';

export interface Stage {
  readonly scope: Scope;
  /** The account it runs as, and its state directory. */
  readonly account: string;
  readonly home: string;
  readonly file: string;
  /** How the account's own systemd is found. */
  readonly session: Readonly<Record<string, string>>;
  /** `homer ARGS…` as the account. */
  homer(...args: readonly string[]): Promise<Ended>;
  /** `homer service ARGS…` as whoever may: the account, or root with --system. */
  service(...args: readonly string[]): Promise<Ended>;
  /** systemctl of whoever keeps it; throws when it fails. */
  systemctl(...args: readonly string[]): Promise<string>;
  /** One property of the unit. */
  property(name: string): Promise<string>;
  /** Resolves when a property is as wanted; the unit tells nobody from outside. */
  when(name: string, wanted: (value: string) => boolean): Promise<string>;
  /** What `homer service --json` says. */
  status(): Promise<StatusAnswer & { readonly service: ServiceDocument }>;
  /** Lays more settings over the unit (systemd.unit(5), drop-ins), instead of those that were there. */
  override(settings: string): Promise<void>;
  configure(yaml: string): Promise<void>;
  /** Submits a command; resolves with the job once it runs. */
  running(command: string): Promise<Job>;
  whenJob(id: string, holds: (job: Job) => boolean): Promise<Job>;
}

const patienceMs = 60_000;
const lookMs = 50;

export async function openStage(room: SystemdRoom, scope: Scope, account: string): Promise<Stage> {
  await room.addAccount(account);
  const uid = (await room.out('id', '--user', account)).trim();
  const [userHome, launcher] = [`/home/${account}`, '/srv/homer/homer'];
  // A directory that only this account's login knows.
  await room.out('sh', '-c', `echo 'PATH=$HOME/bin:$PATH' >>${userHome}/.profile`);
  const login = { PATH: `${userHome}/bin:/usr/local/bin:/usr/bin:/bin`, HOMER_PORT: '0', LANG: 'C.UTF-8' };
  const bus = { XDG_RUNTIME_DIR: `/run/user/${uid}` };
  const units = scope === 'user' ? `${userHome}/.config/systemd/user` : '/etc/systemd/system';
  const asRoot = ['env', 'HOMER_PORT=0', `SUDO_USER=${account}`];

  const ended = (command: string, { code, stdout, stderr }: Ended): string => {
    if (code !== 0) throw new Error(`${command} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  };
  const stage: Stage = {
    scope,
    account,
    home: `${userHome}/.homer`,
    file: `${units}/homer.service`,
    session: bus,
    homer: (...args) => room.runAs(account, login, launcher, ...args),
    service: (...args) =>
      scope === 'user'
        ? stage.homer('service', ...args)
        : room.run(...asRoot, launcher, 'service', ...args, '--system'),
    async systemctl(...args) {
      const argv = ['systemctl', ...(scope === 'user' ? ['--user'] : []), ...args];
      return ended(
        argv.join(' '),
        await (scope === 'user' ? room.runAs(account, bus, ...argv) : room.run(...argv)),
      );
    },
    property: async (name) => (await stage.systemctl('show', 'homer', '--value', '--property', name)).trim(),
    async when(name, wanted) {
      for (let waited = 0; ; waited += lookMs) {
        const value = await stage.property(name);
        if (wanted(value)) return value;
        if (waited > patienceMs) throw new Error(`${name} of the unit stays ${value}`);
        await delay(lookMs);
      }
    },
    async status() {
      const { stdout } = await stage.service('status', '--json');
      return JSON.parse(stdout) as StatusAnswer & { readonly service: ServiceDocument };
    },
    async override(settings) {
      const draft = `${room.share}/${account}.conf`;
      await writeFile(draft, settings);
      const place = `${stage.file}.d`;
      const owner = scope === 'user' ? account : 'root';
      await room.out('install', '-d', '-o', owner, place);
      await room.out('install', '-m', '644', '-o', owner, `/srv/share/${account}.conf`, `${place}/test.conf`);
      await stage.systemctl('daemon-reload');
    },
    async configure(yaml) {
      await mkdir(room.share, { recursive: true });
      await writeFile(`${room.share}/${account}.yaml`, yaml);
      await room.out('install', '-d', '-m', '700', '-o', account, '-g', account, stage.home);
      await room.out(
        'install',
        '-m',
        '600',
        '-o',
        account,
        `/srv/share/${account}.yaml`,
        `${stage.home}/config.yaml`,
      );
    },
    async running(command) {
      const { code, stdout, stderr } = await stage.homer('run', '-x', 'shell', '--detach', '--json', command);
      if (code !== 0) throw new Error(`no job was made: ${stderr}`);
      return stage.whenJob((JSON.parse(stdout) as JobAnswer).job.id, ({ state }) => state === 'running');
    },
    async whenJob(id, holds) {
      for (let waited = 0; ; waited += lookMs) {
        const { stdout, stderr } = await stage.homer('job', id, '--json');
        const job = stdout === '' ? null : (JSON.parse(stdout) as JobAnswer).job;
        if (job !== null && holds(job)) return job;
        if (waited > patienceMs) throw new Error(`the job stays ${JSON.stringify(job)} ${stderr}`);
        await delay(lookMs);
      }
    },
  };
  return stage;
}

/** A module that blocks the loop of whatever process loads it when that is told to (SIGUSR2). */
export async function writeBlocker(room: SystemdRoom): Promise<string> {
  await writeFile(`${room.share}/blocker.mjs`, "process.on('SIGUSR2', () => { for (;;); });\n");
  return '/srv/share/blocker.mjs';
}
