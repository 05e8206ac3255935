// The quick way through a head that means the same to everybody: one `key: plain text` per line and metadata in strict
// JSON. The YAML library takes 0.1–0.2 ms for each file until it is warm, which is most of a cold start with a thousand.

import type { Field } from './skill.ts';

// Nothing in it means anything to YAML: no indicator at the beginning, no colon before a space, no comment.
const plain = /^[A-Za-z0-9(][^:#\t]*$/;
const quotedText = /^"([^"\\]*)"$|^'([^']*)'$/;
const nothing = /^(?:null|~)$/i;

/** The fields, as the YAML library would give them; null when that library has to be asked. */
export function readSimpleHead(head: readonly string[]): ReadonlyMap<string, Field> | null {
  const fields = new Map<string, Field>();
  for (let index = 0; index < head.length; index++) {
    const [, key = '', rest = ''] = /^([A-Za-z][A-Za-z0-9_-]*):(?: +(.*))?$/.exec(head[index] ?? '') ?? [];
    const text = rest.trimEnd();
    if (key === '' || fields.has(key)) return null;
    const line = index + 2;
    const following = head[index + 1] ?? '';
    if (key === 'metadata') {
      const below: string[] = [];
      while (head[index + 1]?.startsWith(' ') === true) below.push(head[++index] ?? '');
      const json = parseJson([text, ...below].join('\n'));
      if (json === null) return null;
      fields.set(key, { line, value: json });
    } else if (following !== '' && !/^[A-Za-z]/.test(following)) {
      // A value that goes on below, a list, a comment.
      return null;
    } else if (plain.test(text) && !nothing.test(text)) {
      fields.set(key, { line, value: text });
    } else {
      const inside = quotedText.exec(text);
      if (inside === null) return null;
      fields.set(key, { line, value: inside[1] ?? inside[2] ?? '' });
    }
  }
  return fields;
}

function parseJson(text: string): object | null {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    return JSON.parse(text) as object;
  } catch {
    // It may still be JSON5 or YAML, which the caller finds out.
    return null;
  }
}
