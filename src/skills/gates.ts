// Whether a skill can be used here and now: a pure decision over what the machine and the configuration say.

import type { SecretRef, SkillEntryConfig, SkillsConfig } from '../config/config.ts';
import { mayBeKey } from './key-variable.ts';
import type { Requirements, Skill, SkillSource } from './skill.ts';

/** What the machine can answer; each answer may be remembered for as long as one list is made. */
export interface Facts {
  /** By Node's names. */
  readonly platform: string;
  /** An executable file of that name on PATH. */
  hasProgram(name: string): boolean;
  /** A variable that is set and not empty. */
  hasVariable(name: string): boolean;
  /** Whether the secret is there, as far as that can be told without starting a program. */
  hasSecret(secret: SecretRef): boolean;
}

export interface Eligibility {
  readonly eligible: boolean;
  /** By `enabled: false` of its entry. */
  readonly disabled: boolean;
  /** A bundled skill that `skills.allow` does not name. */
  readonly blockedByAllowlist: boolean;
  /** May be offered to the model. */
  readonly modelVisible: boolean;
  /** What is lacking of each kind, in the order of the skill; all of `anyBins` and `os` when none of them fits. */
  readonly missing: Requirements;
}

/**
 * `os` is a hard filter. `always` stands for all other requirements. A requirement for a variable is met by the
 * environment, by `env` of the skill's entry, or by its `apiKey` when the variable is its `primaryEnv`; by the last two only
 * where the skill is given them.
 */
export function decideEligibility(skill: Skill, config: SkillsConfig, facts: Facts): Eligibility {
  const entry = entryOf(skill, config);
  const disabled = entry?.enabled === false;
  const blockedByAllowlist =
    skill.source === 'bundled' &&
    config.allow !== null &&
    !config.allow.includes(skill.name) &&
    !config.allow.includes(skill.key);
  const missing = findMissing(skill, config, givingEntryOf(skill, config), facts);
  const { bins, anyBins, env, config: paths, os } = missing;
  const complete = [bins, anyBins, env, paths, os].every((list) => list.length === 0);
  const eligible = complete && !disabled && !blockedByAllowlist;
  return { eligible, disabled, blockedByAllowlist, modelVisible: eligible && skill.modelInvocable, missing };
}

/** The skill's part of the configuration: by its key, else by its name. */
export function entryOf(
  skill: Pick<Skill, 'key' | 'name'>,
  config: SkillsConfig,
): SkillEntryConfig | undefined {
  return ownEntry(config, skill.key) ?? ownEntry(config, skill.name);
}

/**
 * The entry, when the skill is given what it holds. One that comes with a workspace may call itself what it likes, so its owner
 * must have said so.
 */
export function givingEntryOf(
  skill: Pick<Skill, 'key' | 'name' | 'source'>,
  config: SkillsConfig,
): SkillEntryConfig | undefined {
  const entry = entryOf(skill, config);
  return isOfWorkspace(skill.source) && entry?.workspace !== true ? undefined : entry;
}

/** Whether the entry holds something that the skill is not given. */
export function isWithheld(skill: Pick<Skill, 'key' | 'name' | 'source'>, config: SkillsConfig): boolean {
  const entry = entryOf(skill, config);
  return (
    entry?.enabled === true &&
    (entry.apiKey !== null || Object.keys(entry.env).length > 0) &&
    givingEntryOf(skill, config) === undefined
  );
}

function isOfWorkspace(source: SkillSource): boolean {
  return source === 'workspace' || source === 'workspace-agents';
}

/** Not what every object has: a skill may be called `constructor`. */
function ownEntry({ entries }: SkillsConfig, name: string): SkillEntryConfig | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

function findMissing(
  { requires, always, primaryEnv }: Skill,
  config: SkillsConfig,
  entry: SkillEntryConfig | undefined,
  facts: Facts,
): Requirements {
  const os = requires.os.length === 0 || requires.os.some((name) => fits(name, facts)) ? [] : requires.os;
  if (always) return { bins: [], anyBins: [], env: [], config: [], os };
  const isSet = (name: string): boolean => {
    if (facts.hasVariable(name)) return true;
    const given = entry !== undefined && Object.hasOwn(entry.env, name) ? entry.env[name] : undefined;
    if (given !== undefined && facts.hasSecret(given)) return true;
    const key = primaryEnv === name && mayBeKey(name) ? (entry?.apiKey ?? null) : null;
    return key !== null && facts.hasSecret(key);
  };
  return {
    bins: requires.bins.filter((name) => !facts.hasProgram(name)),
    anyBins: requires.anyBins.some((name) => facts.hasProgram(name)) ? [] : requires.anyBins,
    env: requires.env.filter((name) => !isSet(name)),
    config: requires.config.filter((path) => !isTruthy(valueAt(config.config, path))),
    os,
  };
}

const aliases: Readonly<Record<string, string>> = { macos: 'darwin', mac: 'darwin', windows: 'win32' };

function fits(name: string, facts: Facts): boolean {
  const lower = name.toLowerCase();
  return (aliases[lower] ?? lower) === facts.platform;
}

function valueAt(root: unknown, path: string): unknown {
  let value = root;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** As in JavaScript, except that a text of spaces says nothing either. */
function isTruthy(value: unknown): boolean {
  return typeof value === 'string' ? value.trim() !== '' : Boolean(value);
}
