// Each skill with what the gates decided, in the words that clients are given.

import type { SkillsConfig } from '../config/config.ts';
import { decideEligibility, isWithheld, type Eligibility, type Facts } from './gates.ts';
import type { Collision, LoadedSkills } from './loader.ts';
import { harmlessWarnings } from './skill.ts';
import type { InstallHint, Skill, SkillSource, SkillWarning } from './skill.ts';

/** One skill as `homer skills list --json` has it: the outside contract. */
export interface SkillStatus extends Eligibility {
  readonly name: string;
  readonly source: SkillSource;
  /** Of its SKILL.md. */
  readonly path: string;
  readonly userInvocable: boolean;
}

export interface SkillReport {
  readonly skills: readonly SkillStatus[];
  readonly warnings: readonly SkillWarning[];
}

/** A skill beside its status, for those who show more of it. */
export interface ListedSkill {
  readonly skill: Skill;
  readonly status: SkillStatus;
  /** How to get what it lacks on this platform; empty when nothing that can be installed is missing. */
  readonly hints: readonly InstallHint[];
}

export interface SkillList {
  readonly skills: readonly ListedSkill[];
  readonly collisions: readonly Collision[];
  readonly warnings: readonly SkillWarning[];
  /** Entries and names in `allow` that stand for no skill here. */
  readonly unknown: readonly string[];
}

export function listSkills(loaded: LoadedSkills, config: SkillsConfig, facts: Facts): SkillList {
  const skills = loaded.skills.map((skill): ListedSkill => {
    const { eligible, disabled, blockedByAllowlist, modelVisible, missing } = decideEligibility(
      skill,
      config,
      facts,
    );
    const status: SkillStatus = {
      name: skill.name,
      source: skill.source,
      path: skill.path,
      eligible,
      disabled,
      blockedByAllowlist,
      modelVisible,
      userInvocable: skill.userInvocable,
      missing,
    };
    return { skill, status, hints: chooseHints(skill, status, facts) };
  });
  const withheld = loaded.skills
    .filter((skill) => isWithheld(skill, config))
    .map(({ path, key }): SkillWarning => ({
      path,
      line: null,
      code: 'entry_withheld',
      message: `comes with a workspace, so it is not given what the entry ${JSON.stringify(key)} holds (unless that says \`workspace: true\`)`,
    }));
  const { collisions } = loaded;
  const warnings = [...loaded.warnings, ...withheld];
  return { skills, collisions, warnings, unknown: findUnknown(loaded.skills, config) };
}

/** The outside contract of a list: nothing but its two keys. */
export function reportOf(list: SkillList): SkillReport {
  return { skills: list.skills.map(({ status }) => status), warnings: list.warnings };
}

export interface SkillCheck {
  readonly ok: boolean;
  /** Enabled, but it cannot be used. */
  readonly notEligible: readonly ListedSkill[];
  readonly unknown: readonly string[];
  /** What was skipped, and what could not be copied. */
  readonly bad: readonly SkillWarning[];
  /** All that is to be said, the harmless too. */
  readonly warnings: readonly SkillWarning[];
}

/**
 * What somebody has to mend: enabled skills that lack something, names that mean no skill, files that were skipped, and skills
 * (`omitted`) that no agent is handed although nothing is missing.
 */
export function checkSkills(
  list: SkillList,
  omitted: readonly { readonly path: string; readonly message: string }[] = [],
): SkillCheck {
  const warnings = [
    ...list.warnings,
    ...omitted.map(({ path, message }): SkillWarning => ({
      path,
      line: null,
      code: 'not_copied',
      message: `is handed to no agent: ${message}`,
    })),
  ];
  const notEligible = list.skills.filter(
    ({ status }) => !status.eligible && !status.disabled && !status.blockedByAllowlist,
  );
  const bad = warnings.filter(({ code }) => !harmlessWarnings.has(code));
  const ok = notEligible.length === 0 && bad.length === 0 && list.unknown.length === 0;
  return { ok, notEligible, unknown: list.unknown, bad, warnings };
}

function chooseHints(skill: Skill, { missing }: SkillStatus, facts: Facts): readonly InstallHint[] {
  const wanted = [...missing.bins, ...missing.anyBins];
  if (wanted.length === 0 || missing.os.length > 0) return [];
  const fitting = skill.install.filter(
    ({ os, bins }) =>
      (os.length === 0 || os.includes(facts.platform)) &&
      (bins.length === 0 || bins.some((name) => wanted.includes(name))),
  );
  // What can be done at once is named first: a line for Homebrew helps nobody who has none.
  const tools = { brew: 'brew', node: 'npm', go: 'go', uv: 'uv', download: '' } as const;
  const rank = ({ kind }: InstallHint): number => (facts.hasProgram(tools[kind]) ? 0 : 1);
  return [...fitting].sort((a, b) => rank(a) - rank(b));
}

function findUnknown(skills: readonly Skill[], config: SkillsConfig): readonly string[] {
  const known = new Set(skills.flatMap(({ name, key }) => [name, key]));
  const enabled = Object.entries(config.entries).filter(([, entry]) => entry.enabled);
  const named = [...enabled.map(([name]) => name), ...(config.allow ?? [])];
  return [...new Set(named)].filter((name) => !known.has(name));
}

/** By its name, its key or, when only one fits, by its name in any case; null: no such skill. */
export function findSkill(list: SkillList, wanted: string): ListedSkill | null {
  const exact = list.skills.find(({ skill }) => skill.name === wanted || skill.key === wanted);
  if (exact !== undefined) return exact;
  const lower = wanted.toLowerCase();
  const close = list.skills.filter(({ skill }) => skill.name.toLowerCase() === lower);
  return close.length === 1 ? (close[0] ?? null) : null;
}
