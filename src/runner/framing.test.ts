import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createChunkFramer, createLineFramer } from './framing.ts';

function linesOf(parts: readonly Buffer[], maxLength?: number): { lines: string[]; cuts: number[] } {
  const lines: string[] = [];
  const cuts: number[] = [];
  const framer = createLineFramer(
    (line) => lines.push(line),
    (dropped) => cuts.push(dropped),
    maxLength,
  );
  for (const part of parts) framer.push(part);
  framer.end();
  return { lines, cuts };
}

/** Cuts bytes at arbitrary places. */
function cutUp(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

describe('lines', () => {
  test('are the same wherever the reads were cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.array(fc.nat()), (texts, cuts) => {
        const lines = texts.map((text) => text.replace(/[\r\n]/g, '·'));
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'utf8');
        expect(linesOf(cutUp(bytes, cuts)).lines).toEqual(lines.map((line) => Buffer.from(line).toString()));
      }),
    );
  });

  test('end with \\n or \\r\\n, and the last needs no end', () => {
    expect(linesOf([Buffer.from('a\r\n\nb\rc\nd')]).lines).toEqual(['a', '', 'b\rc', 'd']);
    expect(linesOf([Buffer.from('a\r'), Buffer.from('\n')]).lines).toEqual(['a']);
  });

  test('that are too long are cut and counted, the next is whole', () => {
    expect(linesOf([Buffer.from('abc'), Buffer.from('defg\nhi\njklmnop')], 5)).toEqual({
      lines: ['abcde', 'hi', 'jklmn'],
      cuts: [2, 2],
    });
  });

  test('bytes that are no text become U+FFFD', () => {
    expect(linesOf([Buffer.from([0x61, 0xff, 0x62, 0x0a, 0xc3])]).lines).toEqual(['a\ufffdb', '\ufffd']);
  });
});

test('pieces are gathered, and whole characters', () => {
  const chunks: string[] = [];
  const framer = createChunkFramer((text) => chunks.push(text));
  for (let i = 0; i < 1000; i++) framer.push(Buffer.from('x'));
  const euro = Buffer.from('€');
  framer.push(euro.subarray(0, 1));
  framer.push(euro.subarray(1));
  expect(chunks).toEqual([]);
  framer.push(Buffer.alloc(20_000, 'y'));
  expect(chunks).toHaveLength(1);
  framer.push(Buffer.from('z'));
  framer.end();
  expect(chunks.join('')).toBe(`${'x'.repeat(1000)}€${'y'.repeat(20_000)}z`);
  expect(chunks).toHaveLength(2);
});
