// A skill as it was read, before anything is decided about it, and what can be wrong with its file.

/** Where a skill came from, in the order of precedence: the first that has a name gives it. */
export const skillSources = [
  'workspace',
  'workspace-agents',
  'user-agents',
  'managed',
  'claude',
  'bundled',
  'extra',
] as const;

export type SkillSource = (typeof skillSources)[number];

/** What a skill says it needs, each list in the order in which it was written. */
export interface Requirements {
  /** Every one of these programs. */
  readonly bins: readonly string[];
  /** At least one of these programs. */
  readonly anyBins: readonly string[];
  /** Environment variables that are not empty. */
  readonly env: readonly string[];
  /** Paths like `browser.enabled` that are truthy in `skills.config`. */
  readonly config: readonly string[];
  /** Platforms by Node's names (`linux`, `darwin`, `win32`); empty: any. */
  readonly os: readonly string[];
}

/** One way to get what is missing, as the skill's author suggests it; Homer shows it and never runs it. */
export interface InstallHint {
  readonly kind: 'brew' | 'node' | 'go' | 'uv' | 'download';
  /** A command line for a person, or the address of a download. */
  readonly text: string;
  /** The programs it brings; empty: not said. */
  readonly bins: readonly string[];
  /** Platforms it is for; empty: any. */
  readonly os: readonly string[];
}

/** What the head of a SKILL.md says. */
export interface SkillHead {
  readonly name: string;
  /** Under which it stands in `skills.entries`: its `skillKey`, else its name. */
  readonly key: string;
  readonly description: string;
  readonly homepage: string | null;
  readonly always: boolean;
  readonly userInvocable: boolean;
  /** The model may choose it by itself, not only a person. */
  readonly modelInvocable: boolean;
  /** The variable that `apiKey` of its entry stands for. */
  readonly primaryEnv: string | null;
  readonly requires: Requirements;
  readonly install: readonly InstallHint[];
}

/** A skill in its place. A snapshot copies `directory`, whole, with the rules of `readFolder`. */
export interface Skill extends SkillHead {
  readonly source: SkillSource;
  /** The folder of the source it was found under. */
  readonly root: string;
  /** Absolute; the folder that holds the SKILL.md and all that belongs to it. */
  readonly directory: string;
  /** Absolute path of the SKILL.md. */
  readonly path: string;
}

/** docs/skills.md explains each; a test holds the two together. */
export const warningCodes = [
  'unreadable',
  'not_a_file',
  'too_large',
  'not_text',
  'leads_out',
  'frontmatter_missing',
  'frontmatter_unterminated',
  'frontmatter_invalid',
  'name_invalid',
  'description_missing',
  'metadata_invalid',
  'duplicate_name',
  'world_writable',
  'folder_missing',
  'too_many',
  'not_copied',
  'entry_withheld',
] as const;

export type WarningCode = (typeof warningCodes)[number];

export interface SkillWarning {
  readonly path: string;
  /** Counted from 1; null where no line is meant. */
  readonly line: number | null;
  readonly code: WarningCode;
  /** One sentence without the path. */
  readonly message: string;
}

/** Warnings beside which the skill is used all the same; every other one means that something was skipped. */
export const harmlessWarnings: ReadonlySet<WarningCode> = new Set([
  'world_writable',
  'folder_missing',
  'entry_withheld',
]);

/** A value of a SKILL.md's head. */
export interface Field {
  /** In the file, counted from 1. */
  readonly line: number;
  /** Text for every scalar, as it was written but unquoted; null for nothing; else plain data. */
  readonly value: unknown;
}

/** Why a head cannot be used. */
export interface HeadProblem {
  readonly line: number;
  readonly code: WarningCode;
  readonly message: string;
}
