// A text that may be of any length, kept in bounded memory: its beginning, its end, and a line that says what is missing.

export interface BoundedText {
  add(text: string): void;
  /** All of it, or its head and tail around a line with the number of bytes left out; never longer than the limit. */
  text(): string;
}

/** Most of an answer that is kept, bytes of UTF-8; the journal has the whole. */
export const answerBytes = 256 * 1024;

/** An answer that is already whole, of at most `answerBytes`. */
export function boundedAnswer(text: string): string {
  const bounded = createBoundedText(answerBytes);
  bounded.add(text);
  return bounded.text();
}

// Room for the line between head and tail, whatever number is in it.
const gapBytes = 64;

/** `limitBytes` is of UTF-8; characters are never cut in two. */
export function createBoundedText(limitBytes: number): BoundedText {
  const headLimit = Math.floor((limitBytes - gapBytes) / 2);
  const tailLimit = limitBytes - gapBytes - headLimit;
  let total = 0;
  // Everything while it fits; from the first byte too many on, the head is fixed and the rest goes by in the tail.
  let all: Buffer[] = [];
  let head: Buffer | null = null;
  let tail: Buffer[] = [];
  let tailBytes = 0;

  const slide = (chunk: Buffer): void => {
    tail.push(chunk);
    tailBytes += chunk.length;
    if (tailBytes < 2 * tailLimit) return;
    const kept = Buffer.concat(tail).subarray(-tailLimit);
    tail = [Buffer.from(kept)];
    tailBytes = kept.length;
  };

  return {
    add(text) {
      const chunk = Buffer.from(text, 'utf8');
      total += chunk.length;
      if (head !== null) {
        slide(chunk);
        return;
      }
      all.push(chunk);
      if (total <= limitBytes) return;
      const whole = Buffer.concat(all);
      all = [];
      const headEnd = characterEnd(whole, headLimit);
      head = Buffer.from(whole.subarray(0, headEnd));
      slide(whole.subarray(headEnd));
    },
    text() {
      if (head === null) return Buffer.concat(all).toString('utf8');
      const kept = Buffer.concat(tail);
      const end = kept.subarray(characterStart(kept, Math.max(0, kept.length - tailLimit)));
      const left = total - head.length - end.length;
      return `${head.toString('utf8')}\n[… ${left} bytes left out …]\n${end.toString('utf8')}`;
    },
  };
}

function insideCharacter(bytes: Buffer, at: number): boolean {
  return ((bytes[at] ?? 0) & 0xc0) === 0x80;
}

/** The last place at or before `at` where a character ends. */
function characterEnd(bytes: Buffer, at: number): number {
  let end = at;
  while (end > 0 && insideCharacter(bytes, end)) end--;
  return end;
}

/** The first place at or after `at` where a character starts. */
function characterStart(bytes: Buffer, at: number): number {
  let start = at;
  while (start < bytes.length && insideCharacter(bytes, start)) start++;
  return start;
}
