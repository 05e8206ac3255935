// What `homer doctor` finds, as a value: the screen and the document are made from it.

/** `problem`: something its owner must mend before it works as configured; `note`: good to know. */
export type Level = 'ok' | 'note' | 'problem';

export interface Finding {
  /** What it is about, such as `home`, `config`, `containment`. */
  readonly about: string;
  readonly level: Level;
  /** One sentence. */
  readonly text: string;
  /** What to do about it; null when there is nothing to do. */
  readonly step: string | null;
}

/** Pure. */
export function finding(about: string, level: Level, text: string, step: string | null = null): Finding {
  return { about, level, text, step };
}

/** One entry of `executors`, or an agent CLI that Homer knows and did not find. */
export interface AgentFinding {
  readonly name: string;
  readonly kind: string;
  /** Written in config.yaml. */
  readonly configured: boolean;
  readonly isDefault: boolean;
  /** Absolute; null: not found. */
  readonly path: string | null;
  /** Null: not found, not asked for (a `command`), or it did not say. */
  readonly version: string | null;
  /** The Node it runs on, for a script; null for a program of its own. */
  readonly node: {
    readonly path: string | null;
    readonly version: string | null;
    readonly needs: string | null;
  } | null;
  /** `unknown`: it cannot be told from here. */
  readonly signedIn: 'yes' | 'no' | 'unknown' | null;
  /** The variable or file that says so. */
  readonly signedInBy: string | null;
  readonly sandbox: 'none' | 'workspace';
  /** The command that installs it; null when it is there or not known. */
  readonly install: string | null;
  readonly findings: readonly Finding[];
}

export interface DoctorReport {
  /** How the processes of a run are kept together here. */
  readonly isolation: 'bwrap' | 'unshare' | 'sweep';
  readonly agents: readonly AgentFinding[];
  readonly findings: readonly Finding[];
}
