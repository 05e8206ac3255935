import { expect, test } from 'vitest';
import { notification } from './frames.ts';

/** What a client reads: opcode and length as RFC 6455 has them, then the text. */
function read(frame: Buffer): { readonly first: number; readonly length: number; readonly text: string } {
  const short = frame.readUInt8(1);
  const at = short === 126 ? 4 : short === 127 ? 10 : 2;
  const length = at === 2 ? short : at === 4 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
  return { first: frame.readUInt8(0), length, text: frame.subarray(at).toString('utf8') };
}

const around = JSON.stringify({ jsonrpc: '2.0', method: 'x', params: '' }).length;

test.each([0, 125 - around, 126 - around, 65_535 - around, 65_536 - around, 1_000_000])(
  'a text with %i characters more is one whole frame, in the shortest form of its length',
  (count) => {
    const frame = notification('x', 'y'.repeat(count));
    const { first, length, text } = read(frame);
    expect(first).toBe(0x81);
    expect(length).toBe(around + count);
    expect(frame.length - length).toBe(length < 126 ? 2 : length < 65_536 ? 4 : 10);
    expect(JSON.parse(text)).toEqual({ jsonrpc: '2.0', method: 'x', params: 'y'.repeat(count) });
  },
);

test('the length is that of the bytes', () => {
  const { length, text } = read(notification('x', 'ü'));
  expect(length).toBe(around + 2);
  expect(text).toContain('ü');
});
