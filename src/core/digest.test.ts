import { describe, expect, test } from 'vitest';
import { decideGap, decideRestart, type BootSpan, type GapFacts } from './digest.ts';

const hour = 3_600_000;
const boot = (changes: Partial<BootSpan> = {}): BootSpan => ({
  startedAt: 0,
  endedAt: 1 * hour,
  ending: 'drained',
  why: null,
  seenAt: null,
  hostBootId: 'h1',
  version: '1',
  isRestored: false,
  ...changes,
});
const killed = { endedAt: null, ending: null, seenAt: hour } as const;

describe('why it restarted', () => {
  test.each([
    ['stopped', boot({ why: 'SIGTERM' }), boot(), 'SIGTERM'],
    ['update', boot({ why: 'homer stop' }), boot({ version: '2' }), '1 → 2'],
    ['crashed', boot({ ending: 'crashed', why: 'disk I/O error' }), boot(), 'disk I/O error'],
    ['killed', boot(killed), boot(), null],
    ['killed', boot({ ...killed, hostBootId: null }), boot(), null],
    ['restored', boot(killed), boot({ isRestored: true }), null],
    ['restored', boot({ why: 'SIGTERM' }), boot({ hostBootId: 'h2', isRestored: true }), null],
    ['host', boot(killed), boot({ hostBootId: 'h2' }), null],
    ['host', boot({ why: 'SIGTERM' }), boot({ hostBootId: 'h2' }), 'SIGTERM'],
  ] as const)('%s', (cause, before, after, detail) =>
    expect(decideRestart(before, { ...after, startedAt: 2 * hour })).toMatchObject({
      cause,
      detail,
      downSince: hour,
      at: 2 * hour,
    }),
  );
});

describe('what is told', () => {
  const facts = (changes: Partial<GapFacts> = {}): GapFacts => ({
    now: 20 * hour,
    afterMs: 8 * hour,
    downtimeMs: hour / 12,
    toldUntil: 0,
    boots: [boot({ startedAt: 0, endedAt: null, ending: null })],
    personSeenAt: null,
    personIsHere: false,
    ...changes,
  });
  const afterDowntime = [
    boot({ startedAt: 19 * hour, endedAt: null, ending: null }),
    boot({ endedAt: 10 * hour }),
  ];

  test('nothing at the first start, and nothing while nobody was away', () => {
    expect(decideGap(facts())).toBeNull();
    expect(decideGap(facts({ personSeenAt: 13 * hour, personIsHere: true }))).toBeNull();
  });

  test('a silence, once the person is back', () => {
    expect(decideGap(facts({ personSeenAt: 11 * hour }))).toBeNull();
    expect(decideGap(facts({ personSeenAt: 11 * hour, personIsHere: true }))).toEqual({
      cause: 'silence',
      since: 11 * hour,
    });
  });

  test('a downtime, whether anybody is there or not, from its beginning', () =>
    expect(decideGap(facts({ boots: afterDowntime }))).toEqual({ cause: 'downtime', since: 10 * hour }));

  test('a downtime within a silence, with all of the silence', () =>
    expect(decideGap(facts({ boots: afterDowntime, personSeenAt: 2 * hour }))).toEqual({
      cause: 'downtime',
      since: 2 * hour,
    }));

  test('nothing that was told before, neither the downtime nor the silence around it', () => {
    const told = { boots: afterDowntime, personSeenAt: 2 * hour, toldUntil: 19.1 * hour };
    expect(decideGap(facts(told))).toBeNull();
    expect(decideGap(facts({ ...told, personIsHere: true }))).toBeNull();
  });

  test('a short restart is none, nor is one of which nobody knows how long it was', () => {
    const short = [boot({ startedAt: 10.01 * hour }), boot({ endedAt: 10 * hour })];
    expect(decideGap(facts({ boots: short }))).toBeNull();
    expect(
      decideGap(facts({ boots: [boot({ startedAt: 19 * hour }), boot({ ...killed, seenAt: null })] })),
    ).toBeNull();
  });

  test('the whole of several downtimes of which nothing was told', () => {
    const boots = [
      boot({ startedAt: 19 * hour, endedAt: null }),
      boot({ startedAt: 12 * hour, endedAt: 18 * hour }),
      boot({ startedAt: 0, endedAt: 10 * hour }),
    ];
    expect(decideGap(facts({ boots, toldUntil: 5 * hour }))?.since).toBe(10 * hour);
  });
});
