// When a limit is lifted, where an agent tells it in words only.

/**
 * ms since the epoch, from "try again at 3:33 AM." (today) or "try again at May 18th, 2033 3:33 AM.", both in local time, or
 * from "try again in 17.2s"; null when the message has none of these. A minute is told without its seconds, so its end is
 * taken. `now` in ms since the epoch.
 */
export function untilInText(message: string, now: number): number | null {
  const span = /try again in ~?((?:\d+(?:\.\d+)?\s*[a-z]+[,\s]*)+)/i.exec(message)?.[1];
  if (span !== undefined) {
    const ms = spanMs(span);
    return ms === null ? null : now + ms;
  }
  const at =
    /try again at (?:([A-Z][a-z]{2}) (\d{1,2})(?:st|nd|rd|th), (\d{4}) )?(\d{1,2}):(\d{2}) ([AP])M/.exec(
      message,
    );
  if (at === null) return null;
  const [, month, day, year, hour, minute, half] = at;
  const date = new Date(now);
  if (month !== undefined) date.setFullYear(Number(year), months.indexOf(month), Number(day));
  date.setHours((Number(hour) % 12) + (half === 'P' ? 12 : 0), Number(minute), 0, 0);
  return date.getTime() + 60_000;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "17.2s", "6m0s", "2 days 3 hours" in ms; null for a unit that is none of these. */
function spanMs(span: string): number | null {
  let total = 0;
  for (const [, amount, unit] of span.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/gi)) {
    const ms = unitMs.find(([pattern]) => pattern.test(unit ?? ''))?.[1];
    if (ms === undefined) return null;
    total += Number(amount) * ms;
  }
  return Math.ceil(total);
}

const unitMs: readonly (readonly [RegExp, number])[] = [
  [/^(ms|milliseconds?)$/i, 1],
  [/^(s|secs?|seconds?)$/i, 1000],
  [/^(m|mins?|minutes?)$/i, 60_000],
  [/^(h|hours?)$/i, 3_600_000],
  [/^(d|days?)$/i, 86_400_000],
];
