// Words of times: numbers, weekdays, months. English.

export const weekdays = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
] as const;
export const months = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
] as const;

const numbers = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];

/** Of a pattern: a number in digits or words; `a` and `an` are one. */
export const numberPattern = String.raw`\d{1,9}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve`;
export const weekdayPattern =
  'sun(?:day)?|mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?';
export const monthPattern =
  'jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?';

/** What `numberPattern` matched. */
export function numberOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  return /^an?$/i.test(text) ? 1 : numbers.indexOf(text.toLowerCase());
}

/** What `weekdayPattern` matched; 0 is Sunday. */
export function weekdayNumber(text: string): number {
  return weekdays.findIndex((name) => name.startsWith(text.toLowerCase().slice(0, 3)));
}

/** What `monthPattern` matched; 1 is January. */
export function monthNumber(text: string): number {
  return months.findIndex((name) => name.startsWith(text.toLowerCase().slice(0, 3))) + 1;
}

/** Anchored at the beginning, in any case, and only up to where a word ends. */
export function head(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})(?![\\p{L}\\p{N}])`, 'iu');
}

export const digits = (value: number, width = 2): string => String(value).padStart(width, '0');
