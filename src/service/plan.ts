// What an installation would write, and whether it may.

import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HomerError } from '../core/errors.ts';
import { serviceName, type Account, type Blueprint, type Scope } from './blueprint.ts';
import { fileAt, filesOn, shelves, type ServiceFile, type Shelf } from './installed.ts';
import { renderPlist } from './launchd-plist.ts';
import { accountNamed, loginPath, ownAccount, recordedVariables } from './surroundings.ts';
import { environmentFile, renderUnit } from './systemd-unit.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Wish {
  readonly scope: Scope;
  /** The account that a service of the machine runs as; null: whoever called sudo, else this one. */
  readonly runAs: string | null;
  /** The state directory; null: the account's own. */
  readonly home: string | null;
  readonly launcher: string;
  /** `process.platform`. */
  readonly platform: string;
  readonly env: Environment;
  readonly userHome: string;
}

export interface Draft extends Omit<Blueprint, 'drainMs' | 'systemdVersion'> {
  readonly shelf: Shelf;
  /** Without its extension. */
  readonly name: string;
  readonly file: string;
  /** Variables that hold a password and are not written down. */
  readonly withheld: readonly string[];
  /** Where they belong instead; it need not be there. */
  readonly privateFile: string;
}

/** Everything but what only the keeper and the configuration know. HOMER_USAGE, HOMER_SERVICE_UNAVAILABLE. */
export async function draftService(wish: Wish): Promise<Draft> {
  const { scope, platform, env, userHome, launcher } = wish;
  const own = ownAccount(userHome);
  if (platform === 'darwin' && scope === 'system')
    throw new HomerError('HOMER_USAGE', 'On macOS Homer is an agent of your login; there is no --system.');
  const runAs = scope === 'system' ? (wish.runAs ?? env['SUDO_USER'] ?? own.name) : own.name;
  const account = runAs === own.name ? own : await accountNamed(runAs);
  const home = wish.home ?? join(account.home, '.homer');
  for (const text of [home, launcher])
    if (/[\r\n]/.test(text))
      throw new HomerError('HOMER_USAGE', 'A path of a service cannot hold a line end.');
  const isForeign = account.uid !== own.uid;
  const path = isForeign && own.uid === 0 ? await loginPath(account) : (env['PATH'] ?? '');
  const [user, system] = shelves(platform, account, env);
  const shelf = scope === 'system' ? system : user;
  if (shelf === undefined) throw new Error('a platform without shelves');
  const name = nameOn(shelf, serviceName(home, account));
  const file = join(shelf.directory, `${name}${shelf.extension}`);
  const privateFile = environmentFile({ scope, home, account });
  return { scope, account, home, launcher, shelf, name, file, privateFile, ...recordedVariables(path, env) };
}

/** launchd's names are of all programs there are. */
function nameOn({ keeper }: Shelf, name: string): string {
  return keeper === 'launchd' ? name.replace(/^homer/, 'homer.daemon') : name;
}

export function renderService(draft: Draft, known: Pick<Blueprint, 'drainMs' | 'systemdVersion'>): string {
  const blueprint = { ...draft, ...known };
  return draft.shelf.keeper === 'launchd' ? renderPlist(draft.name, blueprint) : renderUnit(blueprint);
}

/** `same`: it is there, word for word. */
export type Change = 'new' | 'same' | 'changed';

/** What writing the text would be. Throws HOMER_SERVICE_FOREIGN for whatever is in the way and not Homer's to replace. */
export function decideChange(draft: Draft, text: string, all: readonly ServiceFile[]): Change {
  for (const found of all) {
    if (found.path === draft.file) continue;
    if (found.signature === null)
      throw inTheWay(found, 'starts a Homer, and was not written by `homer service install`');
    if (found.signature.home === draft.home) throw inTheWay(found, `is a service of ${draft.home} already`);
  }
  const there = all.find(({ path }) => path === draft.file) ?? fileAt(draft.shelf, draft.name);
  if (there === null) return 'new';
  if (there.signature === null) throw inTheWay(there, 'was not written by `homer service install`');
  if (there.signature.home !== draft.home) throw inTheWay(there, `is for ${there.signature.home}`);
  if (there.signature.isEdited) throw inTheWay(there, 'was edited since Homer wrote it');
  return there.text === text ? 'same' : 'changed';
}

/** All there is on this machine that has to do with Homer. */
export function everyService(platform: string, account: Account, env: Environment): readonly ServiceFile[] {
  return shelves(platform, account, env).flatMap(filesOn);
}

function inTheWay({ path, name, shelf }: ServiceFile, why: string): HomerError {
  const mode = shelf.scope === 'user' ? 'systemctl --user' : 'sudo systemctl';
  const removal =
    shelf.keeper === 'launchd'
      ? `launchctl bootout gui/$(id -u) ${path}; rm ${path}`
      : `${mode} disable --now ${name}; ${shelf.scope === 'user' ? '' : 'sudo '}rm ${path}; ${mode} daemon-reload`;
  return new HomerError('HOMER_SERVICE_FOREIGN', `${path} ${why}. Nothing was changed.`, {
    hint: `If it is not needed any more: ${removal}`,
    details: { file: path },
  });
}

/** Whole or not at all; throws as the file system does. */
export async function writeService(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}.tmp`;
  await writeFile(fresh, text, { mode: 0o644 });
  await rename(fresh, file);
}
