// Codes by which a person proves in a chat that they have the terminal: shown there, sent to the bot, good once and not for long.

import { createHash, randomInt, timingSafeEqual } from 'node:crypto';

export interface OfferedCode {
  /** Eight characters that survive being read aloud, in two groups. */
  readonly code: string;
  /** ms since the epoch */
  readonly expiresAt: number;
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const lifeMs = 10 * 60_000;
/** Wrong codes: of one person, and of all together, within ten minutes. */
const mostWrong = { ofOne: 5, ofAll: 30 };
const mostOpen = 8;

export class Pairing {
  #open: { readonly digest: Buffer; readonly expiresAt: number }[] = [];
  #wrong: { readonly person: string; readonly at: number }[] = [];

  offer(now: number): OfferedCode {
    const letters = Array.from({ length: 8 }, () => alphabet.charAt(randomInt(32))).join('');
    const expiresAt = now + lifeMs;
    this.#open = [
      ...this.#open.filter((each) => each.expiresAt > now),
      { digest: digestOf(letters), expiresAt },
    ].slice(-mostOpen);
    return { code: `${letters.slice(0, 4)}-${letters.slice(4)}`, expiresAt };
  }

  /** Whether a text looks like a code at all, so that nobody is counted as guessing for a greeting. */
  looksLikeCode(text: string): boolean {
    return /^[0-9a-z]{4}-?[0-9a-z]{4}$/i.test(text.trim());
  }

  /** `taken`: it was right and is used up; `refused`: this person, or everybody, has guessed too often. */
  take(text: string, person: string, now: number): 'taken' | 'wrong' | 'refused' {
    this.#wrong = this.#wrong.filter(({ at }) => at > now - lifeMs);
    const ofOne = this.#wrong.filter((each) => each.person === person).length;
    if (ofOne >= mostWrong.ofOne || this.#wrong.length >= mostWrong.ofAll) return 'refused';
    const digest = digestOf(text.trim().toLowerCase().replace('-', ''));
    let found = -1;
    this.#open.forEach((each, index) => {
      if (timingSafeEqual(each.digest, digest) && each.expiresAt > now) found = index;
    });
    if (found === -1) {
      this.#wrong.push({ person, at: now });
      return 'wrong';
    }
    this.#open.splice(found, 1);
    return 'taken';
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
