// Text for people: ages, spans, tables that fit, and nothing that could steer a terminal.

import { span } from '../core/span.ts';

export { span };

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const zeroWidth = /[\p{Mn}\p{Me}\p{Cf}]/u;
// Escape sequences as ECMA-48 has them: CSI, then OSC and the other strings, then two-byte ones.
// eslint-disable-next-line no-control-regex
const sequences =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]P^_X][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]/g;
// eslint-disable-next-line no-control-regex
const colourSequence = /^\u001b\[[0-9;:]*m$/;
// eslint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Without escape sequences and control characters; tabs become spaces, line ends stay. For our own lines. */
export function plain(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(sequences, '')
    .replace(controls, '')
    .replaceAll('\u001b', '')
    .replaceAll('\t', '  ');
}

/** Text of others for a terminal: colours stay, whatever else could move the cursor or reach the clipboard goes. */
export function harmless(text: string): string {
  return text
    .replace(sequences, (sequence) => (colourSequence.test(sequence) ? sequence : ''))
    .replace(controls, (control) => (control === '\r' ? control : ''));
}

// Besides controls what shows nothing, or changes the order of what stands around it; line ends and tabs are none of these.
// eslint-disable-next-line no-control-regex
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]|\p{Cf}/gu;

/** Text that a person decides by: nothing of it is taken away, and what cannot be seen is spelt out (`\u{1b}`). */
export function visible(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(unseen, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replaceAll('\t', '  ');
}

/** Lines of at most `width` columns that lose nothing: cut wherever they are full. With no width (null) one line. */
export function wrap(line: string, width: number | null): string[] {
  if (width === null || displayWidth(line) <= width) return [line];
  const lines: string[] = [];
  let part = '';
  let used = 0;
  for (const character of line) {
    const more = displayWidth(character);
    if (used + more > width) {
      lines.push(part);
      [part, used] = ['', 0];
    }
    part += character;
    used += more;
  }
  return [...lines, part];
}

/** The first line that says something. */
export function firstLine(text: string): string {
  return (
    plain(text)
      .split('\n')
      .map((line) => line.trim())
      .find((line) => line !== '') ?? ''
  );
}

/** All of it on one line. */
export function oneLine(text: string): string {
  return plain(text).replace(/\s+/g, ' ').trim();
}

/** Columns a text takes in a terminal; it must hold no escape sequences. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += zeroWidth.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return width;
}

/** Cut to at most `width` columns, with an ellipsis in place of what is missing. */
export function clip(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 1) return width === 1 ? '…' : '';
  let kept = '';
  let used = 0;
  for (const character of text) {
    const more = displayWidth(character);
    if (used + more > width - 1) break;
    kept += character;
    used += more;
  }
  return `${kept.trimEnd()}…`;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

export interface Cell {
  readonly text: string;
  /** Applied after the cell was padded, so that it may add escape sequences. */
  readonly paint?: (text: string) => string;
}

/**
 * Rows in aligned columns, two spaces apart. The last column takes what is left of `width` and is cut to it;
 * with no width (null) nothing is cut.
 */
export function table(rows: readonly (readonly Cell[])[], width: number | null, indent = ''): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => displayWidth(row[column]?.text ?? ''))),
  );
  return rows.map((row) => {
    let line = indent;
    let used = displayWidth(indent);
    row.forEach((cell, column) => {
      const isLast = column === columns - 1;
      const size = widths[column] ?? 0;
      const text = isLast
        ? width === null
          ? cell.text
          : clip(cell.text, Math.max(8, width - used))
        : pad(cell.text, size);
      line += (cell.paint?.(text) ?? text) + (isLast ? '' : '  ');
      used += size + 2;
    });
    return line.trimEnd();
  });
}

/** Lines of whole words, each at most `width` columns with its indent; with no width (null) one line. */
export function fold(text: string, width: number | null, indent = ''): string[] {
  if (width === null) return [indent + text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(`${indent}${line} ${word}`) > width) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, indent + line];
}

/** How long until then, without seconds where they say nothing: `59 min`, `40 s`. */
export function timeLeft(at: string, now: number): string {
  const ms = Date.parse(at) - now;
  return span(
    ms < 60_000 ? Math.ceil(Math.max(0, ms) / 1000) * 1000 : Math.round(ms / 60_000) * 60_000,
  ).replace('.0 s', ' s');
}

/** `just now`, `4 min ago`, `3 h ago`, `2 d ago`; `?` when unknown. */
export function age(at: string | null, now: number): string {
  if (at === null) return '?';
  const minutes = Math.floor((now - Date.parse(at)) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ago`;
  return `${Math.floor(minutes / 1440)} d ago`;
}

/** When something is due, by the clock on the wall: `14:05`, with the date when it is not today; `?` when unknown. */
export function clock(at: string | null, now: number): string {
  if (at === null) return '?';
  const time = new Date(at);
  const digits = (value: number): string => String(value).padStart(2, '0');
  const hours = `${digits(time.getHours())}:${digits(time.getMinutes())}`;
  const today = new Date(now);
  if (time.toDateString() === today.toDateString()) return hours;
  return `${time.getFullYear()}-${digits(time.getMonth() + 1)}-${digits(time.getDate())} ${hours}`;
}

/** `1 job`, `2 jobs`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** With a full stop at the end, unless it ends otherwise or is a list of lines. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed.includes('\n') || /[.!?:`…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
