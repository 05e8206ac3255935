// What a dead runner left behind, found by the daemon: every process that carries the run's marker, and everything in a PID
// namespace whose first process carries it. Never by name, and never what another home started, since the marker names the home.

import {
  environmentValue,
  isNamespaceInit,
  pidNamespaceOf,
  type ProcessRow,
  readProcesses,
} from './process-table.ts';
import { endAll, markerName, type TreeProof } from './tree.ts';

/** The marker of a run: HOMER_RUN of everything it starts. `home` is `device:inode` of the state directory. */
export function runMarker(home: string, runId: string): string {
  return `${home}/${runId}`;
}

/** The processes of each of these runs that has any, after one look at all of the system's. */
export function findRunLeftovers(markers: readonly string[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const [marker, rows] of findRows(new Set(markers)))
    found.set(
      marker,
      rows.map(({ pid }) => pid),
    );
  return found;
}

/** Kills what is left of a run, looking at the marker again before each signal, and proves it gone. */
export function endLeftovers(marker: string, withinMs = 5000): Promise<TreeProof> {
  const markers = new Set([marker]);
  return endAll(() => findRows(markers).get(marker) ?? [], withinMs);
}

function findRows(markers: ReadonlySet<string>): Map<string, ProcessRow[]> {
  const ours = pidNamespaceOf('self');
  const rows = readProcesses().filter((row) => row.pid !== process.pid);
  const markerOf = new Map<number, string>();
  const namespaceMarker = new Map<string, string>();
  const namespaceOf = new Map<number, string>();
  for (const { pid } of rows) {
    const namespace = pidNamespaceOf(pid);
    if (namespace !== null && namespace !== ours) namespaceOf.set(pid, namespace);
    const marker = environmentValue(pid, markerName);
    if (marker === null || !markers.has(marker)) continue;
    markerOf.set(pid, marker);
    // Only the first process speaks for the others: numbers of namespaces are used again, and one that merely
    // entered a namespace (nsenter) does not own it.
    if (namespace !== null && namespace !== ours && isNamespaceInit(pid))
      namespaceMarker.set(namespace, marker);
  }
  const found = new Map<string, ProcessRow[]>();
  for (const row of rows) {
    const marker = markerOf.get(row.pid) ?? namespaceMarker.get(namespaceOf.get(row.pid) ?? '');
    if (marker === undefined) continue;
    const list = found.get(marker) ?? [];
    list.push(row);
    found.set(marker, list);
  }
  return found;
}
