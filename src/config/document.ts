// config.yaml from disk: its text, its value, and where in it each key and value stands.

import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlias, isMap, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, YAMLError } from 'yaml';
import { messageOf } from '../core/errors.ts';
import type { ConfigProblem, Finding } from './problem.ts';
import { findExcess } from './yaml-bounds.ts';

export const configFile = 'config.yaml';

const largestBytes = 1024 * 1024;
/** Enough for every honest use; a document that expands further is built to exhaust memory. */
const mostAliases = 100;
const mostBadKeys = 100;

export interface ConfigText {
  /** null: there is no file, which is fine. */
  readonly text: string | null;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
  /** What its problems are said to be in; left out: config.yaml. */
  readonly file?: string;
}

/** Reads `home/config.yaml`. Does not throw: what is wrong with the file is in `problems`. */
export function readConfigText(home: string): ConfigText {
  const path = join(home, configFile);
  const failed = (message: string): ConfigText => ({ text: null, problems: [whole(message)], warnings: [] });
  let descriptor: number;
  try {
    // Non-blocking: a pipe in the file's place must not hold up the start.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error) && !linkExists(path)) return { text: null, problems: [], warnings: [] };
    return failed(
      isMissing(error) ? 'is a link to a file that does not exist' : `cannot be read: ${reason(error)}`,
    );
  }
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) return failed('is not a file');
    if (found.size > largestBytes) return failed('is larger than 1 MiB');
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor));
    const open = (found.mode & 0o022) !== 0;
    const warnings = open
      ? [whole('can be changed by other users; it names programs to run (chmod 600)')]
      : [];
    return { text, problems: [], warnings };
  } catch (error) {
    return failed(error instanceof TypeError ? 'is not UTF-8 text' : `cannot be read: ${reason(error)}`);
  } finally {
    closeSync(descriptor);
  }
}

export interface ConfigDocument {
  /** Plain data; `{}` for an empty file. */
  readonly value: unknown;
  /** What is wrong with it as YAML, whatever it says. */
  readonly problems: readonly ConfigProblem[];
  /** false: it is no YAML, or YAML that cannot be trusted, and `value` is of no use. */
  readonly isReadable: boolean;
  /** Gives a finding its line: that of the key or value it names, or of what should have held it. */
  locate(finding: Finding): ConfigProblem;
}

/** Parses the text as YAML 1.2 with unique, textual keys. Does not throw. `file`: what problems are said to be in. */
export function parseConfigText(text: string, file: string = configFile): ConfigDocument {
  const excess = findExcess(text);
  if (excess !== null)
    return {
      value: {},
      problems: [whole(excess, file)],
      isReadable: false,
      locate: () => whole(excess, file),
    };
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // badKeys does this in linear time; the library's own check takes 38 s for 60 000 keys.
    uniqueKeys: false,
    strict: true,
    // 'silent' would also be silent about a second document.
    logLevel: 'error',
  });
  const at = (offset: number, path: string, message: string): ConfigProblem => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col), path, message };
  };
  const locate = (finding: Finding): ConfigProblem =>
    at(offsetOf(document, finding), finding.path.map(String).join('.'), finding.message);
  const problems = tell([...document.errors, ...document.warnings]).map(({ offset, message }) =>
    at(offset, '', message),
  );
  if (problems.length > 0) return { value: {}, problems, isReadable: false, locate };
  for (const { offset, message } of badKeys(document)) problems.push(at(offset, '', message));
  try {
    const value: unknown = document.toJS({ maxAliasCount: mostAliases });
    return { value: value ?? {}, problems, isReadable: true, locate };
  } catch (error) {
    // toJS throws for too many or unknown aliases, and where nesting overflows the stack.
    problems.push(at(0, '', oneLine(messageOf(error))));
    return { value: {}, problems, isReadable: false, locate };
  }
}

/** Keys given twice, and the one that validation would pass over, so that it would be taken without a word. */
function badKeys(document: Document.Parsed): readonly { offset: number; message: string }[] {
  const bad: { offset: number; message: string }[] = [];
  visit(document, {
    Map: (_key, map) => {
      if (bad.length >= mostBadKeys) return visit.BREAK;
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const text = keyText(key);
        const shown = JSON.stringify(text.slice(0, 40));
        if (text === '__proto__') bad.push({ offset: start(key) ?? 0, message: `${shown} is not a name` });
        else if (seen.has(text))
          bad.push({ offset: start(key) ?? 0, message: `${shown} was given before in the same mapping` });
        if (bad.length >= mostBadKeys) return visit.BREAK;
        seen.add(text);
      }
      return undefined;
    },
  });
  return bad;
}

/** One error of the parser often leads to many others at its heels: one for each line is enough. */
function tell(errors: readonly YAMLError[]): readonly { offset: number; message: string }[] {
  const told = new Map<string, { offset: number; message: string }>();
  for (const error of errors) {
    const message = sentences[error.code] ?? oneLine(error.message);
    if (!told.has(message)) told.set(message, { offset: error.pos[0], message });
  }
  return [...told.values()];
}

const sentences: Readonly<Record<string, string>> = {
  RESOURCE_EXHAUSTION: 'is nested too deeply',
  NON_STRING_KEY: 'keys must be text',
  MULTIPLE_DOCS: 'only one document may stand in the file',
};

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function offsetOf(document: Document.Parsed, finding: Finding): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const [depth, key] of finding.path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    const last = depth === finding.path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((each) => keyText(each.key) === String(key));
      if (pair === undefined) return offset;
      const keyStart = start(pair.key) ?? offset;
      offset = last && finding.at === 'key' ? keyStart : (start(pair.value) ?? keyStart);
      // What is missing is looked for at the key of the mapping that should hold it, not at its first child.
      if (!last && isMap(pair.value) && !pair.value.flow) offset = keyStart;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      offset = start(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function keyText(key: unknown): string {
  return typeof key === 'object' && key !== null && 'value' in key ? String(key.value) : String(key);
}

function start(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined;
  const range = node.range as readonly number[] | null | undefined;
  return range?.[0];
}

function whole(message: string, file: string = configFile): ConfigProblem {
  return { file, line: null, column: null, path: '', message };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function linkExists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function reason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);
}
