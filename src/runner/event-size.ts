// Texts in parts of a size that everybody downstream can take: a line of 16 Mi characters is one event to an executor, and up to
// 100 MB as an entry of the journal and as an event of a stream over HTTP.

import type { AgentEvent } from '../core/agent.ts';

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
