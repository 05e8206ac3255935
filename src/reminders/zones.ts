// Time zones as people name them: by city, by IANA name, or by a usual abbreviation.

import { isTimeZone } from '../core/wall-clock.ts';

const abbreviations: Readonly<Record<string, string>> = {
  utc: 'UTC',
  gmt: 'UTC',
  cet: 'Europe/Berlin',
  cest: 'Europe/Berlin',
  et: 'America/New_York',
  est: 'America/New_York',
  edt: 'America/New_York',
  pt: 'America/Los_Angeles',
  pst: 'America/Los_Angeles',
  pdt: 'America/Los_Angeles',
};

/** Cities that have no zone of their own name, and what regions call their time. */
const others: Readonly<Record<string, string>> = {
  'san francisco': 'America/Los_Angeles',
  seattle: 'America/Los_Angeles',
  boston: 'America/New_York',
  washington: 'America/New_York',
  munich: 'Europe/Berlin',
  hamburg: 'Europe/Berlin',
  frankfurt: 'Europe/Berlin',
  cologne: 'Europe/Berlin',
  geneva: 'Europe/Zurich',
  milan: 'Europe/Rome',
  barcelona: 'Europe/Madrid',
  mumbai: 'Asia/Kolkata',
  delhi: 'Asia/Kolkata',
  bangalore: 'Asia/Kolkata',
  beijing: 'Asia/Shanghai',
  osaka: 'Asia/Tokyo',
  uk: 'Europe/London',
  eastern: 'America/New_York',
  central: 'America/Chicago',
  mountain: 'America/Denver',
  pacific: 'America/Los_Angeles',
};

let cities: ReadonlyMap<string, string> | null = null;

/** Every zone of this Node by its last part: `new york` → `America/New_York`. */
function cityZones(): ReadonlyMap<string, string> {
  if (cities !== null) return cities;
  const found = new Map<string, string>();
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    const city = (zone.split('/').at(-1) ?? '').replaceAll('_', ' ').toLowerCase();
    if (!found.has(city)) found.set(city, zone);
  }
  for (const [name, zone] of Object.entries(others)) found.set(name, zone);
  cities = found;
  return found;
}

export type FoundZone =
  | { readonly is: 'zone'; readonly zone: string; readonly length: number }
  /** It reads as a zone, and there is none of this name. */
  | { readonly is: 'unknown'; readonly name: string };

/** A zone at the beginning of the text, also in brackets as Homer tells it; null: something else stands there. */
export function readZone(text: string): FoundZone | null {
  const inBrackets = /^\(([A-Za-z][A-Za-z0-9_+/-]{0,63})\)/.exec(text);
  if (inBrackets !== null) {
    const [all, name = ''] = inBrackets;
    const zone = abbreviations[name.toLowerCase()] ?? properName(name);
    return zone === null ? null : { is: 'zone', zone, length: all.length };
  }
  const iana = /^(?:in )?([A-Za-z]+\/[A-Za-z_]+(?:[/-][A-Za-z_]+)?)(?![\p{L}\p{N}/])/u.exec(text);
  if (iana !== null) {
    const [all, name = ''] = iana;
    const zone = properName(name);
    return zone === null ? { is: 'unknown', name } : { is: 'zone', zone, length: all.length };
  }
  const short = /^(?:in )?([a-z]{2,4})(?![\p{L}\p{N}])(?: time\b)?/iu.exec(text);
  const known = short === null ? undefined : abbreviations[(short[1] ?? '').toLowerCase()];
  // `et` and `pt` in lower case are other words.
  if (
    short !== null &&
    known !== undefined &&
    (short[1] === short[1]?.toUpperCase() || (short[1] ?? '').length > 2)
  )
    return { is: 'zone', zone: known, length: short[0].length };
  for (const words of [1, 2, 3]) {
    const named = new RegExp(
      `^(?:in )?(\\p{L}+(?:[ -]\\p{L}+){${words - 1}}) time(?![\\p{L}\\p{N}])`,
      'iu',
    ).exec(text);
    if (named === null) continue;
    const [all, name = ''] = named;
    const zone = cityZones().get(name.toLowerCase());
    if (zone !== undefined) return { is: 'zone', zone, length: all.length };
    if (/^\p{Lu}/u.test(name)) return { is: 'unknown', name };
  }
  return null;
}

/** `europe/berlin` → `Europe/Berlin`. */
function properName(name: string): string | null {
  if (!isTimeZone(name)) return null;
  const lower = name.toLowerCase();
  return Intl.supportedValuesOf('timeZone').find((zone) => zone.toLowerCase() === lower) ?? name;
}
