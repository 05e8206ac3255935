// A time in the past as people give it to an option.

import { HomerError } from '../core/errors.ts';
import { parseSpan } from '../core/span.ts';

/** `8h` ago, or a time such as `2026-12-24T18:00`; ms since the epoch. HOMER_USAGE. */
export function momentOf(text: string): number {
  const ms = parseSpan(text);
  const at = ms === null ? Date.parse(text) : Date.now() - ms;
  if (!Number.isNaN(at)) return at;
  throw new HomerError('HOMER_USAGE', `${JSON.stringify(text)} is no time.`, {
    hint: 'Give a span such as 8h or 2d, or a time such as 2026-12-24T18:00.',
  });
}
