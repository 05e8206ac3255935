// The last lines a program wrote, for the message of a failed run.

export interface LastLines {
  add(line: string): void;
  /** Without an end of line after the last; empty when nothing was written. */
  text(): string;
}

const maxLines = 20;
const maxCharacters = 4096;

/** Keeps at most 20 lines and 4 Ki characters, blank lines not counted. */
export function createLastLines(): LastLines {
  const lines: string[] = [];
  let length = 0;
  return {
    add(line) {
      const text = line.trimEnd().slice(-maxCharacters);
      if (text === '') return;
      lines.push(text);
      length += text.length + 1;
      while (lines.length > maxLines || length > maxCharacters + 1)
        length -= (lines.shift() ?? '').length + 1;
    },
    text: () => lines.join('\n'),
  };
}

/** The same bounds for a text that is already whole. */
export function lastLinesOf(text: string): string {
  const last = createLastLines();
  // More than the last few KiB cannot be among the last lines.
  for (const line of text.slice(-2 * maxCharacters).split('\n')) last.add(line);
  return last.text();
}
