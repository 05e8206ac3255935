// The door to skills: for the daemon, and for the command line, which must work without one.

import type { SkillsConfig } from '../config/config.ts';
import type { Eligibility } from './gates.ts';
import { decideEligibility } from './gates.ts';
import type { Content } from './content.ts';
import type { Installed, InstallRecord, Place } from './install.ts';
import { createSkillLoader, type LoadedSkills } from './loader.ts';
import { createMachineFacts } from './machine-facts.ts';
import type { Origin, Runnables, SkillPackage } from './package.ts';
import type { Removal } from './remove.ts';
import type { InstallHint, SkillHead } from './skill.ts';
import { listRoots } from './sources.ts';
import {
  checkSkills,
  findSkill,
  listSkills,
  reportOf,
  type ListedSkill,
  type SkillCheck,
  type SkillList,
  type SkillReport,
} from './status.ts';

export interface SkillsOptions {
  /** The state directory; it may not exist. */
  readonly home: string;
  readonly userHome: string;
  /** What variables and programs are looked up in; read, never written. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform?: string;
}

/** What would be installed; nothing was written. */
export interface InstallPreview {
  readonly head: SkillHead;
  readonly content: Pick<Content, 'bytes' | 'digest'> & {
    readonly files: readonly { readonly path: string; readonly size: number; readonly executable: boolean }[];
    readonly links: readonly { readonly path: string; readonly target: string }[];
  };
  readonly origin: Origin;
  readonly runnables: Runnables;
  readonly open: readonly string[];
  readonly place: Place;
  /** As it would be here and now. */
  readonly eligibility: Eligibility;
  readonly hints: readonly InstallHint[];
  /** Skills of the same name that are there already, those that would win over it and those that would lose. */
  readonly stronger: readonly string[];
  readonly weaker: readonly string[];
  /** Installs, or only notes what is there already, exactly what was previewed, from memory: a change of the origin meanwhile changes nothing. */
  install(now: Date): Promise<InstallRecord>;
}

export interface Skills {
  /**
   * Everything that is there for work in `cwd` (null: for work anywhere); a call reads only what changed since the last. Values
   * for a snapshot.
   */
  load(cwd: string | null, config: SkillsConfig): Promise<LoadedSkills>;
  /** What was loaded, with the gates. */
  judge(loaded: LoadedSkills, config: SkillsConfig): SkillList;
  /** `load` with the gates. */
  list(cwd: string | null, config: SkillsConfig): Promise<SkillList>;
  report(list: SkillList): SkillReport;
  /** With a look at all files of those that would be handed to agents. */
  check(list: SkillList): Promise<SkillCheck>;
  /** Null when no skill has this name. */
  find(list: SkillList, name: string): ListedSkill | null;
  /** How a skill of `$HOMER_HOME/skills` came there; null for one that Homer did not install. */
  installed(skill: ListedSkill): Promise<Installed | null>;
  /** Throws HOMER_SKILL_… for what must not be installed. */
  preview(
    path: string,
    folder: string | undefined,
    cwd: string,
    config: SkillsConfig,
  ): Promise<InstallPreview>;
  /** Throws HOMER_SKILL_UNKNOWN and HOMER_SKILL_KEPT for what Homer did not install as it is. */
  removal(name: string): Promise<Removal>;
}

export function openSkills({ home, userHome, env, platform }: SkillsOptions): Skills {
  const loader = createSkillLoader();
  const roots = (cwd: string | null, config: SkillsConfig) => listRoots({ home, userHome, cwd }, config);
  const load = (cwd: string | null, config: SkillsConfig): Promise<LoadedSkills> =>
    loader.load(roots(cwd, config));
  const judge = (loaded: LoadedSkills, config: SkillsConfig): SkillList =>
    listSkills(loaded, config, createMachineFacts(env, platform));
  const list = async (cwd: string | null, config: SkillsConfig): Promise<SkillList> =>
    judge(await load(cwd, config), config);

  return {
    load,
    judge,
    list,
    report: reportOf,
    async check(found) {
      const { createFolderDigests } = await import('./folder-digest.ts');
      const { choose } = await import('./snapshot.ts');
      const { weigh } = await import('./weigh.ts');
      const { omitted } = await weigh(choose(found.skills), createFolderDigests());
      return checkSkills(found, omitted);
    },
    find: findSkill,
    async installed({ skill }) {
      if (skill.source !== 'managed') return null;
      const { readInstalled } = await import('./install.ts');
      const folder = skill.directory.slice(skill.root.length + 1);
      return folder === '' || folder.includes('/') ? null : readInstalled(home, folder);
    },
    async preview(path, folder, cwd, config) {
      const { folderName, readPackage } = await import('./package.ts');
      const { findPlace, install } = await import('./install.ts');
      const found: SkillPackage = await readPackage(path);
      const name = folderName(found.head, folder);
      const place = findPlace(home, name, found.content);
      const facts = createMachineFacts(env, platform);
      // Judged as the skill it would be, beside those that are there.
      const skill = {
        ...found.head,
        source: 'managed',
        root: '',
        directory: place.path,
        path: place.path,
      } as const;
      const alone = listSkills({ skills: [skill], collisions: [], warnings: [] }, config, facts).skills[0];
      const { files, links, bytes, digest } = found.content;
      return {
        ...found,
        content: {
          bytes,
          digest,
          links,
          files: files.map(({ path, executable, data }) => ({ path, executable, size: data.byteLength })),
        },
        place,
        eligibility: decideEligibility(skill, config, facts),
        hints: alone?.hints ?? [],
        ...rivals(await load(cwd, config), found.head.name, roots(cwd, config), place),
        install: (now) => install(home, name, found, place, now),
      };
    },
    async removal(name) {
      const { findRemoval } = await import('./remove.ts');
      return findRemoval(home, name);
    },
  };
}

function rivals(
  loaded: LoadedSkills,
  name: string,
  roots: ReturnType<typeof listRoots>,
  place: Place,
): Pick<InstallPreview, 'stronger' | 'weaker'> {
  const winner = loaded.skills.find((skill) => skill.name === name);
  if (winner === undefined) return { stronger: [], weaker: [] };
  const shadowed = loaded.collisions.find((collision) => collision.name === name)?.shadowed ?? [];
  const rank = (path: string): number => roots.findIndex((root) => path.startsWith(`${root.path}/`));
  const own = rank(`${place.path}/`);
  const others = [winner.path, ...shadowed].filter((path) => !path.startsWith(`${place.path}/`));
  return {
    stronger: others.filter((path) => rank(path) < own),
    weaker: others.filter((path) => rank(path) >= own),
  };
}
