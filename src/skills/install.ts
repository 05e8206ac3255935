// Puts a skill in its place: all of it or nothing, and a note beside it of what was installed and from where.

import { lstatSync, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { prepareHome } from '../config/home.ts';
import { HomerError } from '../core/errors.ts';
import { buildContent, type Content } from './content.ts';
import { readFolder } from './folder.ts';
import { draftName, sweepDrafts } from './install-draft.ts';
import type { Origin, SkillPackage } from './package.ts';
import { managedFolder } from './sources.ts';

/** Hidden, so that no skill is looked for in it. */
export const recordsFolder = '.installed';

/** What was installed, as it stands in `skills/.installed/FOLDER.json`. */
export interface InstallRecord {
  readonly version: 1;
  readonly name: string;
  /** `sha256:…`, see `Content`. */
  readonly digest: string;
  readonly files: number;
  readonly bytes: number;
  readonly from: Origin;
  /** ISO 8601 UTC. */
  readonly installedAt: string;
}

export type Place =
  | { readonly state: 'free'; readonly path: string }
  /** The very same content is there already; `recorded`: it is noted where from. */
  | { readonly state: 'same'; readonly path: string; readonly recorded: boolean };

/** Looks where it would go. Throws HOMER_SKILL_EXISTS when something else is there. */
export function findPlace(home: string, folder: string, content: Content): Place {
  const path = join(home, managedFolder, folder);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return { state: 'free', path };
  if (digestIn(path) === content.digest)
    return { state: 'same', path, recorded: readInstalled(home, folder)?.unchanged === true };
  throw new HomerError('HOMER_SKILL_EXISTS', `${path} is there already, and it is not the same.`);
}

/**
 * Writes the content, unless it is there already, into a hidden folder beside its place, syncs it and renames it there; then the record. Files are
 * only the owner's, whatever their modes were. Throws HOMER_SKILL_EXISTS when the place was taken meanwhile; on any
 * error nothing is left but, after a kill or a power cut, a hidden folder, which a later install or start removes.
 */
export async function install(
  home: string,
  folder: string,
  { head, content, origin }: SkillPackage,
  { state }: Pick<Place, 'state'>,
  now: Date,
): Promise<InstallRecord> {
  prepareHome(home);
  const skills = join(home, managedFolder);
  await sweepDrafts(skills);
  if (state === 'free') await place(content, skills, folder);
  const record: InstallRecord = {
    version: 1,
    name: head.name,
    digest: content.digest,
    files: content.files.length,
    bytes: content.bytes,
    from: origin,
    installedAt: now.toISOString(),
  };
  await writeRecord(skills, folder, record);
  return record;
}

async function place(content: Content, skills: string, folder: string): Promise<void> {
  const draft = join(skills, draftName());
  try {
    await writeContent(content, draft);
    await moveTo(draft, join(skills, folder));
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
  await syncFolder(skills);
}

/** Writes it below `directory`, which it makes; files 0600 or 0700. Rejects when anything is there already. */
export async function writeContent(content: Content, directory: string): Promise<void> {
  await mkdir(directory, { mode: 0o700 });
  for (const { path, executable, data } of content.files) {
    await mkdir(dirname(join(directory, path)), { recursive: true, mode: 0o700 });
    const mode = executable ? 0o700 : 0o600;
    await writeFile(join(directory, path), data, { mode, flag: 'wx', flush: true });
  }
  for (const { path, target } of content.links) {
    await mkdir(dirname(join(directory, path)), { recursive: true, mode: 0o700 });
    await symlink(target, join(directory, path));
  }
}

async function moveTo(draft: string, target: string): Promise<void> {
  const taken = (cause?: unknown): HomerError =>
    new HomerError('HOMER_SKILL_EXISTS', `${target} is there already.`, { cause });
  // rename(2) would put it in the place of an empty folder.
  if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) throw taken();
  try {
    await rename(draft, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR' ? taken(error) : error;
  }
}

async function writeRecord(skills: string, folder: string, record: InstallRecord): Promise<void> {
  const records = join(skills, recordsFolder);
  await mkdir(records, { recursive: true, mode: 0o700 });
  const path = join(records, `${folder}.json`);
  await writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  await syncFolder(records);
}

async function syncFolder(directory: string): Promise<void> {
  const handle = await open(directory);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface Installed {
  readonly record: InstallRecord;
  /** Nothing in the folder changed since. */
  readonly unchanged: boolean;
}

/** What is known of a folder directly in `$HOMER_HOME/skills`; null when it was not installed by Homer. */
export function readInstalled(home: string, folder: string): Installed | null {
  try {
    const text = readFileSync(join(home, managedFolder, recordsFolder, `${folder}.json`), 'utf8');
    const record = JSON.parse(text) as InstallRecord;
    if (record.version !== 1) return null;
    return { record, unchanged: digestIn(join(home, managedFolder, folder)) === record.digest };
  } catch {
    // No record, or one that cannot be read: a folder somebody put there by hand, which is as good.
    return null;
  }
}

/** Null for what could not be installed as it is. */
function digestIn(directory: string): string | null {
  try {
    return buildContent(readFolder(directory).entries).digest;
  } catch {
    // Whatever is wrong with it, it is not what was installed.
    return null;
  }
}
