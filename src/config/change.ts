// Changes of config.yaml by a program: its comments, order and spacing stay a person's own.

import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { isCollection, isSeq, parseDocument, type Document } from 'yaml';
import { HomerError, messageOf } from '../core/errors.ts';
import { findExcess } from './yaml-bounds.ts';

export interface ConfigChange {
  /** Keys, and places in lists, from the top. */
  readonly path: readonly (string | number)[];
  /** Any JSON value; undefined takes away what is there. */
  readonly value?: unknown;
}

/** The text with the changes made, one after the other. HOMER_INPUT_INVALID for one that has no place in it. */
export function changeText(text: string | null, changes: readonly ConfigChange[]): string {
  const excess = findExcess(text ?? '');
  // As when it is read: the library's own look for keys that are given twice takes the square of their number.
  const document = parseDocument(excess === null ? (text ?? '') : '', {
    stringKeys: true,
    uniqueKeys: false,
    logLevel: 'error',
  });
  if (excess !== null || document.errors.length > 0)
    throw new HomerError(
      'HOMER_CONFIG_INVALID',
      'config.yaml cannot be read as YAML, so nothing in it can be changed.',
    );
  for (const { path, value } of changes) {
    const tooMuch = value === undefined ? null : findExcess(JSON.stringify(value));
    if (tooMuch !== null)
      throw new HomerError('HOMER_INPUT_INVALID', `The value for ${path.join('.')} ${tooMuch}.`);
    if (value !== undefined) requireNoGap(document, path);
    try {
      if (value === undefined) document.deleteIn(path);
      else if (document.contents === null)
        document.contents = document.createNode(nested(path, value)) as never;
      else document.setIn(path, document.createNode(value));
    } catch (error) {
      // Something on the way is no mapping or list.
      throw new HomerError('HOMER_INPUT_INVALID', `${path.join('.')} cannot be set: ${messageOf(error)}.`, {
        cause: error,
      });
    }
  }
  const isEmpty = isCollection(document.contents) && document.contents.items.length === 0;
  // An empty mapping would be written as `{}`, and a comment that follows it could not be kept.
  if (isEmpty) document.contents = null;
  return document.toString({ lineWidth: 0 });
}

/** What has the value at this path, and nothing else. */
function nested(path: ConfigChange['path'], value: unknown): unknown {
  return path.reduceRight<unknown>(
    (inner, key) => (typeof key === 'number' ? [inner] : { [key]: inner }),
    value,
  );
}

/** A list takes one more entry after its last, and none further on. */
function requireNoGap(document: Document, path: ConfigChange['path']): void {
  for (const [depth, key] of path.entries()) {
    if (typeof key !== 'number') continue;
    const list = path.slice(0, depth);
    const node = document.getIn(list, true);
    const entries = isSeq(node) ? node.items.length : 0;
    if (key > entries && (node === undefined || isSeq(node)))
      throw new HomerError(
        'HOMER_INPUT_INVALID',
        `${path.join('.')} cannot be set: the next entry of ${list.join('.')} is ${entries}.`,
      );
  }
}

/** Puts the text in the place of a file, whole or not at all, for its owner only. A link stays, and what it leads to is replaced. */
export function replaceFile(path: string, text: string): void {
  const target = whereItLeads(path);
  const temporary = `${target}.${process.pid}.new`;
  rmSync(temporary, { force: true });
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, target);
  const directory = openSync(dirname(target), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function whereItLeads(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // There is none yet.
    return path;
  }
}
