// Takes away a skill that Homer installed, as long as it is what was installed: all else is somebody's own.

import { lstatSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HomerError } from '../core/errors.ts';
import { draftName } from './install-draft.ts';
import { readInstalled, recordsFolder, type InstallRecord } from './install.ts';
import { managedFolder } from './sources.ts';

export interface Removal {
  /** Absolute. */
  readonly path: string;
  readonly record: InstallRecord;
  /** Gone when it resolves; killed meanwhile, a hidden folder is left, which a later install or start removes. */
  remove(): Promise<void>;
}

/**
 * `name` is that of the skill or of its folder. Throws HOMER_SKILL_UNKNOWN for none that is managed, and HOMER_SKILL_KEPT for one
 * that was not installed by Homer or was changed since.
 */
export async function findRemoval(home: string, name: string): Promise<Removal> {
  const skills = join(home, managedFolder);
  const folders = (await readdir(skills).catch(() => [])).filter((each) => !each.startsWith('.'));
  const installed = folders.map((folder) => ({ folder, found: readInstalled(home, folder) }));
  const wanted =
    installed.find(({ folder }) => folder === name) ??
    installed.find(({ found }) => found?.record.name === name);
  if (wanted === undefined)
    throw new HomerError('HOMER_SKILL_UNKNOWN', `${skills} has no skill ${JSON.stringify(name)}.`, {
      hint: '`homer skills` says where each skill comes from; those of a workspace or an agent are not for Homer to remove.',
    });
  const { folder, found } = wanted;
  const path = join(skills, folder);
  const keep = (why: string): HomerError => new HomerError('HOMER_SKILL_KEPT', `${path} ${why}.`);
  if (found === null) throw keep('was not installed by `homer skills add`');
  if (!found.unchanged || lstatSync(path).isSymbolicLink()) throw keep('was changed since it was installed');
  return {
    path,
    record: found.record,
    async remove() {
      const gone = join(skills, draftName());
      await rename(path, gone);
      await rm(join(skills, recordsFolder, `${folder}.json`), { force: true });
      await rm(gone, { recursive: true, force: true });
    },
  };
}
