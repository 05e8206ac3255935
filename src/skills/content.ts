// What is in a skill's folder, as a value: every file with its bytes, checked, sorted and named by one hash. Installing
// and snapshots write it; nothing is on disk before the whole of it was found to be harmless.

import { createHash } from 'node:crypto';
import { HomerError } from '../core/errors.ts';
import { skillFile } from './discover.ts';

export const limits = {
  files: 1_000,
  fileBytes: 16 * 1024 * 1024,
  bytes: 32 * 1024 * 1024,
  depth: 16,
  pathBytes: 1_024,
  nameBytes: 255,
} as const;

/** A file or link as it was read, its path already checked by `checkPath`. */
export type Entry =
  | { readonly kind: 'file'; readonly path: string; readonly executable: boolean; readonly data: Uint8Array }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'directory'; readonly path: string };

export type ContentFile = Extract<Entry, { kind: 'file' }>;
export type ContentLink = Extract<Entry, { kind: 'link' }>;

export interface Content {
  /** Sorted by path; the SKILL.md is among them. */
  readonly files: readonly ContentFile[];
  /** Each leads to a file or folder of this content, by way of no other link. */
  readonly links: readonly ContentLink[];
  readonly bytes: number;
  /** `sha256:…` over paths, bytes, the right to execute and links; neither times nor other modes count. */
  readonly digest: string;
}

/** Counts what is read and ends the reading when it is too much. */
export interface Budget {
  /** To be asked before the bytes are read. Throws HOMER_SKILL_TOO_LARGE. */
  take(path: string, bytes: number): void;
}

export function createBudget(): Budget {
  let files = 0;
  let total = 0;
  return {
    take(path, bytes) {
      files++;
      total += bytes;
      if (files > limits.files) throw tooLarge(`It holds more than ${limits.files} files and folders.`);
      if (bytes > limits.fileBytes)
        throw tooLarge(`${shown(path)} is larger than ${mebibytes(limits.fileBytes)}.`);
      if (total > limits.bytes) throw tooLarge(`It holds more than ${mebibytes(limits.bytes)}.`);
    },
  };
}

/**
 * The path in its one form (`a/b`, empty for the root itself), or null for what belongs to git and is left out. Throws
 * HOMER_SKILL_PATH for absolute paths, `..`, backslashes, control characters and what is absurdly long or deep.
 */
export function checkPath(path: string): string | null {
  const refuse = (why: string): HomerError => new HomerError('HOMER_SKILL_PATH', `${shown(path)} ${why}.`);
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) throw refuse('is an absolute path');
  if (path.includes('\\')) throw refuse('holds a backslash');
  if (/[\p{Cc}\uFFFD]/u.test(path)) throw refuse('holds control characters or is not UTF-8');
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw refuse('leads out of the skill');
  if (names.length > limits.depth) throw refuse(`is more than ${limits.depth} folders deep`);
  if (
    Buffer.byteLength(path) > limits.pathBytes ||
    names.some((name) => Buffer.byteLength(name) > limits.nameBytes)
  )
    throw refuse('is too long');
  return names.some((name) => name.toLowerCase() === '.git') ? null : names.join('/');
}

/**
 * The content of the folder that has the SKILL.md: the top, or the one folder at the top, as in most tarballs. Throws
 * HOMER_SKILL_INVALID without one, HOMER_SKILL_PATH when two entries mean one file, HOMER_SKILL_LINK for links to
 * anything but the skill's own files and folders.
 */
export function buildContent(entries: readonly Entry[]): Content {
  const prefix = findTop(entries);
  const own = entries.flatMap((entry): Entry[] => {
    if (prefix === '') return [entry];
    return entry.path.startsWith(prefix) ? [{ ...entry, path: entry.path.slice(prefix.length) }] : [];
  });
  const files = own.filter((entry) => entry.kind === 'file').sort(byPath);
  const links = own.filter((entry) => entry.kind === 'link').sort(byPath);
  const folders = listFolders(own);
  refuseClashes([...files, ...links], folders);
  const filePaths = new Set(files.map(({ path }) => path));
  for (const link of links) checkLink(link, filePaths, folders);
  return {
    files,
    links,
    bytes: files.reduce((sum, { data }) => sum + data.byteLength, 0),
    digest: digestOf(files, links),
  };
}

function findTop(entries: readonly Entry[]): string {
  const heads = entries.filter(({ kind, path }) => kind === 'file' && path.split('/').at(-1) === skillFile);
  if (heads.some(({ path }) => path === skillFile)) return '';
  const tops = new Set(entries.filter(({ path }) => path !== '').map(({ path }) => path.split('/')[0] ?? ''));
  const [top = ''] = tops;
  if (tops.size === 1 && heads.some(({ path }) => path === `${top}/${skillFile}`)) return `${top}/`;
  const others = heads.map(({ path }) => path.slice(0, -skillFile.length - 1));
  if (others.length === 0)
    throw new HomerError('HOMER_SKILL_INVALID', `There is no file called ${skillFile}.`);
  const list = others.slice(0, 10).map(shown).join(', ') + (others.length > 10 ? ', …' : '');
  throw new HomerError(
    'HOMER_SKILL_INVALID',
    `There are skills in folders of it, but not at its top: ${list}.`,
    {
      hint: 'Unpack it if it is a tarball, and add the folder of the one you want.',
    },
  );
}

function listFolders(entries: readonly Entry[]): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const { kind, path } of entries) {
    const names = path.split('/');
    for (let depth = kind === 'directory' ? names.length : names.length - 1; depth > 0; depth--)
      folders.add(names.slice(0, depth).join('/'));
  }
  folders.delete('');
  return folders;
}

/** On some file systems `Run.sh` and `run.sh` are one file, and so are two spellings of `ü`; the last would win unseen. */
function refuseClashes(entries: readonly Entry[], folders: ReadonlySet<string>): void {
  const seen = new Map<string, string>();
  const claim = (path: string): void => {
    const key = path.normalize('NFC').toLowerCase();
    const other = seen.get(key);
    if (other !== undefined)
      throw new HomerError(
        'HOMER_SKILL_PATH',
        `${shown(other)} and ${shown(path)} may be one and the same file.`,
      );
    seen.set(key, path);
  };
  for (const path of folders) claim(path);
  for (const { path } of entries) claim(path);
}

function checkLink(
  { path, target }: ContentLink,
  files: ReadonlySet<string>,
  folders: ReadonlySet<string>,
): void {
  const refuse = (why: string): HomerError =>
    new HomerError('HOMER_SKILL_LINK', `${shown(path)} is a link to ${shown(target)}, ${why}.`);
  if (target.startsWith('/') || /[\p{Cc}\\]/u.test(target)) throw refuse('which is not inside the skill');
  const names = path.split('/').slice(0, -1);
  for (const name of target.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) throw refuse('which leads out of the skill');
  }
  const resolved = names.join('/');
  // Neither set holds a link or what is behind one, so a way through another link leads to neither.
  if (files.has(resolved)) return;
  if (!folders.has(resolved)) throw refuse('which is none of its files and folders');
  if (`${path}/`.startsWith(`${resolved}/`)) throw refuse('which is a folder that holds the link itself');
}

function digestOf(files: readonly ContentFile[], links: readonly ContentLink[]): string {
  const hash = createHash('sha256').update('homer skill 1\n');
  const field = (text: string): string => `${Buffer.byteLength(text)}:${text}`;
  for (const { path, executable, data } of files) {
    const bytes = createHash('sha256').update(data).digest('hex');
    hash.update(`file ${executable ? 'x' : '-'} ${field(path)} ${bytes}\n`);
  }
  for (const { path, target } of links) hash.update(`link ${field(path)} ${field(target)}\n`);
  return `sha256:${hash.digest('hex')}`;
}

function byPath(a: Entry, b: Entry): number {
  return a.path < b.path ? -1 : 1;
}

function tooLarge(detail: string): HomerError {
  return new HomerError('HOMER_SKILL_TOO_LARGE', detail);
}

export function mebibytes(bytes: number): string {
  return `${bytes / 1024 / 1024} MiB`;
}

/** A path for a sentence: short, with whatever could steer a terminal made visible. */
export function shown(path: string): string {
  return JSON.stringify(path.length > 120 ? `${path.slice(0, 117)}…` : path);
}
