// The configuration as it may be shown to whoever may look, though not see what it holds.

import { speaksOfSecret } from './run-variables.ts';
import { isSecretPlace } from './secret-place.ts';

const hidden = '[hidden]';

/**
 * A plain copy, of the configuration or of what its file says, without secrets: those written as text, whatever stands under a key or behind a flag whose name speaks of one,
 * and what `redact` knows by its value.
 */
export function showConfig(config: unknown, redact: Redact = (text) => text): unknown {
  return shown(JSON.parse(JSON.stringify(config)), [], redact);
}

type Redact = (text: string) => string;

function shown(value: unknown, path: readonly string[], redact: Redact): unknown {
  if (typeof value === 'string') return isHidden(path) ? hidden : withoutPassword(redact(value));
  if (Array.isArray(value)) return shownList(value, path, redact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, shown(each, [...path, name], redact)]),
  );
}

/** Most lists are the arguments of a program. */
function shownList(values: readonly unknown[], path: readonly string[], redact: Redact): unknown[] {
  return values.map((each, index) => {
    if (typeof each !== 'string' || isHidden(path)) return shown(each, path, redact);
    const before = values[index - 1];
    const isGiven = isFlag(before) && isSecret(before) && !each.startsWith('-') && !each.includes('{prompt}');
    return isGiven ? hidden : withoutPassword(hideGiven(redact(each)));
  });
}

/**
 * In the file a secret stands as text at its place; in what is made of it secrets are the only `text`. Names further up are
 * those of executors or lanes, but for the `config` of skills, of which nothing is known.
 */
function isHidden(path: readonly string[]): boolean {
  const free = path.indexOf('config');
  const names = free === -1 ? path.slice(-1) : path.slice(free);
  return path.at(-1) === 'text' || isSecretPlace(path) || names.some(isSecret);
}

/** `maxTokens` counts. */
const isSecret = (name: string): boolean => speaksOfSecret(name) && !/tokens$/i.test(name);

const isFlag = (value: unknown): value is string => typeof value === 'string' && /^--?[\w-]+$/.test(value);

/** `NAME=…` and `--flag …`, wherever in an argument they stand. */
const given =
  /(-{0,2}\b[\w-]*(?:KEY|TOKEN(?!S)|SECRET|PASSW|CREDENTIAL|AUTH)[\w-]*=|(?<=^|\s)--?[\w-]*(?:KEY|TOKEN(?!S)|SECRET|PASSW|CREDENTIAL|AUTH)[\w-]*\s+)("[^"]*"|'[^']*'|[^\s"'&]+)/gi;
const header = /\b([\w-]*(?:KEY|TOKEN|SECRET|AUTH)[\w-]*|cookie):[ \t]*[^\s"'][^"'\r\n]*/gi;

function hideGiven(argument: string): string {
  return argument.replace(header, `$1: ${hidden}`).replace(given, `$1${hidden}`);
}

/** That of an address. */
function withoutPassword(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]+@/gi, `$1:${hidden}@`);
}
