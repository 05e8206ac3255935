// The variables that the configuration gives to the skills of a snapshot: references, resolved only for the run that gets them.

import type { SecretRef, SkillsConfig } from '../config/config.ts';
import { givingEntryOf } from './gates.ts';
import { mayBeKey } from './key-variable.ts';
import type { SnapshotSkill } from './snapshot.ts';

export interface SkillVariable {
  readonly name: string;
  readonly secret: SecretRef;
  /** The first skill, by name, that has it. */
  readonly skill: string;
  /** It came as an `apiKey`, so it is a secret whatever it is called. */
  readonly isKey: boolean;
}

/**
 * One for each name; of two skills that give the same the first by name counts. What a SKILL.md itself asks for as its
 * `primaryEnv` is data: a name that does not speak of a key, or that means something to others, is passed over. A skill of a
 * workspace gets what its owner said.
 */
export function variablesOf(
  skills: readonly Pick<SnapshotSkill, 'name' | 'key' | 'source' | 'primaryEnv'>[],
  config: SkillsConfig,
): readonly SkillVariable[] {
  const found = new Map<string, SkillVariable>();
  for (const skill of skills) {
    const entry = givingEntryOf(skill, config);
    if (entry?.enabled !== true) continue;
    const add = (name: string, secret: SecretRef, isKey: boolean): void => {
      if (!found.has(name)) found.set(name, { name, secret, skill: skill.name, isKey });
    };
    for (const [name, secret] of Object.entries(entry.env)) add(name, secret, false);
    const { primaryEnv } = skill;
    if (entry.apiKey !== null && primaryEnv !== null && mayBeKey(primaryEnv))
      add(primaryEnv, entry.apiKey, true);
  }
  return [...found.values()];
}
