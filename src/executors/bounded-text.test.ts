import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBoundedText } from './bounded-text.ts';

function bounded(limit: number, chunks: readonly string[]): string {
  const text = createBoundedText(limit);
  for (const chunk of chunks) text.add(chunk);
  return text.text();
}

test('a text that fits is kept as it is', () => {
  expect(bounded(200, ['a', '', 'bc\n'])).toBe('abc\n');
  expect(bounded(200, ['x'.repeat(200)])).toBe('x'.repeat(200));
  expect(bounded(200, [])).toBe('');
});

test('a text that does not fit keeps its head and its tail and tells how much is missing', () => {
  expect(bounded(84, ['a'.repeat(50), 'b'.repeat(50), 'c'.repeat(50)])).toBe(
    `${'a'.repeat(10)}\n[… 130 bytes left out …]\n${'c'.repeat(10)}`,
  );
});

test('however it is cut up: never too long, no broken character, nothing lost uncounted', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { maxLength: 40 }), (chunks) => {
      const whole = chunks.join('');
      const kept = bounded(160, chunks);
      if (Buffer.byteLength(whole) <= 160) {
        expect(kept).toBe(whole);
        return;
      }
      expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(160);
      const parts = /^([^]*)\n\[… (\d+) bytes left out …\]\n([^]*)$/.exec(kept) ?? [];
      const [, head = '', left = '', tail = ''] = parts;
      expect(whole.startsWith(head) && whole.endsWith(tail)).toBe(true);
      expect(Buffer.byteLength(head) + Number(left) + Buffer.byteLength(tail)).toBe(Buffer.byteLength(whole));
    }),
  );
});
