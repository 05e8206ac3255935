import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AgentEvent } from '../core/agent.ts';
import { splitText, textEventBytes } from './event-size.ts';

type TextEvent = Extract<AgentEvent, { type: 'text' }>;

function check(event: TextEvent): readonly TextEvent[] {
  const parts = splitText(event);
  expect(parts.map(({ text }) => text).join('')).toBe(event.text);
  for (const part of parts) {
    expect(Buffer.byteLength(JSON.stringify(part.text))).toBeLessThanOrEqual(textEventBytes);
    expect(part.stream).toBe(event.stream);
    expect(part.text.isWellFormed()).toBe(event.text.isWellFormed());
  }
  expect(parts.map(({ delta }) => delta)).toEqual([event.delta, ...parts.slice(1).map(() => true)]);
  return parts;
}

test('a text of any characters comes in parts that are small as JSON too', () => {
  const character = fc.constantFrom('a', '\u0001', '"', 'é', '😀', '\n');
  fc.assert(
    fc.property(character, fc.nat({ max: 200_000 }), fc.boolean(), (repeated, count, isError) => {
      const text = `x${repeated.repeat(count)}`;
      check(isError ? { type: 'text', text, stream: 'stderr' } : { type: 'text', text });
    }),
    { numRuns: 60 },
  );
});

test('a small one stays as it is, and a large one makes no more parts than it must', () => {
  const small: TextEvent = { type: 'text', text: 'small', delta: true };
  expect(splitText(small)).toEqual([small]);
  expect(check({ type: 'text', text: 'a'.repeat(1024 * 1024) }).length).toBeLessThan(40);
});
