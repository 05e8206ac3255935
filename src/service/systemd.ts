// The keeper on most of Linux: the machine's systemd, or the one of an account.

import { existsSync } from 'node:fs';
import { HomerError } from '../core/errors.ts';
import { askKeeper, order } from './ask-keeper.ts';
import type { Account, Scope } from './blueprint.ts';
import type { ServiceCondition, ServiceKeeper, ServiceState } from './keeper.ts';

export const standbyWords = 'Standing by';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where an account's own systemd is found also by who came in without a session (sudo, cron, ssh without PAM). */
export function sessionEnvironment(env: Environment, uid: number): Environment {
  return { ...env, XDG_RUNTIME_DIR: env['XDG_RUNTIME_DIR'] ?? `/run/user/${uid}` };
}

/** The version of the systemd that would keep it. HOMER_SERVICE_UNAVAILABLE, with what to do, where there is none that answers. */
export async function findSystemd(scope: Scope, account: Account, env: Environment): Promise<number> {
  const mode = scope === 'user' ? ['--user'] : [];
  const argv = ['systemctl', ...mode, 'show', '--property=Version', '--value'] as const;
  const { code, output, errors } = await askKeeper(
    [...argv],
    scope === 'user' ? sessionEnvironment(env, account.uid) : env,
  );
  const version = Number(/^v?(\d+)/.exec(output)?.[1] ?? Number.NaN);
  if (code === 0 && !Number.isNaN(version)) return version;
  const said = errors.trim().split('\n')[0] ?? '';
  if (scope === 'system' || !existsSync('/run/systemd/system'))
    throw new HomerError('HOMER_SERVICE_UNAVAILABLE', `systemd does not run this machine. ${said}`.trim());
  throw new HomerError(
    'HOMER_SERVICE_UNAVAILABLE',
    `The systemd of ${account.name} does not answer: ${said}.`,
    {
      hint: `Log in as ${account.name} itself rather than through su or sudo, or have it lingering (sudo loginctl enable-linger ${account.name}); or install with --system.`,
    },
  );
}

export interface SystemdService {
  readonly scope: Scope;
  readonly account: Account;
  /** Without `.service`. */
  readonly name: string;
  readonly file: string;
  readonly env: Environment;
}

export function openSystemdService({ scope, account, name, file, env }: SystemdService): ServiceKeeper {
  const unit = `${name}.service`;
  const mode = scope === 'user' ? ['--user'] : [];
  const environment = scope === 'user' ? sessionEnvironment(env, account.uid) : env;
  const tell = async (...args: readonly string[]): Promise<void> => {
    await order(['systemctl', ...mode, '--no-ask-password', ...args], environment);
  };
  return {
    keeper: 'systemd',
    scope,
    name: unit,
    file,
    async install() {
      await tell('daemon-reload');
      await tell('enable', unit);
      await tell('start', unit);
    },
    async forget() {
      await tell('disable', '--now', unit);
    },
    async forgotten() {
      await tell('daemon-reload');
      // Fails when there is nothing to forget, which is as good.
      await askKeeper(['systemctl', ...mode, 'reset-failed', unit], environment);
    },
    start: () => tell('start', unit),
    stop: () => tell('stop', unit),
    restart: () => tell('restart', unit),
    async condition() {
      const wanted = [
        'ActiveState',
        'MainPID',
        'NRestarts',
        'UnitFileState',
        'StatusText',
        'Result',
        'ExecMainStatus',
      ];
      const argv = ['systemctl', ...mode, 'show', unit, `--property=${wanted.join(',')}`] as const;
      const isLingering = scope === 'user' ? existsSync(`/var/lib/systemd/linger/${account.name}`) : null;
      return readCondition(await order([...argv], environment), isLingering);
    },
    linger: async (of) => {
      await order(['loginctl', '--no-ask-password', 'enable-linger', of], environment);
    },
    logCommand: ({ lines, follow }) => [
      'journalctl',
      scope === 'user' ? `--user-unit=${unit}` : `--unit=${unit}`,
      ...['--output=cat', '--no-pager', `--lines=${lines}`],
      ...(follow ? ['--follow'] : []),
    ],
  };
}

const states: Readonly<Record<string, ServiceState>> = {
  active: 'running',
  reloading: 'running',
  activating: 'starting',
  deactivating: 'stopping',
  failed: 'failed',
};

/** Reads what `systemctl show` prints. */
export function readCondition(shown: string, isLingering: boolean | null): ServiceCondition {
  const values = new Map(
    shown.split('\n').map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)] as const;
    }),
  );
  const says = values.get('StatusText') ?? '';
  const state = states[values.get('ActiveState') ?? ''] ?? 'stopped';
  const result = values.get('Result') ?? 'success';
  const pid = Number(values.get('MainPID') ?? 0);
  return {
    state: state === 'running' && says.startsWith(standbyWords) ? 'standby' : state,
    pid: pid === 0 ? null : pid,
    isEnabled: values.get('UnitFileState') === 'enabled',
    restarts: Number(values.get('NRestarts') ?? 0),
    says,
    failure: result === 'success' ? null : `${result}, exit status ${values.get('ExecMainStatus') ?? '?'}`,
    isLingering,
  };
}
