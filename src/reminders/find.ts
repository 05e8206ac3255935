// Where in a phrase its time stands, and what is left as the text. What is left must not go on about the time.

import type { Wall } from '../core/wall-clock.ts';
import type { ReadNamedDate } from './day.ts';
import { readExpression, type Expression } from './expression.ts';

interface Split {
  readonly expression: Expression;
  readonly text: string;
}

/** `together`: the time at the beginning with one at the end, which may belong to it; null: there is none. */
export type Found = (Split & { readonly together: Split | null }) | { readonly unclear: string };

type Read = (text: string) => ReturnType<typeof readExpression>;

/** A time at the end of a text is looked for in so many of its last words. */
const mostTailWords = 16;

/** The time stands first, or last. */
export function findExpression(phrase: string, today: Wall, readNamed: ReadNamedDate): Found {
  const read: Read = (text) => readExpression(text, today, readNamed);
  const start = phrase.replace(/^(?:to|that|about) /i, '');
  const first = read(start);
  if (first !== null) return 'unclear' in first ? first : fromStart(start, first, read);
  for (const { at, last } of tailsOf(phrase, read)) {
    if (last === null) continue;
    if ('unclear' in last) return last;
    if (!isWhole(last)) continue;
    const text = cleanText(phrase.slice(0, at));
    return besideEnd(text, read) ?? { expression: last, text, together: null };
  }
  return vague(phrase) ?? { unclear: 'it has no time at its beginning or end' };
}

/** Reads from each of the last words on to the end, the longest first. */
function* tailsOf(text: string, read: Read): Generator<{ at: number; last: ReturnType<Read> }> {
  const words = [...text.matchAll(/\s+/g)].map(({ index }) => index + 1).slice(-mostTailWords);
  for (const at of words) yield { at, last: read(text.slice(at)) };
}

const isWhole = ({ rest }: Expression): boolean => /^[\s.!?]*$/.test(rest);

function cleanText(text: string): string {
  return text
    .replace(/^[\s,:;.–—-]+/u, '')
    .replace(/^(?:please )?(?:remind me )?(?:(?:to|that|about|of)(?: |$))?/i, '')
    .replace(/[\s,:;–—-]+$/u, '')
    .trim();
}

/** Words that go on about the time: what they mean would be lost in what is said. */
const leftover =
  /^(?:(?:until|till|except|but not|starting|beginning|from|between|for the next|and|or|also)\b|(?:at |@ ?)?\d{1,2}:\d\d|at \d)/i;

function fromStart(start: string, first: Expression, read: Read): Found {
  const text = cleanText(first.rest);
  if (leftover.test(text)) return { unclear: `"${text.slice(0, 30)}" cannot be kept to` };
  // Behind a colon the text begins, whatever it is.
  if (!/^\s*:/.test(first.rest)) {
    const next = read(text);
    const isTime = next !== null && !('unclear' in next) && !/^['’]/.test(next.rest);
    if (isTime || /^20\d\d(?![\p{L}\p{N}])/u.test(text)) return twice(text);
    const vagueNext = vague(text);
    if (vagueNext !== null) return vagueNext;
  }
  const together = togetherWithEnd(start.slice(0, start.length - first.rest.length), first, text, read);
  if (together !== null && 'unclear' in together) return together;
  return { expression: first, text, together };
}

const twice = (words: string): { readonly unclear: string } => ({
  unclear: `"${words.slice(0, 30)}" reads like a time beside the other one; say the whole time first, then a colon, then the text`,
});

/** Behind such a word a time belongs to the text: "the talk for friday at 10". */
const belongs = /(?:^|\s)(?:about|after|before|by|for|from|of|since|than|till|until)$/i;

/** `tomorrow call Ann at 8pm`: the time at the end says what the one at the beginning leaves open. */
function togetherWithEnd(
  lead: string,
  first: Expression,
  text: string,
  read: Read,
): Split | { readonly unclear: string } | null {
  const hasDay = first.day !== null || first.repeat !== null || first.ahead !== null;
  const isExact = (first.ahead?.ms ?? 0) > 0 || first.repeat?.by === 'span';
  const hasTime = isExact || first.time !== null || first.period !== null;
  for (const { at, last } of tailsOf(text, read)) {
    if (last === null || 'unclear' in last || !isWhole(last)) continue;
    if (belongs.test(text.slice(0, at).trimEnd())) return null;
    const saysDay = last.day !== null || last.repeat !== null || last.ahead !== null;
    const saysTime = last.time !== null || last.period !== null;
    if (!(saysDay && !hasDay) && !(saysTime && !hasTime)) return null;
    const tail = text.slice(at).replace(/[\s.!?]+$/, '');
    const both = [`${lead} ${tail}`, `${tail} ${lead}`].map(read);
    const expression = both.find((each) => each !== null && !('unclear' in each) && isWhole(each));
    if (expression === undefined || expression === null || 'unclear' in expression) return twice(tail);
    return { expression, text: cleanText(text.slice(0, at)) };
  }
  return null;
}

/** What stands before a time at the end must not end like another one. */
function besideEnd(text: string, read: Read): { readonly unclear: string } | null {
  const open = /(?:^|\s)((?:and|or|until|till|except|between|from|every|each|next)|\S*,)$/i.exec(text);
  if (open !== null) return { unclear: `"… ${open[1] ?? ''}" cannot be kept to` };
  for (const { at, last } of tailsOf(text, read)) {
    if (last === null || 'unclear' in last || !isWhole(last)) continue;
    return belongs.test(text.slice(0, at).trimEnd()) ? null : twice(text.slice(at));
  }
  return vague(text);
}

/** Weeks and months are no days. */
function vague(text: string): { readonly unclear: string } | null {
  const words = String.raw`(?:some ?(?:time|day) )?((?:next|this|the coming) (?:week(?:end)?|month|year))`;
  const found = new RegExp(`^(?:on |in )?${words}(?![\\p{L}\\p{N}'’])|(?:^|\\s)${words}[.!?]*$`, 'iu').exec(
    text,
  );
  const said = found?.[1] ?? found?.[2];
  return said === undefined
    ? null
    : { unclear: `"${said}" names no day: say "monday", "in 1 week" or a date` };
}
