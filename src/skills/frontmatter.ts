// The head of a SKILL.md: text between two lines of dashes, YAML as people write it, which is not always YAML.

import JSON5 from 'json5';
import { isAlias, isCollection, isMap, isScalar, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import { messageOf } from '../core/errors.ts';
import { readSimpleHead } from './simple-head.ts';
import type { Field, HeadProblem, WarningCode } from './skill.ts';

export type Frontmatter =
  | { readonly ok: true; readonly fields: ReadonlyMap<string, Field> }
  | { readonly ok: false; readonly problem: HeadProblem };

/** Characters. Descriptions have a thousand at most, and the largest heads seen five. */
/** What was read, and how much of it the YAML library was asked to read, in signs. */
export type ParsedHead = Frontmatter & { readonly effort: number };

const largestHead = 16 * 1024;
/**
 * Signs that may mean something to YAML. The library's work grows with their square (measured: 16 KiB of commas 0.7 s); prose
 * has one in thirty characters, JSON one in four.
 */
const mostSigns = 4_000;
/** Enough for every honest head; for each alias the library walks through the whole document. */
const mostAliases = 100;

/**
 * Reads the head of a SKILL.md. BOM and any line ends are taken. What is no YAML is read key by key, so that
 * `description: Use when: asked` means what its author meant. `metadata` may be JSON, JSON5 or YAML, written out or as
 * text. Never throws.
 */
export function parseFrontmatter(text: string): ParsedHead {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  if (lines[0]?.trimEnd() !== '---')
    return { ...failed(1, 'frontmatter_missing', 'does not begin with a line of three dashes'), effort: 0 };
  const end = lines.findIndex((line, index) => index > 0 && line.trimEnd() === '---');
  if (end === -1) {
    const message = 'has no second line of three dashes to end its head';
    return { ...failed(1, 'frontmatter_unterminated', message), effort: 0 };
  }
  const head = lines.slice(1, end);
  const block = head.join('\n');
  if (block.length > largestHead)
    return { ...failed(1, 'too_large', 'has a head of more than 16 KiB'), effort: 0 };
  const simple = readSimpleHead(head);
  return simple === null
    ? { ...readWithLibrary(head, block), effort: countSigns(block) }
    : { ok: true, fields: simple, effort: 0 };
}

function readWithLibrary(head: readonly string[], block: string): Frontmatter {
  try {
    return readWhole(block) ?? readByKey(head);
  } catch (error) {
    // The library recurses: what is nested a thousand times ends its stack.
    return failed(2, 'frontmatter_invalid', `cannot be read: ${oneLine(messageOf(error))}`);
  }
}

/** The head as one YAML document; null when it is none. */
function readWhole(block: string): Frontmatter | null {
  const document = parse(block);
  if (document.errors.length > 0) return null;
  const { contents } = document;
  const fields = new Map<string, Field>();
  if (contents === null || (isScalar(contents) && contents.value === null)) return { ok: true, fields };
  if (!isMap(contents))
    return failed(2, 'frontmatter_invalid', 'has a head that is not made of `key: value`');
  for (const { key, value } of contents.items) {
    const name = isScalar(key) ? String(key.value) : '';
    const line = lineOf(block, offsetOf(key));
    if (fields.has(name)) return failed(line, 'frontmatter_invalid', `gives ${quoted(name)} twice`);
    const read = readValue(name, value, block, document);
    if ('message' in read) return failed(line + read.line, 'metadata_invalid', read.message);
    fields.set(name, { line, value: read.value });
  }
  return { ok: true, fields };
}

type Read = { readonly value: unknown } | { readonly line: number; readonly message: string };

function readValue(name: string, written: unknown, block: string, document: Document): Read {
  const node = isAlias(written) ? written.resolve(document) : written;
  if (isScalar(node)) {
    const text = node.value === null ? null : (node.source ?? '');
    return name === 'metadata' && text !== null ? readMetadata(text) : { value: text };
  }
  if (!isCollection(node)) return { value: null };
  const source = block.slice(node.range?.[0] ?? 0, node.range?.[1] ?? 0);
  // `description:` with `Use when: asked` on the next line is a mapping to YAML and a sentence to its author.
  if (name === 'description' && isMap(node) && node.flow !== true) return { value: oneLine(source) };
  if (name === 'metadata' && node.flow === true) {
    // `{always:true}` is JSON5 to its author, and to YAML a key called "always:true".
    const loose = parseJson5(source);
    if ('value' in loose) return loose;
  }
  return { value: node.toJS(document, { maxAliasCount: mostAliases }) };
}

/** Metadata that stands as text: JSON5 when it begins with a brace, else YAML. */
function readMetadata(text: string): Read {
  if (text.trim() === '') return { value: null };
  if (text.trimStart().startsWith('{')) return parseJson5(text);
  const document = parse(text);
  const error = document.errors[0];
  if (error !== undefined)
    return { line: 0, message: `has metadata that is no YAML: ${oneLine(error.message)}` };
  return { value: document.toJS({ maxAliasCount: mostAliases }) as unknown };
}

function parseJson5(text: string): Read {
  try {
    // The library prints a warning about these two line ends when they stand in a string.
    return { value: JSON5.parse<unknown>(text.replace(/[\u2028\u2029]/g, ' ')) };
  } catch (error) {
    const at = (error as { readonly lineNumber?: unknown }).lineNumber;
    const message = `has metadata that is neither JSON5 nor YAML: ${oneLine(messageOf(error))}`;
    return { line: typeof at === 'number' ? at - 1 : 0, message };
  }
}

interface Chunk {
  readonly key: string;
  readonly line: number;
  readonly lines: readonly string[];
}

/** Each key by itself, for heads that are no YAML as a whole. */
function readByKey(head: readonly string[]): Frontmatter {
  const chunks = splitByKey(head);
  if ('problem' in chunks) return chunks;
  const fields = new Map<string, Field>();
  for (const { key, line, lines } of chunks.list) {
    if (fields.has(key)) return failed(line, 'frontmatter_invalid', `gives ${quoted(key)} twice`);
    const alone = readWhole(lines.join('\n'));
    const field = alone !== null && alone.ok ? alone.fields.get(key) : undefined;
    if (field !== undefined) {
      fields.set(key, { line, value: field.value });
      continue;
    }
    if (alone !== null && !alone.ok) {
      const { problem } = alone;
      return failed(line + problem.line - 2, problem.code, problem.message);
    }
    // Comments below a key belong to nobody; in JSON5 they look otherwise.
    const [first = '', ...rest] = lines.filter((text) => !text.startsWith('#'));
    const value = [first.slice(first.indexOf(':') + 1), ...rest].join('\n');
    if (key === 'metadata') {
      const loose = parseJson5(value);
      if ('message' in loose) return failed(line + loose.line, 'metadata_invalid', loose.message);
      fields.set(key, { line, value: loose.value });
    } else if (isSentence(key, value.trim())) {
      fields.set(key, { line, value: oneLine(value) });
    } else {
      const why = parse(lines.join('\n')).errors[0]?.message ?? '';
      return failed(
        line,
        'frontmatter_invalid',
        `has ${quoted(key)} in a form that is no YAML: ${oneLine(why)}`,
      );
    }
  }
  return { ok: true, fields };
}

function splitByKey(head: readonly string[]): { list: Chunk[] } | (Frontmatter & { ok: false }) {
  const list: { key: string; line: number; lines: string[] }[] = [];
  for (const [index, text] of head.entries()) {
    const key = /^([A-Za-z_][\w.-]*)[ \t]*:(?:[ \t]|$)/.exec(text)?.[1];
    const last = list.at(-1);
    if (key !== undefined) list.push({ key, line: index + 2, lines: [text] });
    else if (text.trim() === '' || text.startsWith('#')) last?.lines.push(text);
    // Lists may stand below their key without being indented, and so may closing brackets.
    else if (last !== undefined && /^(?:[ \t]|- |-$|[}\]])/.test(text)) last.lines.push(text);
    else return failed(index + 2, 'frontmatter_invalid', 'has a line in its head that is not `key: value`');
  }
  return { list };
}

const read = new Set(['name', 'description', 'homepage', 'user-invocable', 'disable-model-invocation']);

/** Whether it can only be meant as plain text: `Use when: asked`, `@team`, `"Quoted" at first`. */
function isSentence(key: string, value: string): boolean {
  if (value.includes('\n') && key !== 'description') return false;
  if (/^[|>]/.test(value)) return false;
  if (/^["']/.test(value)) return value.indexOf(value.charAt(0), 1) > 0;
  if (/^[[{]/.test(value)) return !read.has(key) && /[\]}]$/.test(value);
  return value !== '';
}

function countSigns(text: string): number {
  return text.match(/[[\]{},:&*!"'?#%|>\n-]/g)?.length ?? 0;
}

/** Throws for what would take the library long. */
function parse(text: string): Document.Parsed {
  if (countSigns(text) > mostSigns) throw new Error(`it has more than ${mostSigns} signs of YAML`);
  const document = parseDocument(text, {
    prettyErrors: false,
    stringKeys: true,
    // Quadratic in the library; readWhole looks for keys given twice by itself.
    uniqueKeys: false,
    strict: true,
    logLevel: 'error',
  });
  let aliases = 0;
  let anchors = 0;
  visit(document, {
    Alias() {
      aliases++;
    },
    Value(_, node) {
      if (node.anchor !== undefined) anchors++;
    },
  });
  if (aliases > mostAliases || anchors > mostAliases)
    throw new Error(`it has more than ${mostAliases} anchors or aliases`);
  return document;
}

function failed(line: number, code: WarningCode, message: string): Frontmatter & { ok: false } {
  return { ok: false, problem: { line, code, message } };
}

/** Of the file: the first line of the block is the second of the file. */
function lineOf(block: string, offset: number): number {
  let line = 2;
  for (let at = block.indexOf('\n'); at !== -1 && at < offset; at = block.indexOf('\n', at + 1)) line++;
  return line;
}

function offsetOf(node: unknown): number {
  return isScalar(node) ? (node.range?.[0] ?? 0) : 0;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
