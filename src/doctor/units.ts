// The service units of this machine that start Homer, as far as a look at their files tells.

import { join } from 'node:path';
import type { Around } from './check.ts';
import { namesIn, readText } from './files.ts';

export interface Unit {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
  /** Of one user, started when the user logs in unless lingering is on. */
  readonly isUsers: boolean;
  readonly text: string;
}

/** Those of systemd that start a Homer: in the system's folders, and in this user's. */
export function findUnits({ root, userHome }: Around): Unit[] {
  const system = ['etc/systemd/system', 'usr/local/lib/systemd/system', 'lib/systemd/system'].map((folder) =>
    join(root, folder),
  );
  const users = [join(root, userHome, '.config/systemd/user'), join(root, 'etc/systemd/user')];
  return [
    ...system.map((folder) => ({ folder, isUsers: false })),
    ...users.map((folder) => ({ folder, isUsers: true })),
  ].flatMap(({ folder, isUsers }) =>
    namesIn(folder)
      .filter((name) => /^[\w@.-]*homer[\w@.-]*\.service$/.test(name))
      .flatMap((name): Unit[] => {
        const path = join(folder, name);
        const text = readText(path);
        return text !== null && /^ExecStart=.*homer/im.test(text) ? [{ path, name, isUsers, text }] : [];
      }),
  );
}

/** The last value of a setting, as systemd takes it; null when it is not there. Pure. */
export function settingOf({ text }: Pick<Unit, 'text'>, name: string): string | null {
  const lines = text.split('\n').map((line) => line.trim());
  return (
    lines
      .findLast((line) => line.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .trim() ?? null
  );
}

/** `90`, `2min`, `1min 30s` in ms (systemd.time(7)); null for `infinity` and what cannot be read. Pure. */
export function spanOf(text: string): number | null {
  const units: Readonly<Record<string, number>> = {
    ms: 1,
    s: 1_000,
    sec: 1_000,
    '': 1_000,
    m: 60_000,
    min: 60_000,
    h: 3_600_000,
  };
  let sum = 0;
  for (const part of text.match(/\d+\s*[a-z]*/g) ?? []) {
    const [, number = '', unit = ''] = /^(\d+)\s*([a-z]*)$/.exec(part) ?? [];
    const each = units[unit];
    if (each === undefined) return null;
    sum += Number(number) * each;
  }
  return sum > 0 ? sum : null;
}
