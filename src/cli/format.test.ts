import { describe, expect, test } from 'vitest';
import {
  clip,
  displayWidth,
  firstLine,
  fold,
  harmless,
  plain,
  sentence,
  span,
  table,
  timeLeft,
  visible,
  wrap,
} from './format.ts';

describe('text of others', () => {
  test('cannot move the cursor, set the title or reach the clipboard', () => {
    const evil =
      'a\u001b[2Jb\u001b]52;c;ZXZpbA==\u0007c\u001b]0;title\u001b\\d\u0007e\u009b2Jf\u001bcg\u202eh';
    expect(plain(evil)).toBe('abcde2Jfgh');
    expect(harmless(evil)).toBe('abcde2Jfgh');
  });

  test('keeps its colours where it is printed as a result, and loses them in our own lines', () => {
    const red = '\u001b[1;31mred\u001b[0m';
    expect(harmless(red)).toBe(red);
    expect(plain(red)).toBe('red');
  });

  test('keeps line ends; tabs become spaces only in our own lines', () => {
    expect(plain('a\r\n\tb')).toBe('a\n  b');
    expect(harmless('a\tb\n')).toBe('a\tb\n');
  });

  test('an escape sequence that is cut off hides nothing of what follows it', () => {
    expect(plain('a\u001b[31')).not.toContain('\u001b');
    expect(harmless('a\u001b[31')).not.toContain('\u001b');
    expect(harmless('\u001b]0;never closed')).not.toContain('\u001b');
  });

  test('the first line is the first that says something', () => {
    expect(firstLine('\n \n  hello \nworld')).toBe('hello');
    expect(firstLine('')).toBe('');
  });
});

describe('columns', () => {
  test('wide and combining characters take the room they take', () => {
    expect(displayWidth('abc')).toBe(3);
    expect(displayWidth('日本')).toBe(4);
    expect(displayWidth('e\u0301')).toBe(1);
  });

  test('a clipped text is never wider than it may be', () => {
    expect(clip('hello world', 8)).toBe('hello w…');
    expect(clip('日本語テキスト', 6)).toBe('日本…');
    expect(clip('short', 8)).toBe('short');
    expect(clip('x', 0)).toBe('');
  });

  test('a table is aligned, and its last column fits', () => {
    const rows = [
      [{ text: 'a' }, { text: 'task' }],
      [{ text: 'longer' }, { text: 'something that does not fit' }],
    ];
    expect(table(rows, 20)).toEqual(['a       task', 'longer  something t…']);
    expect(table(rows, null)[1]).toBe('longer  something that does not fit');
  });

  test('paint adds escape sequences after the width was measured', () => {
    const rows = [
      [{ text: 'ab', paint: (text: string) => `<${text}>` }, { text: 'x' }],
      [{ text: 'abcd' }, { text: 'y' }],
    ];
    expect(table(rows, 80)).toEqual(['<ab  >  x', 'abcd  y']);
  });

  test('folds between words', () => {
    expect(fold('one two three', 9, '  ')).toEqual(['  one two', '  three']);
    expect(fold('one two three', null, '  ')).toEqual(['  one two three']);
  });
});

test('spans have two units at most', () => {
  expect(span(420)).toBe('0.4 s');
  expect(span(12_400)).toBe('12 s');
  expect(span(59_990)).toBe('1 min');
  expect(span(252_000)).toBe('4 min 12 s');
  expect(span(11_520_000)).toBe('3 h 12 min');
  expect(span(3_599_900)).toBe('1 h');
  expect(span(187_200_000)).toBe('2 d 4 h');
  expect(span(-5)).toBe('0.0 s');
});

test('a sentence ends once', () => {
  expect(sentence('It failed')).toBe('It failed.');
  expect(sentence('It failed. ')).toBe('It failed.');
  expect(sentence('problems:\n  one')).toBe('problems:\n  one');
});

test('text that a person decides by loses nothing and hides nothing', () => {
  expect(visible('a\u001b[2Kb\rc\u202ed\u200be\u{e0041}\u2028\tf\r\ng')).toBe(
    'a\\u{1b}[2Kb\\u{d}c\\u{202e}d\\u{200b}e\\u{e0041}\\u{2028}  f\ng',
  );
  expect(visible('schön 漢字 🍰')).toBe('schön 漢字 🍰');
  expect(wrap('漢字abc', 4)).toEqual(['漢字', 'abc']);
  expect(wrap('', 4)).toEqual(['']);
  expect(wrap('x'.repeat(500), null)).toEqual(['x'.repeat(500)]);
});

test('time that is left has seconds only where they count', () => {
  const now = Date.parse('2026-01-02T03:04:05.000Z');
  const left = (ms: number): string => timeLeft(new Date(now + ms).toISOString(), now);
  expect([left(3_599_000), left(150_000), left(40_400), left(2_500), left(-5)]).toEqual([
    '1 h',
    '3 min',
    '41 s',
    '3 s',
    '0 s',
  ]);
});
