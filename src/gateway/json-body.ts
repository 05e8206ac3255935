// Reading JSON from outside.

import { HomerError } from '../core/errors.ts';

/** Deeper nesting is nobody's request. */
const deepest = 64;

/**
 * The value of a JSON text in UTF-8; undefined for an empty one. Throws HOMER_INPUT_INVALID for what is no JSON, is
 * nested too deeply, has a text that is not Unicode, or a key that could reach a prototype.
 */
export function parseJsonBody(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid('The body is not JSON in UTF-8.', error);
  }
  // A list, not recursion: the depth is what is being checked.
  let level: object[] = isObject(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > deepest) throw invalid(`The body is nested deeper than ${deepest} levels.`);
    const next: object[] = [];
    for (const each of level) {
      if (Object.hasOwn(each, '__proto__')) throw invalid('The body has a key "__proto__".');
      for (const child of Object.values(each) as unknown[]) {
        if (isObject(child)) next.push(child);
        // JSON may escape half a surrogate pair; it would be stored as another text than the one that was sent.
        else if (typeof child === 'string' && !child.isWellFormed())
          throw invalid('The body has a text that is not Unicode: half a surrogate pair.');
      }
    }
    level = next;
  }
  return value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function invalid(detail: string, cause?: unknown): HomerError {
  return new HomerError('HOMER_INPUT_INVALID', detail, { cause });
}
