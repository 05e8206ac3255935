// Reads what was found, once for each version of a file, and lets the highest precedence give each name.

import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { basename, join } from 'node:path';
import { messageOf } from '../core/errors.ts';
import { discover, openToAll, skillFile } from './discover.ts';
import { readExactly } from './folder.ts';
import { parseFrontmatter } from './frontmatter.ts';
import { readManifest } from './manifest.ts';
import { createPause } from './pause.ts';
import type { HeadProblem, Skill, SkillHead, SkillWarning } from './skill.ts';
import type { SkillRoot } from './sources.ts';

/** More is no instruction but a book. */
export const largestFile = 1024 * 1024;
/** Of one root, counted whether it is read or remembered: what is left out must not depend on what was looked at before. */
const most = { bytes: 64 * 1024 * 1024, effort: 400_000 } as const;

/** Skills of one name in several places. */
export interface Collision {
  readonly name: string;
  /** Path of the SKILL.md that counts. */
  readonly path: string;
  /** Those that do not. */
  readonly shadowed: readonly string[];
}

/** Sorted by name. A value: nothing in it changes when the files do. */
export interface LoadedSkills {
  readonly skills: readonly Skill[];
  readonly collisions: readonly Collision[];
  readonly warnings: readonly SkillWarning[];
}

export interface SkillLoader {
  /** Looks at every folder and file again, and reads those that changed since the last call. Does not throw. */
  load(roots: readonly SkillRoot[]): Promise<LoadedSkills>;
}

type Outcome =
  | { readonly ok: true; readonly head: SkillHead }
  | { readonly ok: false; readonly problem: Omit<HeadProblem, 'line'> & { readonly line: number | null } };

interface Cached {
  readonly version: string;
  readonly outcome: Outcome;
  /** As `ParsedHead` has it. */
  readonly effort: number;
}

/** Keeps in memory what it read last; a loader that is thrown away forgets. */
export function createSkillLoader(): SkillLoader {
  let cache = new Map<string, Cached>();

  return {
    async load(roots) {
      const pause = createPause();
      const before = cache;
      const kept = new Map<string, Cached>();
      const warnings: SkillWarning[] = [];
      const byName = new Map<string, Skill[]>();
      const seen = new Set<string>();
      for (const root of roots) {
        const isUsable = (directory: string): boolean => {
          const path = join(directory, skillFile);
          return read(path, directory, statOf(path), before, kept).outcome.ok;
        };
        const found = await discover(root, isUsable, pause);
        // The same folder under two names, as when the work is in the user's home: the higher precedence has it.
        if (found.identity !== null && seen.has(found.identity)) continue;
        if (found.identity !== null) seen.add(found.identity);
        warnings.push(...found.warnings);
        const left = { ...most };
        for (const directory of found.directories) {
          await pause();
          const path = join(directory, skillFile);
          const stat = statOf(path);
          if (stat !== null && (stat.mode & 0o002) !== 0) warnings.push(openToAll(path));
          left.bytes -= stat?.size ?? 0;
          if (left.bytes < 0 || left.effort < 0) {
            warnings.push(tooMuch(root));
            break;
          }
          const { outcome, effort } = read(path, directory, stat, before, kept);
          left.effort -= effort;
          if (!outcome.ok) {
            warnings.push({ path, ...outcome.problem });
            continue;
          }
          const skill: Skill = { ...outcome.head, source: root.source, root: root.path, directory, path };
          const others = byName.get(skill.name);
          if (others === undefined) byName.set(skill.name, [skill]);
          else {
            others.push(skill);
            const twin = others.find((other) => other !== skill && other.root === root.path);
            if (twin !== undefined) warnings.push(duplicate(skill, twin));
          }
        }
      }
      cache = kept;
      return settle(byName, warnings);
    },
  };
}

function settle(byName: ReadonlyMap<string, readonly Skill[]>, warnings: SkillWarning[]): LoadedSkills {
  const names = [...byName.keys()].sort();
  const skills: Skill[] = [];
  const collisions: Collision[] = [];
  for (const name of names) {
    const [first, ...others] = byName.get(name) ?? [];
    if (first === undefined) continue;
    skills.push(first);
    if (others.length > 0)
      collisions.push({ name, path: first.path, shadowed: others.map((skill) => skill.path) });
  }
  return { skills, collisions, warnings };
}

function tooMuch({ path }: SkillRoot): SkillWarning {
  const message =
    'holds more or longer SKILL.md than are read; those that come later by path are not looked at';
  return { path, line: null, code: 'too_many', message };
}

function duplicate(skill: Skill, twin: Skill): SkillWarning {
  const message = `is not used: ${twin.path} has the same name in the same folder of skills`;
  return { path: skill.path, line: null, code: 'duplicate_name', message };
}

function read(
  path: string,
  directory: string,
  found: Stats | null,
  cache: ReadonlyMap<string, Cached>,
  kept: Map<string, Cached>,
): Cached {
  const version = found === null ? '' : versionOf(found);
  const cached = kept.get(path) ?? cache.get(path);
  if (cached !== undefined && version !== '' && cached.version === version) {
    kept.set(path, cached);
    return cached;
  }
  const fresh = { version, ...readFresh(path, directory) };
  kept.set(path, fresh);
  return fresh;
}

function readFresh(path: string, directory: string): Omit<Cached, 'version'> {
  const text = readText(path);
  if (!text.ok) return { outcome: text, effort: 0 };
  const parsed = parseFrontmatter(text.text);
  const outcome = parsed.ok ? readManifest(parsed.fields, basename(directory)) : parsed;
  return { outcome, effort: parsed.effort };
}

function readText(path: string): { readonly ok: true; readonly text: string } | (Outcome & { ok: false }) {
  let descriptor: number;
  try {
    // Non-blocking: a pipe in the file's place must not hold up the rest.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return bad('unreadable', `cannot be read: ${reason(error)}`);
  }
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) return bad('not_a_file', 'is not a regular file');
    if (found.size > largestFile) return bad('too_large', 'is larger than 1 MiB');
    // Never more than it says it has: some files of the kernel say 0 and have no end.
    const data = readExactly(descriptor, found.size);
    if (data === null) return bad('unreadable', 'changed while it was read, or is no ordinary file');
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data) };
  } catch (error) {
    return error instanceof TypeError
      ? bad('not_text', 'is not UTF-8 text')
      : bad('unreadable', `cannot be read: ${reason(error)}`);
  } finally {
    closeSync(descriptor);
  }
}

function bad(code: HeadProblem['code'], message: string): Outcome & { ok: false } {
  return { ok: false, problem: { line: null, code, message } };
}

/** The change time too: a copy that keeps the modification time still changes it, and nobody can set it. */
function versionOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    // What is wrong with it is said when it is opened.
    return null;
  }
}

function reason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);
}
