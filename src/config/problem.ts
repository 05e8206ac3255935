// What is wrong with the configuration, in sentences a person can act on.

import type { core } from 'zod';
import { parseSpan } from '../core/span.ts';
import { nearest } from './nearest.ts';
import { isSecretPlace } from './secret-place.ts';

/** One thing to mend, or (as a warning) to think about. */
export interface ConfigProblem {
  /** `config.yaml`, or the name of the environment variable. */
  readonly file: string;
  /** Counted from 1; null where there is no line, as in an environment variable. */
  readonly line: number | null;
  readonly column: number | null;
  /** `lanes.work.rate`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** `config.yaml:12:5 lanes.work.rate: "fast" is not a rate like "30/1m"` */
export function formatProblem(problem: ConfigProblem): string {
  const place =
    problem.line === null ? problem.file : `${problem.file}:${problem.line}:${problem.column ?? 1}`;
  return problem.path === ''
    ? `${place}: ${problem.message}`
    : `${place} ${problem.path}: ${problem.message}`;
}

/** A problem before its line is known: the path in the document, and whether the key or its value is meant. */
export interface Finding {
  readonly path: readonly PropertyKey[];
  readonly at: 'key' | 'value';
  readonly message: string;
}

/** Turns one zod issue into findings; `root` is the value that was validated. */
export function describeIssue(issue: core.$ZodIssue, root: unknown): readonly Finding[] {
  const path = issue.path;
  const value = valueAt(root, path);
  const here = (message: string, at: Finding['at'] = 'value'): Finding[] => [{ path, at, message }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        at: 'key',
        message: withNearest(key, issue.message),
      }));
    case 'invalid_type':
      if (value === undefined) return here('is missing');
      return here(
        `${show(value, path)} is not ${nouns[issue.expected] ?? issue.expected}${unitOf(value, path)}`,
      );
    case 'invalid_value':
      if (value === undefined) return here('is missing');
      return here(notOneOf(value, path, issue.values));
    case 'invalid_union':
      if (issue.discriminator === undefined) return here(issue.message);
      return here(
        value === undefined ? `is missing; ${issue.message}` : notOneOf(value, path, [], issue.message),
      );
    case 'invalid_key':
      return here(`${show(path.at(-1), [])} ${issue.issues[0]?.message ?? 'is not a name'}`, 'key');
    case 'too_small':
    case 'too_big':
      return here(`${show(value, path)} ${bound(issue)}`);
    default:
      return here(`${show(value, path)} ${issue.message}`);
  }
}

const nouns: Readonly<Record<string, string>> = {
  string: 'text (put it in quotes)',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
};

/** What the mappings of schema.ts say of a key: they name those they know. */
function withNearest(key: string, message: string): string {
  const [, known = ''] = message.split('known here: ');
  const meant = nearest(key, known.split(', '));
  return meant === null ? message : `${message}; did you mean ${meant}?`;
}

/** Elsewhere "30m" is how a time is written. */
function unitOf(value: unknown, path: readonly PropertyKey[]): string {
  if (typeof value !== 'string' || !String(path.at(-1)).endsWith('Ms')) return '';
  return ` of milliseconds, such as ${parseSpan(value) ?? 1_800_000}`;
}

function notOneOf(
  value: unknown,
  path: readonly PropertyKey[],
  values: readonly unknown[],
  choices = `it must be ${values.map((each) => JSON.stringify(each)).join(' or ')}`,
): string {
  return `${show(value, path)} is not possible; ${choices}`;
}

function bound(issue: core.$ZodIssueTooSmall | core.$ZodIssueTooBig): string {
  const [word, limit] =
    issue.code === 'too_small' ? ['less', String(issue.minimum)] : ['more', String(issue.maximum)];
  if (issue.origin === 'array' || issue.origin === 'string')
    return issue.code === 'too_small' && limit === '1'
      ? 'is empty'
      : `has ${word} than ${limit} ${issue.origin === 'array' ? 'entries' : 'characters'}`;
  const inclusive = issue.inclusive ?? true;
  return issue.code === 'too_small'
    ? `is too small; it must be ${inclusive ? 'at least' : 'more than'} ${limit}`
    : `is too large; it must be ${inclusive ? 'at most' : 'less than'} ${limit}`;
}

/** A value for a sentence: short, on one line, and never one that may be a secret. */
function show(value: unknown, path: readonly PropertyKey[]): string {
  if (isSecret(path)) return 'the value';
  if (Array.isArray(value)) return value.length === 0 ? 'the list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}

/** At or below the place of a secret, or in the `config` of a skill's entry, of which nothing is known. */
function isSecret(path: readonly PropertyKey[]): boolean {
  if (path.some((_key, index) => isSecretPlace(path.slice(0, index + 1)))) return true;
  return path[0] === 'skills' && path[1] === 'entries' && path[3] === 'config' && path.length > 4;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
