// What became of the skills that agents are offered, from one look to the next.

import type { Snapshot } from './snapshot.ts';

/** Names, each list sorted. */
export interface SkillChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** Null when an agent would be offered the same. */
export function findChanges(before: Snapshot, after: Snapshot): SkillChanges | null {
  const [old, fresh] = [before, after].map(
    ({ skills }) => new Map(skills.map((skill) => [skill.name, JSON.stringify(skill)])),
  );
  if (old === undefined || fresh === undefined) return null;
  const added = [...fresh.keys()].filter((name) => !old.has(name));
  const removed = [...old.keys()].filter((name) => !fresh.has(name));
  const changed = [...fresh].filter(([name, text]) => old.has(name) && old.get(name) !== text);
  if (added.length + removed.length + changed.length === 0) return null;
  return { added: added.sort(), removed: removed.sort(), changed: changed.map(([name]) => name).sort() };
}
