// Takes a snapshot: what can be used for work in a directory right now, copied.

import type { SkillsConfig } from '../config/config.ts';
import { HomerError } from '../core/errors.ts';
import { createFolderDigests, readContent } from './folder-digest.ts';
import type { Skills } from './open.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import { choose, hiddenNames, snapshotOf, type ChosenSkill, type Snapshot } from './snapshot.ts';
import { weigh } from './weigh.ts';

/** Something writes to a folder without a pause: what it is at the end of these tries is left out. */
const mostTries = 3;

export interface SnapshotTaker {
  /** As it would be now; nothing is copied. Reads only what changed since the last look. */
  look(cwd: string | null, config: SkillsConfig): Promise<Snapshot>;
  /** Copied and on disk when it resolves. Rejects as the file system does. */
  take(cwd: string | null, config: SkillsConfig): Promise<Snapshot>;
}

export function createSnapshotTaker(
  skills: Pick<Skills, 'load' | 'judge'>,
  store: SnapshotStore,
): SnapshotTaker {
  const digests = createFolderDigests();

  async function draft(
    cwd: string | null,
    config: SkillsConfig,
    isRestless: ReadonlySet<string>,
  ): Promise<{ readonly snapshot: Snapshot; readonly chosen: readonly ChosenSkill[] }> {
    const loaded = await skills.load(cwd, config);
    const offered = choose(skills.judge(loaded, config).skills);
    const { chosen, omitted } = await weigh(offered, digests, isRestless);
    return { snapshot: snapshotOf(chosen, omitted, hiddenNames(loaded)), chosen };
  }

  return {
    look: async (cwd, config) => (await draft(cwd, config, new Set())).snapshot,
    async take(cwd, config) {
      const restless = new Set<string>();
      for (let tries = 1; ; tries++) {
        const { snapshot, chosen } = await draft(cwd, config, restless);
        let changed: string | null = null;
        try {
          await store.write(snapshot, (folder) => {
            const index = snapshot.skills.findIndex((skill) => skill.folder === folder);
            const from = chosen[index];
            if (from === undefined) throw new Error(`No skill has the folder ${folder}.`);
            changed = from.skill.directory;
            const content = readContent(from.skill.directory);
            if (content.digest !== from.digest)
              throw new HomerError('HOMER_SKILL_SOURCE', `${from.skill.directory} changed meanwhile.`);
            return content;
          });
          return snapshot;
        } catch (error) {
          // Only a skill's own folder is to blame for these; what the disk says is for the caller.
          if (!(error instanceof HomerError) || changed === null) throw error;
          if (tries >= mostTries) restless.add(changed);
        }
      }
    },
  };
}
