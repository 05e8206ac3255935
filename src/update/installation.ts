// What an update needs of the way in which Homer came onto this machine: a port with two drivers, checkout and package.

import type { ProgramVersion, UpdateRecord } from '../lifecycle/update-record.ts';

export interface Target {
  readonly version: ProgramVersion;
  /** Of a package: the packed file it comes from. */
  readonly tarball: string | null;
}

export interface Installation {
  readonly kind: UpdateRecord['kind'];
  /** Absolute path of the program. */
  readonly root: string;
  installed(): Promise<ProgramVersion>;
  /** The newest version where it came from; null: there is none to be seen. HOMER_UPDATE_REFUSED when that cannot be asked. */
  newest(): Promise<string | null>;
  /** Fetches what `wanted` names, beside what is there. HOMER_UPDATE_REFUSED when it is none, or none that can be tried. */
  find(wanted: string): Promise<Target>;
  /** HOMER_UPDATE_REFUSED when something here would be lost or cannot be replaced. */
  check(): Promise<void>;
  /** Copies the program, able to run, to where it stays out of the way; returns the path. */
  keep(): Promise<string>;
  /** Makes the program that of the target. May be cut off at any point. */
  switchTo(target: Target, previous: string): Promise<void>;
  /** Makes it what it was, from whatever a cut off `switchTo` or `switchBack` has left. */
  switchBack(record: UpdateRecord): Promise<void>;
}

/** package.json, as far as it matters here. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  /** It can be tried: its daemon holds a trial when update.json says so. */
  readonly knowsTrial: boolean;
}

/** Null for what is none. */
export function readManifest(text: string): Manifest | null {
  try {
    const value = JSON.parse(text) as {
      readonly name?: unknown;
      readonly version?: unknown;
      readonly homer?: { readonly trial?: unknown };
    } | null;
    if (typeof value?.name !== 'string' || typeof value.version !== 'string') return null;
    return { name: value.name, version: value.version, knowsTrial: value.homer?.trial === 1 };
  } catch {
    // Not JSON: no package.json.
    return null;
  }
}

/** Positive when `a` is newer; what is no version is older than any. Releases only, as tags name them. Pure. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (const at of [0, 1, 2]) {
    const difference = (left[at] ?? -1) - (right[at] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): readonly number[] {
  return /^v?(\d+)\.(\d+)\.(\d+)$/.exec(version)?.slice(1).map(Number) ?? [];
}
