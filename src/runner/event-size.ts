// Texts in parts of a size that everybody downstream can take: a line of 16 Mi characters is one event to an executor, and up to
// 100 MB as an entry of the journal and as an event of a stream over HTTP.

import type { AgentEvent } from '../core/agent.ts';
import { createBoundedText } from '../executors/bounded-text.ts';

type TextEvent = Extract<AgentEvent, { type: 'text' }>;

/** Most bytes of UTF-8 that the text of one event takes as JSON. */
export const textEventBytes = 64 * 1024;

/** The same text as events of bounded size; all but the first continue the one before. Characters stay whole. */
export function splitText(event: TextEvent): readonly TextEvent[] {
  const { text } = event;
  if (fits(text)) return [event];
  const parts: TextEvent[] = [];
  for (let start = 0; start < text.length;) {
    const part = text.slice(start, fittingEnd(text, start));
    parts.push(start === 0 ? { ...event, text: part } : { ...event, text: part, delta: true });
    start += part.length;
  }
  return parts;
}

/** How far a part that begins at `start` may go. */
function fittingEnd(text: string, start: number): number {
  let length = textEventBytes;
  while (!fits(text.slice(start, start + length))) length = Math.floor(length / 2);
  const end = start + length;
  // Between the two halves of a surrogate pair.
  return end < text.length && (text.codePointAt(end - 1) ?? 0) > 0xffff ? end - 1 : end;
}

function fits(text: string): boolean {
  // No character is longer than six bytes as JSON (`\u0001`), nor shorter than one.
  if (text.length * 6 + 2 <= textEventBytes) return true;
  return text.length + 2 <= textEventBytes && Buffer.byteLength(JSON.stringify(text)) <= textEventBytes;
}

/** Most parts of a tool's input that are kept. */
const mostInputParts = 100;

/**
 * A tool's input as it is shown to a person: whole when it takes at most 64 KiB as JSON, else its parts with their middle left
 * out, which is said in its place. Secrets must be out of it before.
 */
export function boundInput(input: unknown): unknown {
  if (jsonBytes(input) <= textEventBytes) return input;
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return bounded(input, textEventBytes);
  const parts = Object.entries(input).slice(0, mostInputParts);
  const share = Math.floor(textEventBytes / parts.length);
  return Object.fromEntries(
    parts.map(([name, part]) => [name.slice(0, 200), jsonBytes(part) <= share ? part : bounded(part, share)]),
  );
}

function bounded(value: unknown, bytes: number): string {
  const text = createBoundedText(bytes);
  text.add(typeof value === 'string' ? value : JSON.stringify(value));
  return text.text();
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}
