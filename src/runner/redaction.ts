// Secrets are taken out by value before anything is written. Values of less than six characters are not: they would
// turn up by chance in ordinary text, and a secret that short protects nothing.

import type { AgentEvent } from '../core/agent.ts';
import { beginsOwnToken, longestOwnToken, ownToken } from '../core/own-token.ts';
import type { RunnerEvent } from './files.ts';

export const redacted = '[redacted]';
const shortestSecret = 6;

export interface Redactor {
  text(text: string): string;
  /** A copy with every string in it redacted, keys too. */
  value<Value>(value: Value): Value;
  /**
   * Redacts a text of which more may come: `held` is its end as it came, which may be the beginning of a secret, or of a
   * longer one than it is. It goes before what comes next; when nothing does, `text` of it is what is left.
   */
  piece(text: string): { readonly text: string; readonly held: string };
}

export function createRedactor(secrets: readonly string[]): Redactor {
  const needles = needlesOf(secrets);
  const longest = Math.max(needles[0]?.length ?? 0, longestOwnToken);
  const next = withOwnTokens(finderOf(needles));
  const text = (raw: string): string => {
    let shown = '';
    let done = 0;
    for (let match = next(raw, 0); match !== null; match = next(raw, done)) {
      shown += raw.slice(done, match.index) + redacted;
      done = match.index + match.length;
    }
    return done === 0 ? raw : shown + raw.slice(done);
  };
  const value = (raw: unknown): unknown => {
    if (typeof raw === 'string') return text(raw);
    if (Array.isArray(raw)) return raw.map(value);
    if (typeof raw !== 'object' || raw === null) return raw;
    return Object.fromEntries(Object.entries(raw).map(([key, inner]) => [text(key), value(inner)]));
  };
  const byBeginning = beginningsOf(needles);
  const isOpen = (end: string): boolean => {
    if (beginsOwnToken(end)) return true;
    const alike =
      end.length < shortestSecret ? needles : (byBeginning.get(end.slice(0, shortestSecret)) ?? []);
    return alike.some((needle) => needle.length > end.length && needle.startsWith(end));
  };
  return {
    text,
    value: <Value>(raw: Value) => value(raw) as Value,
    piece(raw) {
      let shown = '';
      let done = 0;
      // From left to right and the longest first, but not past a place where a longer one may begin.
      for (;;) {
        const match = next(raw, done);
        const last = Math.min(match?.index ?? raw.length, raw.length - 1);
        for (let at = Math.max(done, raw.length - longest + 1); at <= last; at++) {
          if (isOpen(raw.slice(at))) return { text: shown + raw.slice(done, at), held: raw.slice(at) };
        }
        shown += raw.slice(done, match?.index);
        if (match === null) break;
        shown += redacted;
        done = match.index + match.length;
      }
      return { text: shown, held: '' };
    },
  };
}

/** The forms in which a value can appear: itself, as JSON text, and for several lines each of them; longest first. */
function needlesOf(secrets: readonly string[]): readonly string[] {
  const forms = secrets.flatMap((secret) => {
    // Without its indentation, which alone would be found everywhere.
    const lines = secret.includes('\n') ? secret.split('\n').map((line) => line.trim()) : [];
    return [secret, secret.trim(), ...lines].flatMap((form) => [form, JSON.stringify(form).slice(1, -1)]);
  });
  return [...new Set(forms)]
    .filter((form) => form.length >= shortestSecret)
    .sort((a, b) => b.length - a.length);
}

interface Match {
  readonly index: number;
  readonly length: number;
}

type Finder = (raw: string, from: number) => Match | null;

/**
 * Finds the first needle at or after a place, the longest of those that begin there. No regular expression: one of a whole
 * file is too large to be compiled, and the error then tells its source, which is all secrets.
 */
function finderOf(needles: readonly string[]): Finder {
  const byBeginning = beginningsOf(needles);
  // Most places are passed over by their first two characters.
  const isFirst = new Uint8Array(0x1_00_00);
  const isSecond = new Uint8Array(0x1_00_00);
  for (const needle of needles) {
    isFirst[needle.charCodeAt(0)] = 1;
    isSecond[needle.charCodeAt(1)] = 1;
  }
  return (raw, from) => {
    for (let index = from; index <= raw.length - shortestSecret; index++) {
      if (isFirst[raw.charCodeAt(index)] === 0 || isSecond[raw.charCodeAt(index + 1)] === 0) continue;
      const alike = byBeginning.get(raw.slice(index, index + shortestSecret));
      const needle = alike?.find((it) => raw.startsWith(it, index));
      if (needle !== undefined) return { index, length: needle.length };
    }
    return null;
  };
}

/** Needles by their first characters, as many as every needle has; in the order in which they are given. */
function beginningsOf(needles: readonly string[]): ReadonlyMap<string, readonly string[]> {
  return Map.groupBy(needles, (needle) => needle.slice(0, shortestSecret));
}

/** Finds Homer's own tokens too, by their form: whoever has one, the daemon itself keeps only its digest. */
function withOwnTokens(next: Finder): Finder {
  return (raw, from) => {
    const byValue = next(raw, from);
    const shape = new RegExp(ownToken, 'g');
    shape.lastIndex = from;
    const found = shape.exec(raw);
    if (found === null) return byValue;
    const byShape = { index: found.index, length: found[0].length };
    if (byValue === null || byShape.index < byValue.index) return byShape;
    return byShape.index === byValue.index && byShape.length > byValue.length ? byShape : byValue;
  };
}

type Event = AgentEvent | RunnerEvent;
type TextEvent = Extract<AgentEvent, { type: 'text' }>;

export interface EventRedactor {
  /** The events to write now: none while the text so far may end within a secret, two when held text comes free. */
  add(event: Event): readonly Event[];
  /** What is still held; nothing more follows. */
  end(): readonly Event[];
}

/** Redacts a sequence of events; a secret that is split over pieces of one text is found too. */
export function createEventRedactor(redactor: Redactor): EventRedactor {
  /** Its text as it came. */
  let held: TextEvent | null = null;
  const release = (): Event[] => {
    const event = held;
    held = null;
    return event === null ? [] : [redactor.value(event)];
  };
  return {
    add(event) {
      const whole = event.type === 'text' && event.stream === 'stderr';
      // Lines of standard error come in between the pieces of a text; they do not end it.
      if (whole) return [redactor.value(event)];
      if (event.type !== 'text') return [...release(), redactor.value(event)];
      const before: Event[] = event.delta === true ? [] : release();
      const joined: TextEvent = held === null ? event : { ...held, text: held.text + event.text };
      const piece = redactor.piece(joined.text);
      if (piece.held === '') {
        held = null;
      } else if (piece.text === '') {
        held = joined;
        return before;
      } else {
        held = { ...joined, text: piece.held, delta: true };
      }
      return [...before, { ...joined, text: piece.text }];
    },
    end: release,
  };
}

export interface TextRedactor {
  /** What may be shown of all that came so far and was not shown before. */
  add(text: string): string;
  /** What is still held; nothing more follows. */
  end(): string;
}

/** Redacts a text that comes in pieces. */
export function createTextRedactor(redactor: Redactor): TextRedactor {
  let held = '';
  return {
    add(text) {
      const piece = redactor.piece(held + text);
      held = piece.held;
      return piece.text;
    },
    end() {
      const rest = redactor.text(held);
      held = '';
      return rest;
    },
  };
}
