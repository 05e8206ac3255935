// A length of time as people write it.

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads "90s", "30m", "2h" or "1d" as milliseconds; null when the text is none of these, or nothing. */
export function parseSpan(text: string): number | null {
  const [, digits = '', unit = ''] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(digits) * (unitMs[unit] ?? 0);
  return ms > 0 ? ms : null;
}
