// The keeper on macOS, in the words that launchctl(1) has had since 10.10. Our tests run it against a launchctl that only writes down
// what it was told: none of us is a Mac.

import { HomerError } from '../core/errors.ts';
import { askKeeper, order } from './ask-keeper.ts';
import type { Account } from './blueprint.ts';
import type { ServiceCondition, ServiceKeeper } from './keeper.ts';

export interface LaunchdService {
  readonly account: Account;
  readonly label: string;
  readonly file: string;
  /** Where its output goes. */
  readonly log: string;
}

/** Not there; `launchctl print` ends with this. */
const notFound = 113;

export function openLaunchdService({ account, label, file, log }: LaunchdService): ServiceKeeper {
  // Of the person at the screen. Over SSH with nobody logged in there is none, and launchctl says so.
  const domain = `gui/${account.uid}`;
  const target = `${domain}/${label}`;
  const isLoaded = async (): Promise<boolean> => (await askKeeper(['launchctl', 'print', target])).code === 0;
  const unload = async (): Promise<void> => {
    if (await isLoaded()) await order(['launchctl', 'bootout', target]);
  };
  return {
    keeper: 'launchd',
    scope: 'user',
    name: label,
    file,
    async install() {
      await unload();
      await order(['launchctl', 'enable', target]);
      await order(['launchctl', 'bootstrap', domain, file]);
    },
    forget: unload,
    forgotten: async () => undefined,
    async start() {
      if (await isLoaded()) await order(['launchctl', 'kickstart', target]);
      else await order(['launchctl', 'bootstrap', domain, file]);
    },
    async stop() {
      // It ends with 0, after which launchd lets it rest until the next login.
      if (await isLoaded()) await order(['launchctl', 'kill', 'SIGTERM', target]);
    },
    async restart() {
      if (!(await isLoaded())) return void (await order(['launchctl', 'bootstrap', domain, file]));
      await order(['launchctl', 'kickstart', '-k', target]);
    },
    async condition() {
      const { code, output, errors } = await askKeeper(['launchctl', 'print', target]);
      if (code === 0) return readPrinted(output);
      if (code === notFound) return { ...readPrinted(''), isEnabled: false };
      throw new HomerError('HOMER_SERVICE_FAILED', `launchctl print ${target}: ${errors.trim()}`);
    },
    async linger() {
      throw new HomerError(
        'HOMER_USAGE',
        'Lingering is of systemd; a launchd agent runs while you are logged in.',
      );
    },
    logCommand: ({ lines, follow }) => ['tail', '-n', String(lines), ...(follow ? ['-F'] : []), log],
  };
}

/** Reads what `launchctl print` shows: `state = running`, `pid = 123`, `last exit code = 1`, `runs = 2`. */
export function readPrinted(printed: string): ServiceCondition {
  const value = (name: string): string | null =>
    new RegExp(`^\\s*${name} = (.*)$`, 'm').exec(printed)?.[1] ?? null;
  const exit = value('last exit code');
  const pid = Number(value('pid') ?? 0);
  const isFailed = exit !== null && /^[1-9]/.test(exit);
  return {
    state: pid > 0 ? 'running' : isFailed ? 'failed' : 'stopped',
    pid: pid > 0 ? pid : null,
    isEnabled: true,
    restarts: null,
    says: '',
    failure: isFailed && pid === 0 ? `last exit code ${exit}` : null,
    isLingering: false,
  };
}
