// Reading what a foreign program wrote: every field may be missing or of another type.

export type Fields = Readonly<Record<string, unknown>>;

/** More levels than anything an agent means; some thousand end whoever walks through them. */
const deepest = 256;

/** The object a line of JSON holds; null when it is not JSON, not an object, or nested beyond reason. */
export function parseFields(line: string): Fields | null {
  if (isTooDeep(line)) return null;
  try {
    return fieldsOf(JSON.parse(line));
  } catch {
    // Not JSON: the caller treats the line as plain text, which is all there is to say about it.
    return null;
  }
}

function isTooDeep(line: string): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < line.length; at++) {
    const character = line.charCodeAt(at);
    // A backslash takes the character after it along.
    if (isText && character === 0x5c) at += 1;
    else if (character === 0x22) isText = !isText;
    else if (isText) continue;
    else if (character === 0x7b || character === 0x5b) {
      depth += 1;
      if (depth > deepest) return true;
    } else if (character === 0x7d || character === 0x5d) depth -= 1;
  }
  return false;
}

export function fieldsOf(value: unknown): Fields | null {
  return isFields(value) ? value : null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

export function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** The items of a list that are objects; empty when it is no list. */
export function itemsOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** The items of a list that are texts; empty when it is no list. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
