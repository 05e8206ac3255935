// Bytes of a stream made into text: whole lines, or pieces as they come. Characters that are split between two
// reads stay whole, bytes that are no UTF-8 become U+FFFD, and memory is bounded whatever the program writes.

import { StringDecoder } from 'node:string_decoder';

export interface Framer {
  push(bytes: Buffer): void;
  /** The stream has ended: gives out what is left. */
  end(): void;
}

/** Characters of a line that are kept; no protocol has longer ones. */
export const maxLineLength = 16 * 1024 * 1024;

/**
 * Splits at `\n`, tolerates `\r\n`. What a line has beyond `maxLength` characters is dropped and told to `onCut` as a count,
 * after the line was given out.
 */
export function createLineFramer(
  onLine: (line: string) => void,
  onCut: (dropped: number) => void,
  maxLength = maxLineLength,
): Framer {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let length = 0;
  let dropped = 0;
  const keep = (part: string): void => {
    const fitting = part.length <= maxLength - length ? part : part.slice(0, maxLength - length);
    if (fitting !== '') parts.push(fitting);
    length += fitting.length;
    dropped += part.length - fitting.length;
  };
  const finish = (): void => {
    const line = parts.length === 1 ? (parts[0] ?? '') : parts.join('');
    const cut = dropped;
    parts = [];
    length = 0;
    dropped = 0;
    onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (cut > 0) onCut(cut);
  };
  const take = (text: string): void => {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      keep(text.slice(start, end));
      finish();
      start = end + 1;
    }
    if (start < text.length) keep(text.slice(start));
  };
  return {
    push: (bytes) => take(decoder.write(bytes)),
    end() {
      take(decoder.end());
      if (length > 0 || dropped > 0) finish();
    },
  };
}

/** A piece is given out when it is this long or this old. */
export const chunkLimits = { characters: 16 * 1024, ms: 50 } as const;

/** Gathers what comes, so that a program that writes byte by byte does not make a journal entry of each. */
export function createChunkFramer(onChunk: (text: string) => void): Framer {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let length = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (length === 0) return;
    const text = parts.join('');
    parts = [];
    length = 0;
    onChunk(text);
  };
  const take = (text: string): void => {
    if (text === '') return;
    parts.push(text);
    length += text.length;
    if (length >= chunkLimits.characters) flush();
    else timer ??= setTimeout(flush, chunkLimits.ms);
  };
  return {
    push: (bytes) => take(decoder.write(bytes)),
    end() {
      take(decoder.end());
      flush();
    },
  };
}
