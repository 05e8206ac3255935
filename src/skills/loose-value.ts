// Values as strangers write them in metadata, taken for what they can only mean.

export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The mapping's own value; nothing that every object has. */
export function own(mapping: Mapping, key: string): unknown {
  return Object.hasOwn(mapping, key) ? mapping[key] : undefined;
}

/** The text without spaces around it; null for none and for anything else. */
export function stringOf(value: unknown): string | null {
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' ? null : text;
}

/** A list of names, or one text with commas between them; null: neither. */
export function listOf(value: unknown): readonly string[] | null {
  if (value === undefined || value === null) return [];
  const items: readonly unknown[] = typeof value === 'string' ? value.split(',') : (value as unknown[]);
  if (!Array.isArray(items)) return null;
  const names: string[] = [];
  for (const item of items) {
    if (typeof item !== 'string' && typeof item !== 'number') return null;
    const text = String(item).trim();
    if (text !== '' && !names.includes(text)) names.push(text);
  }
  return names;
}
