// The folders that skills are looked for in, in the order of precedence.

import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SkillsConfig } from '../config/config.ts';
import type { SkillSource } from './skill.ts';

export interface SkillRoot {
  readonly source: SkillSource;
  /** Absolute; it may not exist. */
  readonly path: string;
  /** Somebody wrote it down, so its absence is worth a word. */
  readonly configured: boolean;
  /** The owner's own folder: links in it are followed wherever they lead. In others they must stay inside. */
  readonly trusted: boolean;
  /** It must lie in this folder, whatever links lead to it; null: it may lie anywhere, since its owner put it there. */
  readonly within: string | null;
}

export interface SkillPlaces {
  /** The state directory. */
  readonly home: string;
  readonly userHome: string;
  /** Where the agent works; null: anywhere, so no folder there counts. */
  readonly cwd: string | null;
}

/** Highest precedence first; of several `extraDirs` the first. Touches no disk. */
export function listRoots(places: SkillPlaces, config: SkillsConfig): readonly SkillRoot[] {
  const { home, userHome } = places;
  const cwd = places.cwd === null ? null : resolve(places.cwd);
  const root = (source: SkillSource, path: string, trusted: boolean, configured = false): SkillRoot => ({
    source,
    path,
    trusted,
    configured,
    within: null,
  });
  const own = [
    root('user-agents', join(userHome, '.agents', 'skills'), true),
    root('managed', join(home, managedFolder), true),
    root('claude', join(userHome, '.claude', 'skills'), true),
  ];
  const ofWork: readonly SkillRoot[] =
    cwd === null
      ? []
      : [
          { ...root('workspace', join(cwd, 'skills'), false), within: cwd },
          { ...root('workspace-agents', join(cwd, '.agents', 'skills'), false), within: cwd },
        ];
  return [
    // For work in the user's home its folder is the user's own.
    ...ofWork.filter(({ path }) => !own.some((other) => other.path === path)),
    ...own,
    root('bundled', config.bundledDir ?? shippedSkills(), false, config.bundledDir !== null),
    ...config.extraDirs.map((path) => root('extra', path, false, true)),
  ];
}

/** In the state directory. */
export const managedFolder = 'skills';

/** Beside `src/` of a checkout, and beside `dist/` of the package. */
function shippedSkills(): string {
  return fileURLToPath(new URL('../../skills', import.meta.url));
}
