// Ids are short enough to read out, sort by time, and never repeat after a restore.

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type JobId = Branded<'JobId'>;
export type RunId = Branded<'RunId'>;
export type ApprovalId = Branded<'ApprovalId'>;
export type SessionId = Branded<'SessionId'>;
export type DeliveryId = Branded<'DeliveryId'>;
export type QuestionId = Branded<'QuestionId'>;
export type ScheduleId = Branded<'ScheduleId'>;
export type TokenId = Branded<'TokenId'>;
export type Generation = Branded<'Generation'>;

// Crockford's base 32: no i, l, o or u, so that an id survives being read aloud.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** Random bytes an id takes; five bits of each are used. */
export const idRandomBytes = 10;

/** Nine characters, ms since the epoch: enough until the year 3084. */
function timeText(at: number): string {
  let time = '';
  for (let rest = at, i = 0; i < 9; i++) {
    time = alphabet.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  return time;
}

/** `prefix`, nine characters of time, ten of chance (50 bits). */
function newId(prefix: string, now: number, random: Uint8Array): string {
  let chance = '';
  for (let i = 0; i < idRandomBytes; i++) chance += alphabet.charAt((random[i] ?? 0) & 31);
  return prefix + timeText(now) + chance;
}

/**
 * Chance for ids, drawn afresh for each millisecond and counted up within one, so that ids sort in the order in which
 * they were made and their rows lie side by side. `fill` puts random bytes into what it is given.
 */
export function createChance(fill: (bytes: Uint8Array) => unknown): (now: number) => Uint8Array {
  const bytes = new Uint8Array(idRandomBytes);
  let drawnAt = Number.NaN;
  return (now) => {
    if (now !== drawnAt) {
      drawnAt = now;
      fill(bytes);
      return bytes;
    }
    for (let i = idRandomBytes - 1; i >= 0; i--) {
      const digit = ((bytes[i] ?? 0) + 1) & 31;
      bytes[i] = digit;
      if (digit !== 0) break;
    }
    return bytes;
  };
}

export function newJobId(now: number, random: Uint8Array): JobId {
  return newId('j', now, random) as JobId;
}

export function newRunId(now: number, random: Uint8Array): RunId {
  return newId('r', now, random) as RunId;
}

export function newApprovalId(now: number, random: Uint8Array): ApprovalId {
  return newId('a', now, random) as ApprovalId;
}

export function newSessionId(now: number, random: Uint8Array): SessionId {
  return newId('s', now, random) as SessionId;
}

export function newDeliveryId(now: number, random: Uint8Array): DeliveryId {
  return newId('d', now, random) as DeliveryId;
}

export function newScheduleId(now: number, random: Uint8Array): ScheduleId {
  return newId('c', now, random) as ScheduleId;
}

export function newQuestionId(now: number, random: Uint8Array): QuestionId {
  return newId('q', now, random) as QuestionId;
}

export function newTokenId(now: number, random: Uint8Array): TokenId {
  return newId('t', now, random) as TokenId;
}

/** Sorts before every id of a run that was made at `at` or later, and after every earlier one. */
export function runIdsFrom(at: number): string {
  return 'r' + timeText(at);
}

const jobIdShape = /^j[0-9a-hjkmnp-tv-z]{19}$/;
const runIdShape = /^r[0-9a-hjkmnp-tv-z]{19}$/;
const approvalIdShape = /^a[0-9a-hjkmnp-tv-z]{19}$/;
const sessionIdShape = /^s[0-9a-hjkmnp-tv-z]{19}$/;
const deliveryIdShape = /^d[0-9a-hjkmnp-tv-z]{19}$/;
const scheduleIdShape = /^c[0-9a-hjkmnp-tv-z]{19}$/;
const questionIdShape = /^q[0-9a-hjkmnp-tv-z]{19}$/;
const tokenIdShape = /^t[0-9a-hjkmnp-tv-z]{19}$/;

export function isJobId(text: string): text is JobId {
  return jobIdShape.test(text);
}

export function isRunId(text: string): text is RunId {
  return runIdShape.test(text);
}

export function isApprovalId(text: string): text is ApprovalId {
  return approvalIdShape.test(text);
}

export function isSessionId(text: string): text is SessionId {
  return sessionIdShape.test(text);
}

export function isQuestionId(text: string): text is QuestionId {
  return questionIdShape.test(text);
}

export function isDeliveryId(text: string): text is DeliveryId {
  return deliveryIdShape.test(text);
}

export function isScheduleId(text: string): text is ScheduleId {
  return scheduleIdShape.test(text);
}

export function isTokenId(text: string): text is TokenId {
  return tokenIdShape.test(text);
}
