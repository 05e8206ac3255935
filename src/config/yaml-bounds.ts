// How much YAML a configuration may be, told from its pieces before the library makes a document of them: some of what it does with
// one takes a time that grows with the square of its size.

import { Lexer } from 'yaml';

/** A long configuration of an honest owner has a tenth of this. */
const mostPieces = 50_000;
/** Anchors and aliases; for each the library walks the whole document. */
const mostMarks = 100;
/** The lexer says by this that the next piece is the text of a scalar. */
const scalarFollows = '\u001f';

/** What is too much of, for a sentence; null: nothing. Takes a time that grows with the text. */
export function findExcess(text: string): string | null {
  let pieces = 0;
  let marks = 0;
  let isScalar = false;
  for (const piece of new Lexer().lex(text)) {
    pieces += 1;
    if (!isScalar && (piece.startsWith('&') || piece.startsWith('*'))) marks += 1;
    isScalar = piece === scalarFollows;
    if (pieces > mostPieces) return 'holds more than any configuration needs';
    if (marks > mostMarks) return `has more than ${mostMarks} anchors and aliases`;
  }
  return null;
}
