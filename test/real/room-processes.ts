// The processes of one Homer, told by what the kernel shows of them and not by the product's own search.

import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';

export interface RoomProcesses {
  /** Everything with this HOMER_HOME: daemons and callers of the command line. */
  readonly daemons: readonly number[];
  readonly runners: readonly number[];
  /** Everything with the marker of a run of this home: wrappers, agents, tools. */
  readonly tree: readonly number[];
  /** Those of the tree that are the agent's program. */
  readonly agents: readonly number[];
}

/** `identity`: `device:inode` of the state directory. */
export function processesOf(identity: string, home: string, agent: string): RoomProcesses {
  const agentFile = realpathSync(agent);
  const all = livePids();
  const tree = all.filter((pid) => read(pid, 'environ').includes(`\0HOMER_RUN=${identity}/`));
  return {
    daemons: all.filter(
      (pid) => read(pid, 'environ').includes(`\0HOMER_HOME=${home}\0`) && pid !== process.pid,
    ),
    runners: all.filter((pid) => read(pid, 'cmdline').endsWith(`\0--home\0${identity}\0`)),
    tree,
    agents: tree.filter((pid) => programOf(pid) === agentFile),
  };
}

/** Arguments of every process there is, for a search. */
export function allArguments(): string {
  return livePids()
    .map((pid) => read(pid, 'cmdline'))
    .join('\n');
}

export function environmentOf(pid: number): string {
  return read(pid, 'environ');
}

function livePids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** With a NUL before the first entry; empty for one that is gone, dead or not ours to look at. */
function read(pid: number, file: 'environ' | 'cmdline'): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/${file}`, 'utf8')}`;
  } catch {
    // Processes end while they are looked at.
    return '\0';
  }
}

function programOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    // As above.
    return null;
  }
}
