// How text from outside gets into a log, or before a person.

const longest = 256;

/**
 * Text from outside, fit for a log that people and agents read: no control characters (also none of those that turn
 * the direction of writing), at most 256 characters. null for what is not there.
 */
export function loggable(text: string | undefined): string | null {
  if (text === undefined) return null;
  const visible = text.slice(0, longest + 1).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return visible.length > longest ? `${visible.slice(0, longest - 1)}…` : visible;
}
