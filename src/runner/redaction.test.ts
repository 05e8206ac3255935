import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../core/agent.ts';
import { createEventRedactor, createRedactor } from './redaction.ts';

const secret = 'sk-ab"c\\d-9876';

describe("Homer's own tokens, which nobody knows by value", () => {
  const tokens = [`homer_${'aB3-_'.repeat(8)}xyz`, `homer-run.r${'0'.repeat(19)}.${'k'.repeat(43)}`];

  test('in a text, beside other secrets, and not what only begins like one', () => {
    for (const redactor of [createRedactor([]), createRedactor([secret])])
      for (const token of tokens) {
        expect(redactor.text(`a ${token} b`)).toBe('a [redacted] b');
        expect(redactor.text(`${token}${token}`)).toBe('[redacted][redacted]');
        expect(redactor.text(token.slice(0, -1))).toBe(token.slice(0, -1));
      }
    expect(createRedactor([tokens[0]?.slice(0, 20) ?? '']).text(tokens[0] ?? '')).toBe('[redacted]');
  });

  test('however a text is cut, nothing of one is left and nothing else is lost', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...tokens),
        fc.string(),
        fc.array(fc.nat(), { maxLength: 8 }),
        (token, around, cuts) => {
          const text = `${around}home ${token}${around}`;
          const at = [0, ...cuts.map((cut) => cut % text.length).sort((a, b) => a - b), text.length];
          const events = at
            .slice(1)
            .map((end, i): AgentEvent => ({ type: 'text', text: text.slice(at[i], end), delta: true }));
          expect(joined(redactAll(events))).toBe(createRedactor([secret]).text(text));
        },
      ),
    );
  });
});

describe('by value', () => {
  test('in any string of a value, keys and JSON within strings too', () => {
    const redactor = createRedactor([secret]);
    const shown = redactor.value({
      a: [`x${secret}y`],
      [secret]: JSON.stringify({ k: secret }),
      n: 1,
      z: null,
    });
    expect(shown).toEqual({ a: ['x[redacted]y'], '[redacted]': '{"k":"[redacted]"}', n: 1, z: null });
  });

  test('the longer of two that overlap, lines of a key, and not what is too short', () => {
    const key = 'BEGIN\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEND';
    const redactor = createRedactor(['abcdef', 'abcdefgh', 'short', key, 'padded-value\n']);
    expect(redactor.text('abcdefgh abcdef short')).toBe('[redacted] [redacted] short');
    expect(redactor.text('> MIIEvQIBADANBgkqhkiG9w0BAQ <')).toBe('> [redacted] <');
    expect(redactor.text('padded-value')).toBe('[redacted]');
  });

  test('each line of a secret of several lines, but not its indentation', () => {
    const redactor = createRedactor(['{\n        "id": 4711,\n      a\n}']);
    expect(redactor.text('said "id": 4711,')).toBe('said [redacted]');
    expect(redactor.text('        x')).toBe('        x');
  });
});

function redactAll(events: readonly AgentEvent[], secrets: readonly string[] = [secret]): AgentEvent[] {
  const redactor = createEventRedactor(createRedactor(secrets));
  return [...events.flatMap((event) => redactor.add(event)), ...redactor.end()] as AgentEvent[];
}

const joined = (events: readonly AgentEvent[]): string =>
  events
    .flatMap((event) => (event.type === 'text' && event.stream === undefined ? [event.text] : []))
    .join('');

describe('over the pieces of a text', () => {
  test('however it is cut, nothing of the secret is left and nothing else is lost', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.array(fc.nat(), { maxLength: 8 }), (before, after, cuts) => {
        const text = `${before}${secret}${after}`;
        const at = [0, ...cuts.map((cut) => cut % text.length).sort((a, b) => a - b), text.length];
        const events = at
          .slice(1)
          .map((end, i): AgentEvent => ({ type: 'text', text: text.slice(at[i], end), delta: true }));
        expect(joined(redactAll(events))).toBe(createRedactor([secret]).text(text));
      }),
    );
  });

  test('of several secrets that begin and overlap each other, the same as of the whole', () => {
    const secrets = ['abcabc', 'abcabcabd', 'cabdef', 'bcabca'];
    const piece = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'abc', 'abcabc', 'def'), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const texts = pieces.map((parts) => parts.join('')).filter((text) => text !== '');
        const events = texts.map((text): AgentEvent => ({ type: 'text', text, delta: true }));
        expect(joined(redactAll(events, secrets))).toBe(createRedactor(secrets).text(texts.join('')));
      }),
      { numRuns: 1000 },
    );
  });

  test('lines of standard error in between do not hide it', () => {
    const shown = redactAll([
      { type: 'text', text: 'a sk-ab"', delta: true },
      { type: 'text', text: 'warning', stream: 'stderr' },
      { type: 'text', text: 'c\\d-9876 b', delta: true },
    ]);
    expect(joined(shown)).toBe('a [redacted] b');
    expect(shown.filter((event) => event.type === 'text' && event.stream === 'stderr')).toHaveLength(1);
  });

  test('what only looked like the beginning of one comes out, in order', () => {
    const shown = redactAll([
      { type: 'text', text: 'x sk-a' },
      { type: 'tool_start', toolId: 't', name: 'n', summary: secret },
      { type: 'text', text: 'sk-' },
    ]);
    expect(shown).toEqual([
      { type: 'text', text: 'x ' },
      { type: 'text', text: 'sk-a', delta: true },
      { type: 'tool_start', toolId: 't', name: 'n', summary: '[redacted]' },
      { type: 'text', text: 'sk-' },
    ]);
  });
});

test('secrets as large as a file of keys are taken out, and those of a thousand lines one by one', () => {
  const line = (at: number): string => `${at}:${'kZ3+/'.repeat(12)}${at}`;
  const file = Array.from({ length: 1000 }, (_, at) => line(at)).join('\n');
  const binary = 'y'.repeat(52 * 1024) + '(['.repeat(20_000);
  const redactor = createRedactor([file, binary]);
  expect(redactor.text(`a ${file} b ${line(17)} c ${binary} d`)).toBe(
    'a [redacted] b [redacted] c [redacted] d',
  );
  expect(redactor.piece(`x ${binary.slice(0, 60_000)}`)).toEqual({
    text: 'x ',
    held: binary.slice(0, 60_000),
  });
});
