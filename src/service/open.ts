// The door of this room: which service there is for a state directory, and who keeps it.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HomerError } from '../core/errors.ts';
import { askKeeper, handTerminal } from './ask-keeper.ts';
import type { Account, Scope } from './blueprint.ts';
import type { ServiceFile, Shelf } from './installed.ts';
import type { ServiceCondition, ServiceKeeper } from './keeper.ts';
import { openLaunchdService } from './launchd.ts';
import { renderEcosystem } from './pm2-ecosystem.ts';
import {
  decideChange,
  draftService,
  everyService,
  renderService,
  writeService,
  type Change,
  type Draft,
  type Wish,
} from './plan.ts';
import { ownAccount } from './surroundings.ts';
import { findSystemd, openSystemdService } from './systemd.ts';

export type { ServiceCondition, ServiceKeeper };

type Environment = Readonly<Record<string, string | undefined>>;

export interface Machine {
  /** `process.platform`. */
  readonly platform: string;
  readonly env: Environment;
  readonly userHome: string;
}

export interface InstalledService extends ServiceKeeper {
  /** The state directory it is for. */
  readonly home: string;
  /** Whether this process may give it orders. */
  readonly isOurs: boolean;
}

/**
 * The service of a state directory; null: there is none. With `scope` only of that kind, and with `system` also the only one there
 * is on the machine, whosever state directory it has: root asks about a service that runs as somebody else.
 */
export function findInstalled(home: string, scope: Scope | null, machine: Machine): InstalledService | null {
  const account = ownAccount(machine.userHome);
  const own = everyService(machine.platform, account, machine.env).filter(
    ({ signature, shelf }) => signature !== null && (scope === null || shelf.scope === scope),
  );
  const found = own.find(({ signature }) => signature?.home === home);
  const chosen = found ?? (scope === 'system' && own.length === 1 ? own[0] : undefined);
  return chosen === undefined ? null : openFile(chosen, account, machine);
}

function openFile(file: ServiceFile, account: Account, { env }: Machine): InstalledService {
  const home = file.signature?.home ?? '';
  const keeper = openKeeper(file.shelf, file.name, file.path, home, account, env);
  return { ...keeper, home, isOurs: file.shelf.scope === 'user' || account.uid === 0 };
}

function openKeeper(
  shelf: Shelf,
  name: string,
  file: string,
  home: string,
  account: Account,
  env: Environment,
): ServiceKeeper {
  return shelf.keeper === 'launchd'
    ? openLaunchdService({ account, label: name, file, log: join(home, 'logs/daemon.log') })
    : openSystemdService({ scope: shelf.scope, account, name, file, env });
}

export interface Installation {
  readonly draft: Draft;
  readonly text: string;
  readonly change: Change;
  /** Writes the file and hands it to the keeper; resolves when the service is ready or stands by. */
  install(): Promise<InstalledService>;
}

/** Looks at everything and changes nothing. Throws HOMER_SERVICE_FOREIGN and HOMER_SERVICE_UNAVAILABLE. */
export async function planInstallation(
  draft: Draft,
  drainMs: number,
  machine: Machine,
): Promise<Installation> {
  const { platform, env, userHome } = machine;
  if (platform !== 'linux' && platform !== 'darwin')
    throw new HomerError('HOMER_SERVICE_UNAVAILABLE', `Homer knows no keeper of services on ${platform}.`);
  const own = ownAccount(userHome);
  const systemdVersion = draft.shelf.keeper === 'systemd' ? await findSystemd(draft.scope, own, env) : null;
  const text = renderService(draft, { drainMs, systemdVersion });
  const change = decideChange(draft, text, everyService(platform, draft.account, env));
  return {
    draft,
    text,
    change,
    async install() {
      if (change !== 'same') await writeService(draft.file, text);
      const service = findInstalled(draft.home, draft.scope, machine);
      if (service === null) throw new Error(`${draft.file} is not what was written`);
      await service.install();
      return service;
    },
  };
}

/** The text for this machine, whether or not its keeper answers. */
export async function printService(draft: Draft, drainMs: number, machine: Machine): Promise<string> {
  const own = ownAccount(machine.userHome);
  const systemdVersion =
    draft.shelf.keeper === 'launchd'
      ? null
      : // It is only printed: for a machine like this one, or for another.
        await findSystemd(draft.scope, own, machine.env).catch(() => null);
  return renderService(draft, { drainMs, systemdVersion });
}

/** An ecosystem file of PM2. */
export function printEcosystem(draft: Draft, drainMs: number): string {
  return renderEcosystem(draft.name, { ...draft, drainMs, systemdVersion: null });
}

/** Stops it and removes its file; the state directory stays. */
export async function uninstall(service: InstalledService): Promise<void> {
  await service.forget();
  await rm(service.file, { force: true });
  await service.forgotten();
}

/** Gives the terminal to the program that shows the log; resolves with its exit code. */
export async function showLog(service: InstalledService, lines: number, follow: boolean): Promise<number> {
  return handTerminal(service.logCommand({ lines, follow }));
}

/** The same as text. */
export async function readLog(service: InstalledService, lines: number): Promise<readonly string[]> {
  const { code, output, errors } = await askKeeper(service.logCommand({ lines, follow: false }));
  if (code !== 0) throw new HomerError('HOMER_SERVICE_FAILED', `The log cannot be read: ${errors.trim()}`);
  return output.split('\n').filter((line) => line !== '');
}

export { draftService };
export type { Draft, Wish };
