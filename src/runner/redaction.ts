// Secrets are taken out by value before anything is written. Values of less than six characters are not: they would
// turn up by chance in ordinary text, and a secret that short protects nothing.

import type { AgentEvent } from '../core/agent.ts';
import type { RunnerEvent } from './files.ts';

export const redacted = '[redacted]';
const shortestSecret = 6;
/** Lines of a secret of several lines (a PEM key) count by themselves from this length. */
const shortestLine = 16;

export interface Redactor {
  text(text: string): string;
  /** A copy with every string in it redacted, keys too. */
  value<Value>(value: Value): Value;
  /** How many characters at the end of a redacted text may be the beginning of a secret. */
  openEnd(text: string): number;
}

export function createRedactor(secrets: readonly string[]): Redactor {
  const needles = needlesOf(secrets);
  if (needles.length === 0) return { text: (text) => text, value: (value) => value, openEnd: () => 0 };
  const longest = needles[0]?.length ?? 0;
  const pattern = new RegExp(
    needles.map((needle) => needle.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'),
    'g',
  );
  const text = (raw: string): string => raw.replace(pattern, redacted);
  const value = (raw: unknown): unknown => {
    if (typeof raw === 'string') return text(raw);
    if (Array.isArray(raw)) return raw.map(value);
    if (typeof raw !== 'object' || raw === null) return raw;
    return Object.fromEntries(Object.entries(raw).map(([key, inner]) => [text(key), value(inner)]));
  };
  return {
    text,
    value: <Value>(raw: Value) => value(raw) as Value,
    openEnd(raw) {
      for (let start = Math.max(0, raw.length - longest + 1); start < raw.length; start++) {
        const end = raw.slice(start);
        if (needles.some((needle) => needle.startsWith(end))) return end.length;
      }
      return 0;
    },
  };
}

/** The forms in which a value can appear: itself, as JSON text, and for several lines each long one; longest first. */
function needlesOf(secrets: readonly string[]): readonly string[] {
  const forms = secrets.flatMap((secret) => {
    const lines = secret.includes('\n')
      ? secret.split(/\r?\n/).filter((line) => line.length >= shortestLine)
      : [];
    return [secret, secret.trim(), ...lines].flatMap((form) => [form, JSON.stringify(form).slice(1, -1)]);
  });
  return [...new Set(forms)]
    .filter((form) => form.length >= shortestSecret)
    .sort((a, b) => b.length - a.length);
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
  let held: TextEvent | null = null;
  const release = (): Event[] => {
    const event = held;
    held = null;
    return event === null ? [] : [event];
  };
  return {
    add(event) {
      const whole = event.type === 'text' && event.stream === 'stderr';
      // Lines of standard error come in between the pieces of a text; they do not end it.
      if (whole) return [redactor.value(event)];
      if (event.type !== 'text') return [...release(), redactor.value(event)];
      const before: Event[] = event.delta === true ? [] : release();
      const joined: TextEvent = held === null ? event : { ...held, text: held.text + event.text };
      const text = redactor.text(joined.text);
      const open = redactor.openEnd(text);
      held = open === 0 ? null : { ...joined, text: text.slice(-open) };
      if (open === text.length && open > 0) return before;
      if (held !== null) held = { ...held, delta: true };
      return [...before, { ...joined, text: text.slice(0, text.length - open) }];
    },
    end: release,
  };
}
