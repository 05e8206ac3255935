// Places and values of the configuration as people write them on a command line.

import { parse } from 'yaml';
import { HomerError, messageOf } from '../core/errors.ts';
import { parseConfigText } from './document.ts';
import { isListAt } from './key-schema.ts';

export type ConfigPath = readonly [string | number, ...(string | number)[]];

/**
 * `lanes.work.concurrency`, `hosts.0`; a JSON list where a name has a dot in it: `["executors", "a.b", "argv"]`. Digits are a place
 * in a list where the text has one there, or has nothing and the schema wants one. HOMER_USAGE for what is no path.
 */
export function parsePath(named: string, text: string | null): ConfigPath {
  const parts = named.startsWith('[') ? listed(named) : named.split('.');
  const [first, ...rest] = parts;
  if (first === undefined || parts.some((part) => part === ''))
    throw new HomerError('HOMER_USAGE', `${JSON.stringify(named)} names no place in the configuration.`, {
      hint: 'Write it like lanes.work.concurrency, or as a JSON list: \'["lanes", "work"]\'.',
    });
  const path: [string | number, ...(string | number)[]] = [first];
  let within: unknown = childOf(valueOf(text), first);
  for (const part of rest) {
    const isList = Array.isArray(within) || (within === undefined && isListAt(path));
    const place = isList && /^\d{1,6}$/.test(String(part)) ? Number(part) : part;
    path.push(place);
    within = childOf(within, place);
  }
  return path;
}

/** What stands there; undefined: nothing. */
export function valueAt(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(childOf, value);
}

/** The text as a value; `{}` when it cannot be read. */
export function valueOf(text: string | null): unknown {
  return parseConfigText(text ?? '').value;
}

/** As it would be read in config.yaml: `3`, `true`, `30m`, `[a, b]`, `{concurrency: 2}`. HOMER_USAGE for what is no YAML. */
export function parseValue(given: string): unknown {
  if (given.trim() === '') return given;
  try {
    return parse(given, { stringKeys: true, maxAliasCount: 0, logLevel: 'error' }) as unknown;
  } catch (error) {
    throw new HomerError(
      'HOMER_USAGE',
      `The value cannot be read as YAML: ${messageOf(error).split('\n')[0]}`,
      {
        hint: `Put a text with signs in it in quotes of its own: '"${given.slice(0, 40)}"'.`,
        cause: error,
      },
    );
  }
}

function listed(named: string): readonly (string | number)[] {
  try {
    const list = JSON.parse(named) as unknown;
    const isPath = (each: unknown): each is string | number =>
      typeof each === 'string' || Number.isSafeInteger(each);
    return Array.isArray(list) && list.every(isPath) ? list : [];
  } catch {
    // Told as what it is: no path.
    return [];
  }
}

function childOf(value: unknown, part: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
  return (value as Record<string | number, unknown>)[part];
}
