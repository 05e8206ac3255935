// An answer that comes in pieces, kept in bounded memory and without secrets.

import { answerBytes, createBoundedText } from './bounded-text.ts';

export interface AnswerText {
  add(piece: string): void;
  /** What came next begins anew: what was said before is no part of the answer, should anything follow. */
  restart(): void;
  /** Nothing but white space has come since it began, or began anew. */
  isBlank(): boolean;
  /** The last text that was not blank, without white space around it. */
  text(): string;
}

/** A secret longer than this on one line could be cut in two where a line of more than `longestLine` is. */
const longestSecret = 8 * 1024;
const longestLine = 64 * 1024;

/** `hide` takes secrets out of a text. It is shown whole lines, since it finds none of which it is shown half. */
export function createAnswerText(hide: (text: string) => string): AnswerText {
  let before = '';
  let bounded = createBoundedText(answerBytes);
  let open = '';
  let blank = true;

  const whole = (): string => {
    bounded.add(hide(open));
    open = '';
    return bounded.text();
  };

  return {
    add(piece) {
      if (blank && piece.trim() !== '') blank = false;
      open += piece;
      const end = piece.includes('\n') ? open.lastIndexOf('\n') + 1 : 0;
      if (end > 0) {
        bounded.add(hide(open.slice(0, end)));
        open = open.slice(end);
      }
      if (open.length <= longestLine) return;
      const hidden = hide(open);
      const cut = characterStart(hidden, hidden.length - longestSecret);
      bounded.add(hidden.slice(0, cut));
      open = hidden.slice(cut);
    },
    restart() {
      if (blank) return;
      before = whole();
      bounded = createBoundedText(answerBytes);
      blank = true;
    },
    isBlank: () => blank,
    text() {
      const last = whole();
      return (blank ? before : last).trim();
    },
  };
}

/** `at`, or the place before it when a character of two halves would be cut there. */
function characterStart(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
