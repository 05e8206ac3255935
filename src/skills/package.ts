// A skill that somebody wants to install: what it is, what it would need and what it could run. Nothing is written.

import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { HomerError } from '../core/errors.ts';
import { isBareRepository, readCommit } from './checkout.ts';
import { buildContent, mebibytes, shown, type Content } from './content.ts';
import { skillFile } from './discover.ts';
import { readFolder, type ReadTree } from './folder.ts';
import { parseFrontmatter } from './frontmatter.ts';
import { largestFile } from './loader.ts';
import { readManifest } from './manifest.ts';
import type { Field, SkillHead } from './skill.ts';

export interface Origin {
  readonly kind: 'folder' | 'checkout' | 'tarball';
  /** Absolute. */
  readonly path: string;
  /** Of a checkout, where git's own files tell it. */
  readonly commit: string | null;
}

/** What the files of a skill could make an agent run. Told so that a person can look; nobody can tell it all. */
export interface Runnables {
  /** Files that can be executed or look like programs. */
  readonly scripts: readonly string[];
  /** Commands that some agents run by themselves when they read the SKILL.md: `` !`command` ``, and blocks that begin with ```` ```! ````. */
  readonly commands: readonly string[];
  /** Tools the skill asks to use without being asked, as written. */
  readonly allowedTools: string | null;
  /** It brings hooks, which some agents run at every step. */
  readonly hooks: boolean;
}

export interface SkillPackage {
  readonly head: SkillHead;
  readonly content: Content;
  readonly origin: Origin;
  readonly runnables: Runnables;
  /** Files and folders of the origin that every user may change; what is installed is not. */
  readonly open: readonly string[];
}

/** Reads and judges all of it. Throws the HOMER_SKILL_… error of whatever is wrong first. */
export async function readPackage(path: string): Promise<SkillPackage> {
  const origin = describeOrigin(resolve(path));
  const { entries, open } = await readTree(origin);
  const content = buildContent(entries);
  const text = headText(content);
  const parsed = parseFrontmatter(text);
  const read = parsed.ok ? readManifest(parsed.fields, basename(origin.path)) : parsed;
  if (!parsed.ok || !read.ok) {
    const { line, message } = parsed.ok ? (read as { problem: Problem }).problem : parsed.problem;
    throw new HomerError('HOMER_SKILL_INVALID', `Line ${line} of its ${skillFile}: the file ${message}.`);
  }
  return { head: read.head, content, origin, runnables: findRunnables(content, text, parsed.fields), open };
}

interface Problem {
  readonly line: number;
  readonly message: string;
}

function describeOrigin(path: string): Origin {
  const found = attemptStat(path);
  if (found === undefined) throw new HomerError('HOMER_SKILL_SOURCE', `There is no ${path}.`);
  if (!found.isDirectory()) return { kind: 'tarball', path, commit: null };
  const commit = readCommit(path);
  if (commit === undefined && statSync(join(path, skillFile), { throwIfNoEntry: false }) === undefined) {
    const isGit = basename(path) === '.git' || isBareRepository(path);
    if (isGit)
      throw new HomerError('HOMER_SKILL_SOURCE', `${path} is a repository without a checkout.`, {
        hint: 'Clone it, and add the folder of the clone.',
      });
  }
  return { kind: commit === undefined ? 'folder' : 'checkout', path, commit: commit ?? null };
}

function attemptStat(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // A file on the way, or a folder that may not be entered: for us there is nothing.
    return undefined;
  }
}

async function readTree(origin: Origin): Promise<ReadTree> {
  if (origin.kind !== 'tarball') return readFolder(origin.path);
  const { readTarball } = await import('./tarball.ts');
  return readTarball(origin.path);
}

function headText({ files }: Content): string {
  const data = files.find(({ path }) => path === skillFile)?.data;
  if ((data?.byteLength ?? 0) > largestFile)
    throw new HomerError(
      'HOMER_SKILL_TOO_LARGE',
      `Its ${skillFile} is larger than ${mebibytes(largestFile)}.`,
    );
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    throw new HomerError('HOMER_SKILL_INVALID', `Its ${skillFile} is not UTF-8 text.`);
  }
}

const programs = /\.(?:sh|bash|zsh|fish|py|js|mjs|cjs|ts|rb|pl|php|lua|ps1|bat|exe)$/i;

function findRunnables({ files }: Content, text: string, fields: ReadonlyMap<string, Field>): Runnables {
  const scripts = files.filter(
    ({ path, executable, data }) =>
      executable || programs.test(path) || (data[0] === 0x23 && data[1] === 0x21),
  );
  const tools = fields.get('allowed-tools')?.value ?? null;
  return {
    scripts: scripts.map(({ path }) => path),
    commands: [...new Set(findCommands(text))],
    allowedTools: tools === null ? null : typeof tools === 'string' ? tools : JSON.stringify(tools),
    hooks: (fields.get('hooks')?.value ?? null) !== null,
  };
}

/** However long they are, over several lines too. What has no end goes on to the end of the text. */
function findCommands(text: string): readonly string[] {
  const found: string[] = [];
  const opening = /!(`+)|(?:`{3,}|~{3,})[ \t]*!/g;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const fence = match[1] ?? /^[`~]+/.exec(match[0])?.[0] ?? '';
    const end = text.indexOf(fence, opening.lastIndex);
    const command = text.slice(opening.lastIndex, end === -1 ? undefined : end).trim();
    if (command !== '') found.push(command);
    if (end === -1) break;
    opening.lastIndex = end + fence.length;
  }
  return found;
}

/** The folder it is installed in: `wanted`, else its name. Throws HOMER_USAGE or HOMER_SKILL_INVALID for what is no name. */
export function folderName(head: SkillHead, wanted: string | undefined): string {
  const name = wanted ?? head.name;
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) && name.toLowerCase() !== 'node_modules') return name;
  const detail = `${shown(name)} cannot be the name of a folder of skills: letters, digits, dots, - and _, at most 64.`;
  throw wanted === undefined
    ? new HomerError('HOMER_SKILL_INVALID', detail, { hint: 'Give it another folder with --name.' })
    : new HomerError('HOMER_USAGE', detail, { hint: 'homer skills add PATH --name NAME' });
}
