// What of the skills that are offered goes into a snapshot: each must be fit to be copied, and all together must not be too much.

import type { FolderDigests } from './folder-digest.ts';
import { createPause } from './pause.ts';
import type { Skill } from './skill.ts';
import type { ChosenSkill, OmittedSkill } from './snapshot.ts';

/** What a snapshot holds at most. */
export const snapshotLimits = { skills: 1_000, files: 10_000, bytes: 128 * 1024 * 1024 } as const;

const isFull = 'A snapshot holds at most 1 000 skills, 10 000 files and 128 MiB, and this one is full.';

/**
 * `skills` in the order in which they are to stand. When they are too much, those of a workspace go first: nobody's project is
 * to crowd out the owner's. From the first that does not fit on nothing more is read. `isRestless`: folders that something writes
 * to without a pause. Others have turns meanwhile.
 */
export async function weigh(
  skills: readonly Skill[],
  digests: FolderDigests,
  isRestless: ReadonlySet<string> = new Set(),
): Promise<{ readonly chosen: readonly ChosenSkill[]; readonly omitted: readonly OmittedSkill[] }> {
  const pause = createPause();
  const verdicts = new Map<Skill, { readonly digest: string } | { readonly message: string }>();
  const left = { ...snapshotLimits } as Record<keyof typeof snapshotLimits, number>;
  const ranked = [...skills].sort((a, b) => Number(isOfWorkspace(a)) - Number(isOfWorkspace(b)));
  let full = false;
  for (const skill of ranked) {
    await pause();
    if (full) {
      verdicts.set(skill, { message: isFull });
      continue;
    }
    if (isRestless.has(skill.directory)) {
      verdicts.set(skill, { message: 'It changes all the time.' });
      continue;
    }
    const found = digests.of(skill.directory);
    if (!found.ok) {
      verdicts.set(skill, { message: found.message });
      continue;
    }
    left.skills -= 1;
    left.files -= found.files;
    left.bytes -= found.bytes;
    full = left.skills < 0 || left.files < 0 || left.bytes < 0;
    verdicts.set(skill, full ? { message: isFull } : { digest: found.digest });
  }
  const chosen: ChosenSkill[] = [];
  const omitted: OmittedSkill[] = [];
  for (const skill of skills) {
    const verdict = verdicts.get(skill);
    if (verdict === undefined) continue;
    if ('digest' in verdict) chosen.push({ skill, digest: verdict.digest });
    else omitted.push({ name: skill.name, path: skill.path, message: verdict.message });
  }
  return { chosen, omitted };
}

function isOfWorkspace({ source }: Skill): boolean {
  return source === 'workspace' || source === 'workspace-agents';
}
