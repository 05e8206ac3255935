// Which services there are: files of Homer's own by their signature, and files of others that would start a Homer too.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Account, Keeper, Scope } from './blueprint.ts';
import { signatureOf, type Signature } from './signed-text.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the files of a keeper lie. */
export interface Shelf {
  readonly keeper: Keeper;
  readonly scope: Scope;
  readonly directory: string;
  readonly extension: '.service' | '.plist';
}

export interface ServiceFile {
  readonly shelf: Shelf;
  readonly path: string;
  /** Without its extension. */
  readonly name: string;
  readonly text: string;
  /** Null: not Homer's. */
  readonly signature: Signature | null;
}

/** The directories of this machine, the account's own first. */
export function shelves(platform: string, account: Account, env: Environment): readonly Shelf[] {
  if (platform === 'darwin')
    return [
      {
        keeper: 'launchd',
        scope: 'user',
        directory: join(account.home, 'Library/LaunchAgents'),
        extension: '.plist',
      },
      { keeper: 'launchd', scope: 'system', directory: '/Library/LaunchDaemons', extension: '.plist' },
    ];
  const config = env['XDG_CONFIG_HOME'] ?? '';
  const own = config.startsWith('/') ? config : join(account.home, '.config');
  return [
    { keeper: 'systemd', scope: 'user', directory: join(own, 'systemd/user'), extension: '.service' },
    { keeper: 'systemd', scope: 'system', directory: '/etc/systemd/system', extension: '.service' },
  ];
}

/** What is on a shelf and has to do with Homer: signed by it, or starting one. */
export function filesOn(shelf: Shelf): readonly ServiceFile[] {
  return namesOn(shelf).flatMap((entry) => {
    const path = join(shelf.directory, entry);
    const text = readText(path);
    const name = basename(entry, shelf.extension);
    const signature = signatureOf(text);
    return signature !== null || startsHomer(shelf, name, text)
      ? [{ shelf, path, name, text, signature }]
      : [];
  });
}

/** Another program of that name (a dashboard is called so) is none of our business. */
function startsHomer({ keeper }: Shelf, name: string, text: string): boolean {
  const started = keeper === 'launchd' ? text : (/^ExecStart=.*$/m.exec(text)?.[0] ?? '');
  return /homer/i.test(name) && /\b(serve|daemon)\b/.test(started);
}

/** Every file of such a name, whatever stands in it. */
export function fileAt(shelf: Shelf, name: string): ServiceFile | null {
  if (!namesOn(shelf).includes(`${name}${shelf.extension}`)) return null;
  const path = join(shelf.directory, `${name}${shelf.extension}`);
  const text = readText(path);
  return { shelf, path, name, text, signature: signatureOf(text) };
}

function namesOn({ directory, extension }: Shelf): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith(extension));
  } catch {
    // No such directory, or none that we may look into: there is no service of ours in it.
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A link to nowhere (a masked unit leads to /dev/null) or not ours to read: whatever it is, Homer did not write it.
    return '';
  }
}
