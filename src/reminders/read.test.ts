import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openReader, tellReading, type Outcome, type Reading } from './open.ts';

const read = await openReader();
/** A Wednesday, 10:00 in Berlin. */
const now = Date.parse('2026-03-04T09:00:00Z');
const zone = 'Europe/Berlin';

/** `at 2026-03-04T09:20Z «call Bob»`, with the zone where it is another. */
function short({ kind, spec, timeZone, text, anchorAt }: Reading): string {
  const rule = kind === 'at' ? spec.replace(/:00\.000Z$/, 'Z') : spec;
  const from = kind === 'every' ? ` from ${new Date(anchorAt).toISOString().slice(0, 16)}Z` : '';
  return `${kind} ${rule}${from}${timeZone === zone ? '' : ` in ${timeZone}`} «${text}»`;
}

function tell(outcome: Outcome): string {
  switch (outcome.is) {
    case 'read':
      return short(outcome.reading);
    case 'ambiguous':
      return outcome.readings.map(short).join(' or ');
    case 'past':
      return `past ${new Date(outcome.at).toISOString().slice(0, 16)}Z`;
    case 'unclear':
      return 'unclear';
  }
}

const once: readonly [string, string][] = [
  ['in 20 minutes to call Bob', 'at 2026-03-04T09:20Z «call Bob»'],
  ['remind me to call Bob in 20 minutes', 'at 2026-03-04T09:20Z «call Bob»'],
  ['Please remind me in an hour about the soup', 'at 2026-03-04T10:00Z «the soup»'],
  ['in 90s: tea', 'at 2026-03-04T09:01:30.000Z «tea»'],
  ['in 1h30m pizza', 'at 2026-03-04T10:30Z «pizza»'],
  ['in 2 hours and 15 minutes pizza', 'at 2026-03-04T11:15Z «pizza»'],
  ['in half an hour pizza', 'at 2026-03-04T09:30Z «pizza»'],
  ['in 3 days at 9 check', 'at 2026-03-07T08:00Z «check»'],
  ['in 3 days check', 'at 2026-03-07T09:00Z «check»'],
  ['two weeks from now check', 'at 2026-03-18T09:00Z «check»'],
  // Over the change of the clocks: the same time of day.
  ['in 4 weeks check', 'at 2026-04-01T08:00Z «check»'],
  ['in a month check', 'at 2026-04-04T08:00Z «check»'],
  ['tomorrow 9am Berlin time call Ann', 'at 2026-03-05T08:00Z «call Ann»'],
  ['tomorrow 9am New York time call Ann', 'at 2026-03-05T14:00Z in America/New_York «call Ann»'],
  ['tomorrow at 9am EST call', 'at 2026-03-05T14:00Z in America/New_York «call»'],
  ['tomorrow at 9 Europe/Berlin: do it', 'at 2026-03-05T08:00Z «do it»'],
  ['tomorrow at 21:00 asia/tokyo: do it', 'at 2026-03-05T12:00Z in Asia/Tokyo «do it»'],
  ['call Ann tomorrow at 9am', 'at 2026-03-05T08:00Z «call Ann»'],
  ['tomorrow call Ann', 'at 2026-03-05T08:00Z «call Ann»'],
  ['the day after tomorrow in the evening call', 'at 2026-03-06T17:00Z «call»'],
  ['take pills at 8pm', 'at 2026-03-04T19:00Z «take pills»'],
  ['at 8am pills', 'at 2026-03-05T07:00Z «pills»'],
  ['at 20:15 the news', 'at 2026-03-04T19:15Z «the news»'],
  ['at 08:30 the news', 'at 2026-03-05T07:30Z «the news»'],
  ['17h30 leave', 'at 2026-03-04T16:30Z «leave»'],
  ['tomorrow at 8.30 leave', 'at 2026-03-05T07:30Z «leave»'],
  ['tomorrow at 12 lunch', 'at 2026-03-05T11:00Z «lunch»'],
  ['noon eat', 'at 2026-03-04T11:00Z «eat»'],
  ['at midnight sleep', 'at 2026-03-04T23:00Z «sleep»'],
  ['tonight at 8 watch the match', 'at 2026-03-04T19:00Z «watch the match»'],
  ['tonight watch the match', 'at 2026-03-04T19:00Z «watch the match»'],
  ['this evening call', 'at 2026-03-04T17:00Z «call»'],
  ['half past eight tomorrow call', 'at 2026-03-05T07:30Z «call»'],
  ['quarter to nine tomorrow evening call', 'at 2026-03-05T19:45Z «call»'],
  ['friday at 10 to call', 'at 2026-03-06T09:00Z «call»'],
  ['friday morning call', 'at 2026-03-06T08:00Z «call»'],
  // It is Wednesday, and nine has passed.
  ['wednesday at 9 to call', 'at 2026-03-11T08:00Z «call»'],
  ['wednesday at 11 to call', 'at 2026-03-04T10:00Z «call»'],
  ['next wednesday at 11 to call', 'at 2026-03-11T10:00Z «call»'],
  ['on sun at 10 church', 'at 2026-03-08T09:00Z «church»'],
  ['2026-12-24 18:00 candles', 'at 2026-12-24T17:00Z «candles»'],
  ['on 24 December at 18:00 to light the candles', 'at 2026-12-24T17:00Z «light the candles»'],
  ['December 24th 2027 6pm: candles', 'at 2027-12-24T17:00Z «candles»'],
  ['1 march at 9 spring', 'at 2027-03-01T08:00Z «spring»'],
  ['24.12. at 18:00 candles', 'at 2026-12-24T17:00Z «candles»'],
  ['13/4 at 9 something', 'at 2026-04-13T07:00Z «something»'],
  ['on the 15th at 9 pay', 'at 2026-03-15T08:00Z «pay»'],
  ['on the 3rd at 9 pay', 'at 2026-04-03T07:00Z «pay»'],
  ['end of month report', 'at 2026-03-31T07:00Z «report»'],
  ['last day of april report', 'at 2026-04-30T07:00Z «report»'],
];

/** A Wednesday evening. */
const later = Date.parse('2026-11-25T19:10:00Z');
const withWeekday: readonly [string, string][] = [
  ['on Monday, 1 March 2027 tea', 'at 2027-03-01T09:00Z «tea»'],
  ['on Wednesday, 25 November 2026, 20:00 (UTC) call mum', 'at 2026-11-25T20:00Z «call mum»'],
  ['once, on Wednesday, 25 November 2026, 20:00:30 (UTC) tea', 'at 2026-11-25T20:00:30.000Z «tea»'],
  ['on Friday, 27 November at 20:00 call mum', 'at 2026-11-27T20:00Z «call mum»'],
  ['Monday 30.11. at 9am tea', 'at 2026-11-30T09:00Z «tea»'],
  ['Monday 1.3. at 9am tea', 'at 2027-03-01T09:00Z «tea»'],
  ['Mon. 30 Nov at 9am tea', 'at 2026-11-30T09:00Z «tea»'],
  ['on Monday 2026-11-30 at 9am tea', 'at 2026-11-30T09:00Z «tea»'],
  ['Monday the 30th at 9am tea', 'at 2026-11-30T09:00Z «tea»'],
  ['Saturday 5/12 at 9am tea', 'at 2026-12-05T09:00Z «tea»'],
  ['2026-11-30 (Monday) 9am tea', 'at 2026-11-30T09:00Z «tea»'],
  ['tomorrow, Thursday, at 9am tea', 'at 2026-11-26T09:00Z «tea»'],
  ['tea on Monday, 30 November at 9am', 'at 2026-11-30T09:00Z «tea»'],
  ['on Wednesday 25 November at 9am tea', 'past 2026-11-25T09:00Z'],
  ['on Tuesday 30 November at 9am tea', '30 November 2026 is a Monday, not a Tuesday'],
  ['tea on Tuesday, 30 November at 9am', '30 November 2026 is a Monday, not a Tuesday'],
  ['tomorrow, Friday, at 9am tea', '26 November 2026 is a Thursday, not a Friday'],
  ['on the 31st of february tea', 'there is no 31 February'],
  ['next week tea', '"next week" names no day: say "monday", "in 1 week" or a date'],
  ['next week tea at 9am', '"next week" names no day: say "monday", "in 1 week" or a date'],
  ['tea next month', '"next month" names no day: say "monday", "in 1 week" or a date'],
  ['tea on Monday and Thursday at 9am', '"… and" cannot be kept to'],
  ['this evening tea', 'past 2026-11-25T18:00Z'],
  ['this afternoon at 3 tea', 'past 2026-11-25T15:00Z'],
  ['tea this morning', 'past 2026-11-25T09:00Z'],
  ['this evening at 9 tea', 'at 2026-11-25T21:00Z «tea»'],
  ['in the evening tea', 'at 2026-11-26T18:00Z «tea»'],
  // The rest of the time stands at the other end: it may be meant as a part of the text.
  ['tomorrow call Ann at 8pm', 'at 2026-11-26T09:00Z «call Ann at 8pm» or at 2026-11-26T20:00Z «call Ann»'],
  [
    'at 9am call Ann on friday',
    'at 2026-11-26T09:00Z «call Ann on friday» or at 2026-11-27T09:00Z «call Ann»',
  ],
  ['at 9am call Ann tomorrow', 'at 2026-11-26T09:00Z «call Ann»'],
  ['today call Ann at 9pm', 'at 2026-11-25T21:00Z «call Ann»'],
  ['in 20 minutes: friday report', 'at 2026-11-25T19:30Z «friday report»'],
  ["in 20 minutes tomorrow's lunch", "at 2026-11-25T19:30Z «tomorrow's lunch»"],
  ['turn the light on at 9pm', 'at 2026-11-25T21:00Z «turn the light on»'],
];

describe('a weekday with a date, and what else stands beside a time', () =>
  test.each(withWeekday)('%s', (phrase, expected) => {
    const outcome = read(phrase, later, 'UTC');
    const told = outcome.is === 'unclear' ? outcome.why : tell(outcome).replaceAll(' in UTC', '');
    expect(told).toBe(expected);
  }));

test('what stands beside a time and reads like one is refused', () => {
  for (const phrase of [
    'on Monday at 9am, 1 March 2027 tea',
    'on 1 March at 9am 2027 tea',
    'tea on friday monday at 9am',
    'tomorrow call Ann friday at 10',
    'on Monday at 9am every day tea',
  ])
    expect(read(phrase, later, 'UTC'), phrase).toHaveProperty(
      'why',
      expect.stringContaining('reads like a time'),
    );
});

test('a reading in Homer\u2019s own words is read again', () => {
  for (const phrase of ['tomorrow at 9 tea', 'in 90s tea', 'on 5 May at 18:00 New York time tea']) {
    const outcome = read(phrase, later, 'Europe/Berlin');
    if (outcome.is !== 'read') throw new Error(phrase);
    const words = tellReading(outcome.reading, [outcome.reading.firstAt ?? 0]);
    expect(read(`${words} tea`, later, 'UTC'), words).toMatchObject({
      is: 'read',
      reading: { spec: outcome.reading.spec, timeZone: outcome.reading.timeZone, text: 'tea' },
    });
  }
});

const often: readonly [string, string][] = [
  ['every weekday at 8 stand up', 'cron 0 8 * * 1-5 «stand up»'],
  ['weekdays at 17:30 go home', 'cron 30 17 * * 1-5 «go home»'],
  ['every day at 8:05am New York time: stocks', 'cron 5 8 * * * in America/New_York «stocks»'],
  ['daily at 9 read', 'cron 0 9 * * * «read»'],
  ['every morning brush', 'cron 0 9 * * * «brush»'],
  ['every evening at 9 read', 'cron 0 21 * * * «read»'],
  ['every day at midnight back up', 'cron 0 0 * * * «back up»'],
  ['every weekend sleep', 'cron 0 9 * * 0,6 «sleep»'],
  ['mondays at 9 plan', 'cron 0 9 * * 1 «plan»'],
  ['plan every monday at 9', 'cron 0 9 * * 1 «plan»'],
  ['every monday, wednesday and friday at 7am run', 'cron 0 7 * * 1,3,5 «run»'],
  ['on mondays and thursdays at 18:00 sports', 'cron 0 18 * * 1,4 «sports»'],
  ['every 1st of the month pay rent', 'cron 0 9 1 * * «pay rent»'],
  ['on the 15th of every month at 8 pay rent', 'cron 0 8 15 * * «pay rent»'],
  ['every last day of the month at 17:00 report', 'cron 0 17 L * * «report»'],
  ['every 24 december at 18:00 candles', 'cron 0 18 24 12 * «candles»'],
  ['every year on 1 may at 8 flowers', 'cron 0 8 1 5 * «flowers»'],
  ['every 20 minutes stretch', 'every 20m from 2026-03-04T09:00Z «stretch»'],
  ['hourly drink', 'every 1h from 2026-03-04T09:00Z «drink»'],
  ['every half hour drink', 'every 30m from 2026-03-04T09:00Z «drink»'],
  ['every 2 days at 9 water the plants', 'every 2d from 2026-03-05T08:00Z «water the plants»'],
  ['every other day water the plants', 'every 2d from 2026-03-05T08:00Z «water the plants»'],
  ['every other friday at 16:30 beer', 'every 2w from 2026-03-06T15:30Z «beer»'],
];

const asked: readonly [string, string][] = [
  ['at 8 take pills', 'at 2026-03-04T19:00Z «take pills» or at 2026-03-05T07:00Z «take pills»'],
  ['next friday at 10 to call', 'at 2026-03-06T09:00Z «call» or at 2026-03-13T09:00Z «call»'],
  ['tomorrow at 3 dentist', 'at 2026-03-05T02:00Z «dentist» or at 2026-03-05T14:00Z «dentist»'],
  ['tomorrow at midnight sleep', 'at 2026-03-04T23:00Z «sleep» or at 2026-03-05T23:00Z «sleep»'],
  ['every weekday at 5 go home', 'cron 0 17 * * 1-5 «go home» or cron 0 5 * * 1-5 «go home»'],
  ['5/6 at 9 birthday', 'at 2026-05-06T07:00Z «birthday» or at 2026-06-05T07:00Z «birthday»'],
];

const refused: readonly [string, string][] = [
  ['yesterday at 8 nothing', 'past 2026-03-03T07:00Z'],
  ['today at 8am nothing', 'past 2026-03-04T07:00Z'],
  ['last friday at 9 nothing', 'past 2026-02-27T08:00Z'],
  ['2020-01-01 at 9 nothing', 'past 2020-01-01T08:00Z'],
  ['', 'unclear'],
  ['   ', 'unclear'],
  ['tomorrow', 'unclear'],
  ['call Bob', 'unclear'],
  ['tell Bob tomorrow about lunch', 'unclear'],
  ['every 0 minutes stretch', 'unclear'],
  ['every second breathe', 'unclear'],
  ['every blue moon dance', 'unclear'],
  ['every february 30 nothing', 'unclear'],
  ['every 32nd pay', 'unclear'],
  ['every 99999 weeks nothing', 'unclear'],
  ['in 0 days nothing', 'unclear'],
  ['in 200 years nothing', 'unclear'],
  ['in 99999999999 years nothing', 'unclear'],
  ['feb 30 at 9 nothing', 'unclear'],
  ['2026-02-30 at 9 nothing', 'unclear'],
  ['tomorrow at 25:00 nothing', 'unclear'],
  ['tomorrow at 9am in Atlantis time nothing', 'unclear'],
  ['every day at 8 until friday pills', 'unclear'],
  ['on monday and thursday at 9 sports', 'unclear'],
  ['at 15:00 in the morning nothing', 'unclear'],
  // Digits of other scripts, words that only look like a time, and what would steer a terminal.
  ['in ٢٠ minutes call', 'unclear'],
  ['second breakfast', 'unclear'],
  ['march of the penguins', 'unclear'],
  ['\u202eminutes 02 ni', 'unclear'],
  ['x'.repeat(2_001), 'unclear'],
];

test('there are phrases enough', () => {
  expect(once.length + often.length + asked.length + refused.length).toBeGreaterThan(100);
});

describe('once', () =>
  test.each(once)('%s', (phrase, expected) => expect(tell(read(phrase, now, zone))).toBe(expected)));
describe('again and again', () =>
  test.each(often)('%s', (phrase, expected) => expect(tell(read(phrase, now, zone))).toBe(expected)));
describe('asked back', () =>
  test.each(asked)('%s', (phrase, expected) => expect(tell(read(phrase, now, zone))).toBe(expected)));
describe('refused', () =>
  test.each(refused)('%s', (phrase, expected) => expect(tell(read(phrase, now, zone))).toBe(expected)));

test('what only looks like a time stays in the text', () => {
  const cases: readonly [string, string][] = [
    ['sun cream tomorrow', 'at 2026-03-05T08:00Z «sun cream»'],
    ['tomorrow 5 people come', 'at 2026-03-05T08:00Z «5 people come»'],
    ['every day 8 glasses of water', 'cron 0 9 * * * «8 glasses of water»'],
    [
      'tomorrow at 9 prepare the talk for friday at 10',
      'at 2026-03-05T08:00Z «prepare the talk for friday at 10»',
    ],
    ['tomorrow at 9 rm -rf / ; $(reboot)', 'at 2026-03-05T08:00Z «rm -rf / ; $(reboot)»'],
    ['tomorrow\u0007 at 9\u001b[2J call', 'at 2026-03-05T08:00Z «[2J call»'],
  ];
  for (const [phrase, expected] of cases) expect(tell(read(phrase, now, zone))).toBe(expected);
});

test('a time that the clocks leave out is said to be so', () => {
  const outcome = read('2026-03-29 02:30 listen', now, zone);
  expect(outcome).toMatchObject({ is: 'read', reading: { leapt: true, spec: '2026-03-29T01:00:00.000Z' } });
  if (outcome.is === 'read')
    expect(tellReading(outcome.reading, [Date.parse(outcome.reading.spec)])).toContain(
      '03:00 (Europe/Berlin); the clocks',
    );
});

test('each choice has words that mean it alone', () => {
  for (const [phrase] of [...asked, ...once, ...often]) {
    const outcome = read(phrase, now, zone);
    const readings =
      outcome.is === 'read' ? [outcome.reading] : outcome.is === 'ambiguous' ? outcome.readings : [];
    for (const reading of readings) {
      const again = read(reading.phrase, now, 'Pacific/Auckland');
      // Seconds are not said.
      const minute = (text: string): string => text.replace(/:\d\d\.000Z/, 'Z');
      expect(minute(tell(again)), `${phrase} → ${reading.phrase}`).toBe(minute(short(reading)));
    }
  }
});

test('reads anything in no time, never throws, and never reads a time that has passed', () => {
  const word = fc.constantFrom(
    ...'in at on every other next last tomorrow today friday mon 8 08:30 8pm noon midnight minutes days weeks 2 20 31st december 2026-02-29 29/2 1.1. the of month year and , : to call Berlin time Europe/Berlin half past quarter morning night UTC each weekend from now'.split(
      ' ',
    ),
  );
  const phrase = fc.oneof(
    fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.tuple(word, fc.nat(400)).map(([each, times]) => `${each} `.repeat(times)),
  );
  const zones = fc.constantFrom(zone, 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Kiritimati');
  fc.assert(
    fc.property(phrase, zones, fc.integer({ min: 0, max: 400 }), (text, timeZone, days) => {
      const at = now + days * 86_399_000;
      const begun = performance.now();
      const outcome = read(text, at, timeZone);
      expect(performance.now() - begun).toBeLessThan(400);
      const readings =
        outcome.is === 'read' ? [outcome.reading] : outcome.is === 'ambiguous' ? outcome.readings : [];
      for (const reading of readings) {
        expect(reading.text).not.toBe('');
        expect(reading.firstAt ?? Infinity).toBeGreaterThan(at);
        if (reading.kind === 'at') expect(Date.parse(reading.spec)).toBe(reading.firstAt);
      }
      if (outcome.is === 'ambiguous') expect(outcome.readings.length).toBeGreaterThan(1);
    }),
    { numRuns: 400 },
  );
}, 60_000);
