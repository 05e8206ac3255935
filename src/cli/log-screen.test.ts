import { expect, test } from 'vitest';
import { parseLogLine, spelt } from '../lifecycle/log-line.ts';
import { drawLogLine } from './log-screen.ts';
import type { Palette } from './terminal.ts';

const text = (value: string): string => value;
const palette: Palette = { dim: text, bold: text, ok: text, needs: text, bad: text, live: text };

/** Escape sequences of a terminal (colour, title, clipboard, clear), C1, bidi overrides and isolates, zero width, NUL, line ends. */
const evil =
  '\u001b[31m\u001b]0;t\u0007\u001b]52;c;eA==\u0007\u009b2J\u202e\u2066\u200b\u0000\r\n\u2028\ufeff';
// eslint-disable-next-line no-control-regex
const acting = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/;

test('nothing in a line can steer the terminal, and what does not show is spelt out', () => {
  const raw = JSON.stringify({
    level: 'warn',
    time: '2026-11-25T20:00:00.000Z',
    msg: `a${evil}b`,
    [`k${evil}`]: `v${evil}`,
  });
  const drawn = drawLogLine(parseLogLine(raw), palette);
  expect(drawn).not.toMatch(acting);
  expect(drawn).toContain('\\u{1b}[31m');
  expect(drawn).toContain('\\u{202e}');
  expect(drawn).toContain('\\u{0}');
  expect(drawn.split('\n')).toHaveLength(1);
});

test('a line that is no JSON is shown as an error, as harmless', () => {
  const drawn = drawLogLine(parseLogLine(`FATAL ERROR${evil}`), palette);
  expect(drawn).toMatch(/^ +error FATAL ERROR/);
  expect(drawn).not.toMatch(acting);
});

test('raw lines stay the same JSON, with everything spelt out', () => {
  const value = { msg: `a${evil}\u{e0001}b` };
  const line = spelt(JSON.stringify(value));
  expect(line).not.toMatch(acting);
  expect(JSON.parse(line)).toEqual(value);
});

test('levels as words and as the numbers of pino', () => {
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 10, 20, 30, 40, 50, 60].map(
    (level) => parseLogLine(JSON.stringify({ level })).level,
  );
  expect(levels).toEqual([
    ...['debug', 'debug', 'info', 'warn', 'error', 'error'],
    ...['debug', 'debug', 'info', 'warn', 'error', 'error'],
  ]);
});

test('an error is told by its message, objects as JSON, and long values are cut', () => {
  const line = parseLogLine(
    JSON.stringify({
      level: 'error',
      msg: 'failed',
      error: { message: 'no room', stack: 'at x' },
      at: { a: 1 },
      long: 'x'.repeat(9_000),
    }),
  );
  const drawn = drawLogLine(line, palette);
  expect(drawn).toContain('error failed error="no room" at={"a":1} long=xxx');
  expect(drawn.length).toBeLessThan(600);
});
