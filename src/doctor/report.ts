// What `homer doctor` finds, as a value: the screen and the document are made from it.

/** `problem`: something its owner must mend before it works as configured; `note`: good to know. */
export type Level = 'ok' | 'note' | 'problem';

export interface Finding {
  /** Of the check, stable: each one is explained in docs/doctor.md. */
  readonly id: string;
  /** What it is about, such as `home`, `config`, `containment`. */
  readonly about: string;
  readonly level: Level;
  /** One sentence. */
  readonly text: string;
  /** What to do about it, in words; null when there is nothing to do. */
  readonly step: string | null;
  /** The same as a command that can be pasted; null where words are needed. */
  readonly command: string | null;
  /** `homer doctor --fix` does it. */
  readonly fixable: boolean;
}

/** What a check says of one thing that it looked at. */
export type Outcome = Pick<Finding, 'level' | 'text' | 'step' | 'command'>;

/** Words, or a command that can be pasted as it stands. */
export type Step = string | { readonly command: string } | null;

export function ok(text: string): Outcome {
  return { level: 'ok', text, step: null, command: null };
}

export function note(text: string, step: Step = null): Outcome {
  return { level: 'note', text, ...stepOf(step) };
}

export function problem(text: string, step: Step): Outcome {
  return { level: 'problem', text, ...stepOf(step) };
}

function stepOf(step: Step): Pick<Outcome, 'step' | 'command'> {
  if (step === null || typeof step === 'string') return { step, command: null };
  return { step: `\`${step.command}\``, command: step.command };
}

/** A path or another word as one argument of a command that is pasted into a POSIX shell. Pure. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
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

/** What `--fix` did, one sentence for each thing. */
export interface Change {
  readonly id: string;
  readonly text: string;
}
