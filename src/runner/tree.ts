// All the processes of a run: who they are, ending them, and the proof that none is left. Agents start their tools in
// groups and sessions of their own, so the group alone always misses some.

import { setTimeout as delay } from 'node:timers/promises';
import {
  environmentValue,
  hasOpen,
  hasProcessTable,
  isNamespaceInit,
  type OpenFile,
  pidNamespaceOf,
  processRow,
  type ProcessRow,
  readProcesses,
} from './process-table.ts';

export const markerName = 'HOMER_RUN';

/** `pids` are those that live on, or cannot be told. */
export type TreeProof =
  { readonly tree: 'dead' } | { readonly tree: 'unproven'; readonly pids: readonly number[] };

/** What is known of a tree when its first process was started. */
export interface TreeRoot {
  /** The process the runner spawned, leader of its own session and group. */
  readonly pid: number;
  readonly marker: string;
  /** The PID namespace all of it lives in; null: none, then it is swept together. */
  readonly namespace: string | null;
  /** The agent's output: whoever holds it open is of the tree. */
  readonly pipes: readonly OpenFile[];
}

export interface Tree {
  /** Those that are there now. */
  pids(): readonly number[];
  /** Remembers who is there now, so that they are known even when they leave group, session and parent behind. */
  remember(): void;
  /** TERM to every process but the wrapper and the namespace's first, whose end would kill the others. */
  terminate(): void;
  /** KILL until nothing is left, or `withinMs` are over. */
  end(withinMs: number): Promise<TreeProof>;
}

/** Between two looks at dying processes, ms; there is no event for their end. */
const lookEveryMs = 20;

export function createTree(root: TreeRoot): Tree {
  const rootTicks = processRow(root.pid)?.ticks ?? 0;
  const known = new Map<number, number>([[root.pid, rootTicks]]);

  const belongs = (
    row: ProcessRow,
    rootReused: boolean,
    members: ReadonlySet<number>,
    deep: boolean,
  ): boolean => {
    if (known.get(row.pid) === row.ticks || members.has(row.parent)) return true;
    if (!rootReused && (row.group === root.pid || row.session === root.pid)) return true;
    if (row.ticks < rootTicks) return false;
    if (root.namespace !== null && pidNamespaceOf(row.pid) === root.namespace) return true;
    if (environmentValue(row.pid, markerName) === root.marker) return true;
    return deep && root.namespace === null && hasOpen(row.pid, root.pipes);
  };

  const members = (deep: boolean): readonly ProcessRow[] => {
    const rows = readProcesses().filter((row) => row.pid !== process.pid);
    // Should the number have gone to another process meanwhile, group and session of that name are not ours.
    const rootReused = rows.some((row) => row.pid === root.pid && row.ticks !== rootTicks);
    const found = new Map<number, ProcessRow>();
    // Until no child of a member is new: rows are in no order.
    for (let before = -1; before !== found.size;) {
      before = found.size;
      const pids = new Set(found.keys());
      for (const row of rows)
        if (!pids.has(row.pid) && belongs(row, rootReused, pids, deep)) found.set(row.pid, row);
    }
    for (const row of found.values()) known.set(row.pid, row.ticks);
    return [...found.values()];
  };

  return {
    pids: () => members(false).map(({ pid }) => pid),
    remember: () => void members(false),
    terminate() {
      if (!hasProcessTable()) signal(-root.pid, 'SIGTERM');
      for (const { pid } of members(false)) {
        const wrapper =
          root.namespace !== null &&
          (pid === root.pid || pidNamespaceOf(pid) !== root.namespace || isNamespaceInit(pid));
        if (!wrapper) signal(pid, 'SIGTERM');
      }
    },
    async end(withinMs) {
      if (!hasProcessTable()) return endGroup(root.pid, withinMs);
      // Most of it at once: on a busy machine a look at all processes takes a while.
      if (processRow(root.pid)?.ticks === rootTicks) signal(-root.pid, 'SIGKILL');
      return endAll(() => members(true), withinMs);
    },
  };
}

/** Kills what `look` finds, until it finds nothing or the time is over. */
export async function endAll(look: () => readonly ProcessRow[], withinMs: number): Promise<TreeProof> {
  for (let waited = 0; ; waited += lookEveryMs) {
    const left = look();
    if (left.length === 0) return { tree: 'dead' };
    if (waited >= withinMs) return { tree: 'unproven', pids: left.map(({ pid }) => pid) };
    for (const { pid, ticks } of left) if (processRow(pid)?.ticks === ticks) signal(pid, 'SIGKILL');
    await delay(lookEveryMs);
  }
}

/** Without /proc only the group can be asked; who left it is not known, as the documentation says. */
async function endGroup(group: number, withinMs: number): Promise<TreeProof> {
  for (let waited = 0; signal(-group, 'SIGKILL'); waited += lookEveryMs) {
    if (waited >= withinMs) return { tree: 'unproven', pids: [group] };
    await delay(lookEveryMs);
  }
  return { tree: 'dead' };
}

/** False when there is nobody to get it. One that is not ours to signal stays, and is named in the proof. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
