// A snapshot as a value: the skills a session was started with, each named by the hash of all its files.

import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import type { LoadedSkills } from './loader.ts';
import type { ListedSkill } from './status.ts';
import type { Skill, SkillSource } from './skill.ts';

/** One that an agent is offered. */
export interface SnapshotSkill {
  readonly name: string;
  /** Under which it stands in `skills.entries`. */
  readonly key: string;
  readonly description: string;
  readonly source: SkillSource;
  readonly userInvocable: boolean;
  readonly primaryEnv: string | null;
  /** Its folder in `skills/` of the snapshot. */
  readonly folder: string;
  /** Of all its files, as `Content` has it. */
  readonly digest: string;
}

/** One that could be used, but not be copied. */
export interface OmittedSkill {
  readonly name: string;
  /** Of its SKILL.md, where it was found. */
  readonly path: string;
  /** What an install of it would be refused with, as a sentence. */
  readonly message: string;
}

/** snapshot.json. No value of a variable is in it. */
export interface Snapshot {
  readonly version: 1;
  readonly id: string;
  /** Sorted by name. */
  readonly skills: readonly SnapshotSkill[];
  readonly omitted: readonly OmittedSkill[];
  /** Names by which agents may find skills by themselves, sorted: each is in the snapshot, or is not to be offered. */
  readonly hidden: readonly string[];
}

/** A skill for the next snapshot, with where it is copied from. */
export interface ChosenSkill {
  readonly skill: Skill;
  readonly digest: string;
}

export function snapshotOf(
  chosen: readonly ChosenSkill[],
  omitted: readonly OmittedSkill[],
  hidden: readonly string[],
): Snapshot {
  const taken = new Set<string>();
  const skills = chosen.map(({ skill, digest }): SnapshotSkill => {
    const { name, key, description, source, userInvocable, primaryEnv } = skill;
    const folder = folderFor(name, digest, taken);
    return { name, key, description, source, userInvocable, primaryEnv, folder, digest };
  });
  const content = { version: 1, skills, omitted, hidden } as const;
  return { ...content, id: idOf(content) };
}

/** The name of everything else in it. */
export function idOf({ version, skills, omitted, hidden }: Omit<Snapshot, 'id'>): string {
  const text = JSON.stringify({ version, skills, omitted, hidden });
  return `k${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
}

/** Agents want a skill's folder to have its name; where that cannot be, or two names may be one file, the hash tells them apart. */
function folderFor(name: string, digest: string, taken: Set<string>): string {
  const isPlain = /^[A-Za-z0-9][\w.-]*$/.test(name) && !taken.has(name.toLowerCase());
  let folder = isPlain ? name : `skill-${digest.slice(-16)}`;
  // Somebody may have called his own skill what another one is given.
  for (let number = 2; taken.has(folder.toLowerCase()); number++)
    folder = `skill-${digest.slice(-16)}-${number}`;
  taken.add(folder.toLowerCase());
  return folder;
}

/** What is offered: skills that can be used and that the model may choose by itself. */
export function choose(skills: readonly ListedSkill[]): readonly Skill[] {
  return skills.filter(({ status }) => status.modelVisible).map(({ skill }) => skill);
}

/** The folders that agent CLIs look through by themselves, among those that Homer knows. */
const foundByAgents: ReadonlySet<SkillSource> = new Set(['workspace-agents', 'user-agents', 'claude']);

/** Some agents call a skill as its head does, others as its folder is called. */
export function hiddenNames({ skills, collisions }: LoadedSkills): readonly string[] {
  const found = skills
    .filter(({ source }) => foundByAgents.has(source))
    .flatMap(({ name, directory }) => [name, basename(directory)]);
  const shadowed = collisions.flatMap(({ name, shadowed }) => [
    name,
    ...shadowed.map((path) => basename(dirname(path))),
  ]);
  return [...new Set([...found, ...shadowed])].sort();
}
