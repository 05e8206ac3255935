// The hidden folders in which a skill is written before it gets its name, and what a killed install left of them.

import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const longestInstallMs = 3_600_000;

/** A name for a folder of this process in the folder of managed skills. */
export function draftName(): string {
  return `.incoming-${process.pid}-${randomBytes(6).toString('hex')}`;
}

/** Removes those whose process is gone, and, since numbers of processes come again, those that are older than an hour. */
export async function sweepDrafts(skills: string): Promise<void> {
  for (const name of await readdir(skills).catch(() => [])) {
    const pid = /^\.incoming-(?:(\d+)-)?[0-9a-f]{12}$/.exec(name);
    if (pid === null) continue;
    const path = join(skills, name);
    const found = await stat(path).catch(() => null);
    if (found === null) continue;
    const isOld = Date.now() - found.mtimeMs > longestInstallMs;
    if (isOld || (pid[1] !== undefined && !isAlive(Number(pid[1]))))
      await rm(path, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
