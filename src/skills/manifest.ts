// What the fields of a head mean to Homer.

import type { Field, HeadProblem, Requirements, SkillHead, WarningCode } from './skill.ts';
import { readInstallHints } from './install-hint.ts';
import { isMapping, listOf, own, stringOf } from './loose-value.ts';
import type { Mapping } from './loose-value.ts';

/** The blocks of metadata that Homer understands; the first that is there counts, alone. */
const blocks = ['homer', 'openclaw', 'clawdbot'] as const;
const longestName = 128;

export type ReadHead =
  { readonly ok: true; readonly head: SkillHead } | { readonly ok: false; readonly problem: HeadProblem };

/** `folder` names the skill when its head does not. What gates a skill must be right; hints that are odd are dropped. */
export function readManifest(fields: ReadonlyMap<string, Field>, folder: string): ReadHead {
  const name = textOf(fields.get('name')) ?? folder.trim();
  if (fields.get('name') !== undefined && isStructure(fields.get('name')))
    return failed(fields.get('name'), 'name_invalid', 'has a name that is not text');
  if (
    name === '' ||
    name.length > longestName ||
    /[\p{Cc}\p{Cf}\p{Cs}/\\]/u.test(name) ||
    name.startsWith('.')
  )
    return failed(
      fields.get('name'),
      'name_invalid',
      'has a name that is empty, long, hidden or holds a slash or control characters',
    );
  const description = textOf(fields.get('description'));
  if (description === null)
    return failed(fields.get('description'), 'description_missing', 'has no description');
  const metadata = fields.get('metadata');
  const found = findBlock(metadata?.value ?? null);
  if (typeof found === 'string') return failed(metadata, 'metadata_invalid', found);
  const requires = readRequirements(found);
  if (typeof requires === 'string') return failed(metadata, 'metadata_invalid', requires);
  const always = found['always'] ?? null;
  if (always !== null && flagOf(always) === null)
    return failed(metadata, 'metadata_invalid', 'has `always` that is neither true nor false');
  const head: SkillHead = {
    name,
    key: stringOf(found['skillKey']) ?? name,
    description,
    homepage: textOf(fields.get('homepage')) ?? stringOf(found['homepage']),
    always: flagOf(always) ?? false,
    userInvocable: flagOf(fields.get('user-invocable')?.value) ?? true,
    modelInvocable: !(flagOf(fields.get('disable-model-invocation')?.value) ?? false),
    primaryEnv: stringOf(found['primaryEnv']),
    requires,
    install: readInstallHints(found['install']),
  };
  return { ok: true, head };
}

/** The block that counts, `{}` without one, or what is wrong. */
function findBlock(metadata: unknown): Mapping | string {
  if (metadata === null) return {};
  if (!isMapping(metadata)) return 'has metadata that is not a mapping';
  for (const key of blocks) {
    const block = own(metadata, key);
    if (block === undefined || block === null) continue;
    return isMapping(block) ? block : `has \`metadata.${key}\` that is not a mapping`;
  }
  return {};
}

function readRequirements(block: Mapping): Requirements | string {
  const requires = own(block, 'requires') ?? {};
  if (!isMapping(requires)) return 'has `requires` that is not a mapping';
  const lists: Record<string, readonly string[]> = {};
  for (const kind of ['bins', 'anyBins', 'env', 'config', 'os'] as const) {
    const list = listOf(own(kind === 'os' ? block : requires, kind));
    if (list === null)
      return `has \`${kind === 'os' ? 'os' : `requires.${kind}`}\` that is not a list of names`;
    lists[kind] = list;
  }
  const { bins = [], anyBins = [], env = [], config = [], os = [] } = lists;
  return { bins, anyBins, env, config, os };
}

/** `true`, `yes`, `on`, `1` and their opposites, in any case; null: neither. */
function flagOf(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const text = String(value).trim().toLowerCase();
  if (['true', 'yes', 'on', '1'].includes(text)) return true;
  return ['false', 'no', 'off', '0'].includes(text) ? false : null;
}

function textOf(field: Field | undefined): string | null {
  return stringOf(field?.value);
}

function isStructure(field: Field | undefined): boolean {
  return typeof field?.value === 'object' && field.value !== null;
}

function failed(field: Field | undefined, code: WarningCode, message: string): ReadHead {
  return { ok: false, problem: { line: field?.line ?? 1, code, message } };
}
