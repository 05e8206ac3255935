// Ids are short enough to read out, sort by time, and never repeat after a restore.

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type JobId = Branded<'JobId'>;
export type RunId = Branded<'RunId'>;
export type Generation = Branded<'Generation'>;

// Crockford's base 32: no i, l, o or u, so that an id survives being read aloud.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** Random bytes an id takes; five bits of each are used. */
export const idRandomBytes = 10;

/** `prefix`, nine characters of time (ms, enough until the year 3084), ten of chance (50 bits). */
function newId(prefix: string, now: number, random: Uint8Array): string {
  let time = '';
  for (let rest = now, i = 0; i < 9; i++) {
    time = alphabet.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  let chance = '';
  for (let i = 0; i < idRandomBytes; i++) chance += alphabet.charAt((random[i] ?? 0) & 31);
  return prefix + time + chance;
}

export function newJobId(now: number, random: Uint8Array): JobId {
  return newId('j', now, random) as JobId;
}

export function newRunId(now: number, random: Uint8Array): RunId {
  return newId('r', now, random) as RunId;
}

const jobIdShape = /^j[0-9a-hjkmnp-tv-z]{19}$/;
const runIdShape = /^r[0-9a-hjkmnp-tv-z]{19}$/;

export function isJobId(text: string): text is JobId {
  return jobIdShape.test(text);
}

export function isRunId(text: string): text is RunId {
  return runIdShape.test(text);
}
