// What a drill leaves behind that is killed itself: nobody is there any more to end its daemon and to remove its directory. The next drill
// does, for which each directory says who plays in it.

import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isSameProcess, startTicks } from '../lifecycle/process-identity.ts';
import { readProcesses } from '../runner/process-table.ts';
import { argumentsOf, endAll, findOwn } from './own-processes.ts';

/** Of every directory that a drill makes for itself. */
export const scratchPrefix = 'homer-drill-';

interface Player {
  readonly pid: number;
  /** Null where the system has no /proc: whether it still plays cannot be told then, and what it left stays. */
  readonly startTime: number | null;
  /** What its number counts in: containers may share a directory of temporary files. */
  readonly namespace: string | null;
  /** State directory of the drill; on a small disk it is seen by the drill alone. */
  readonly home: string;
  /** `device:inode` of it. */
  readonly identity: string;
}

const fileName = 'player.json';

/** Says in a drill's directory that this process plays there. */
export function notePlayer(base: string, at: Pick<Player, 'home' | 'identity'>): void {
  const player: Player = {
    pid: process.pid,
    startTime: startTicks(process.pid),
    namespace: namespace(),
    ...at,
  };
  writeFileSync(join(base, fileName), JSON.stringify(player), { mode: 0o600 });
}

/** Ends what drills that were killed have left, and removes their directories; those of drills that are played now stay. */
export async function sweepLeftBehind(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(scratchPrefix)) continue;
    const base = join(tmpdir(), name);
    const player = readPlayer(base);
    if (player === null || !isGone(player)) continue;
    const { runners, agents } = findOwn(player.identity);
    await endAll({ runners: [...findServers(base, player.home), ...runners], agents });
    rmSync(base, { recursive: true, force: true });
  }
}

function isGone({ pid, startTime, namespace: its }: Player): boolean {
  return startTime !== null && its === namespace() && !isSameProcess(pid, startTime);
}

/** Null for what is another user's, or no directory of a drill: whoever may write to the directory of temporary files can make such names. */
function readPlayer(base: string): Player | null {
  try {
    const found = lstatSync(base);
    if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) return null;
    return JSON.parse(readFileSync(join(base, fileName), 'utf8')) as Player;
  } catch {
    // Gone meanwhile, or begun this very moment.
    return null;
  }
}

/** Its daemons, by where they were told to work, and its Redis, by where it does. */
function findServers(base: string, home: string): number[] {
  return readProcesses()
    .map(({ pid }) => pid)
    .filter((pid) => {
      const words = argumentsOf(pid).join(' ');
      if (words.endsWith(` serve --home ${home}`)) return true;
      return basename(words.split(' ', 1)[0] ?? '') === 'redis-server' && workingDirectory(pid) === base;
    });
}

const workingDirectory = (pid: number): string | null => linkText(`/proc/${pid}/cwd`);
const namespace = (): string | null => linkText('/proc/self/ns/pid');

function linkText(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    // Gone meanwhile, another user's, or no such thing on this system.
    return null;
  }
}
