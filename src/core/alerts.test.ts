import { describe, expect, test } from 'vitest';
import {
  alertRules,
  decideAlerts,
  defaultTerms,
  type Alert,
  type AlertPolicy,
  type AlertReading,
  type AlertRule,
  type Notice,
  type Silence,
} from './alerts.ts';

const minute = 60_000;
const start = 1_000_000_000;
const policy: AlertPolicy = { terms: defaultTerms, repeatMs: 240 * minute, isQuiet: () => false };

/** Readings of one rule over time, minute by minute, through the state that is kept. */
function live(
  rule: AlertRule,
  values: readonly (number | null)[],
  more: { policy?: AlertPolicy; silences?: readonly Silence[] } = {},
): { readonly told: readonly [minute: number, is: Notice['is']][]; readonly left: readonly Alert[] } {
  let alerts: readonly Alert[] = [];
  const told: [number, Notice['is']][] = [];
  values.forEach((value, index) => {
    const readings: AlertReading[] = value === null ? [] : [{ rule, subject: 's', value, text: `${value}.` }];
    // As after a restart: what is kept is text.
    const kept = JSON.parse(JSON.stringify(alerts)) as readonly Alert[];
    const decision = decideAlerts(
      kept,
      readings,
      more.silences ?? [],
      more.policy ?? policy,
      start + index * minute,
    );
    alerts = decision.alerts;
    for (const { is } of decision.notices) told.push([index, is]);
  });
  return { told, left: alerts };
}

const good = (rule: AlertRule): number =>
  defaultTerms[rule].below === true ? defaultTerms[rule].clearAt + 1 : 0;
const bad = (rule: AlertRule): number => defaultTerms[rule].raiseAt;
const times = (count: number, value: number): number[] => Array<number>(count).fill(value);

describe.each(alertRules)('%s', (rule) => {
  const wait = defaultTerms[rule].forMs / minute;

  test('fires once and resolves once, with every look a restart', () => {
    const { told, left } = live(rule, [
      ...times(2, good(rule)),
      ...times(30, bad(rule)),
      ...times(30, good(rule)),
    ]);
    expect(told).toEqual([
      [2 + wait, 'firing'],
      [32 + wait, 'resolved'],
    ]);
    expect(left).toEqual([]);
  });

  test('resolves when there is nothing to read of it any more', () => {
    const { told } = live(rule, [...times(30, bad(rule)), ...Array<null>(30).fill(null)]);
    expect(told.map(([, is]) => is)).toEqual(['firing', 'resolved']);
  });
});

test('what is wrong for too short a time is told to nobody', () => {
  const { told, left } = live('component-down', [...times(5, 1), 0, ...times(5, 1), 0]);
  expect(told).toEqual([]);
  expect(left).toEqual([]);
});

test('between the marks it stays as it was, so that nothing flutters', () => {
  const between = 600;
  expect(live('queue-age', [0, between, between]).told).toEqual([]);
  expect(live('queue-age', [900, between, 900, between, 899, 300, 299, 600]).told).toEqual([
    [0, 'firing'],
    [6, 'resolved'],
  ]);
});

test('well for a moment only is not the end of it', () => {
  const wrong = times(6, 1);
  expect(live('component-down', [...wrong, 0, 0, 1, 1, 0, 1, ...times(6, 0)]).told).toEqual([
    [5, 'firing'],
    [17, 'resolved'],
  ]);
});

test('what lasts is told again', () => {
  const { told } = live('queue-age', times(500, 1_000));
  expect(told).toEqual([
    [0, 'firing'],
    [240, 'still'],
    [480, 'still'],
  ]);
});

describe('after the clock was set back by a year', () => {
  const year = 365 * 24 * 60 * minute;
  const wrong: AlertReading = { rule: 'component-down', subject: 's', value: 1, text: 'It is away.' };
  const look = (known: readonly Alert[], readings: readonly AlertReading[], now: number) =>
    decideAlerts(known, readings, [], policy, now);

  test('what is wrong is told after as long as ever, and again', () => {
    let { alerts } = look([], [wrong], start + year);
    alerts = look(alerts, [wrong], start).alerts;
    const told = look(alerts, [wrong], start + 5 * minute);
    expect(told.notices.map(({ is }) => is)).toEqual(['firing']);
    const ahead = look(look([], [wrong], start + year).alerts, [wrong], start + year + 5 * minute);
    expect(ahead.notices).toHaveLength(1);
    alerts = look(ahead.alerts, [wrong], start).alerts;
    expect(look(alerts, [wrong], start + 240 * minute).notices.map(({ is }) => is)).toEqual(['still']);
  });

  test('what is well again is told after as long as ever', () => {
    let { alerts } = look(look([], [wrong], start + year).alerts, [wrong], start + year + 5 * minute);
    alerts = look(alerts, [], start + year + 6 * minute).alerts;
    alerts = look(alerts, [], start).alerts;
    expect(look(alerts, [], start + 5 * minute).notices.map(({ is }) => is)).toEqual(['resolved']);
  });
});

describe('hushed', () => {
  const quiet: AlertPolicy = { ...policy, isQuiet: (now) => now < start + 10 * minute };

  test('in quiet hours it waits for their end, unless it is critical', () => {
    expect(live('queue-age', times(20, 1_000), { policy: quiet }).told).toEqual([[10, 'firing']]);
    expect(live('crash-loop', times(20, 3), { policy: quiet }).told).toEqual([[0, 'firing']]);
  });

  test('what came and went in quiet hours is told to nobody', () => {
    expect(live('queue-age', [...times(5, 1_000), ...times(15, 0)], { policy: quiet }).told).toEqual([]);
  });

  test('what was told before is resolved also in quiet hours', () => {
    const later: AlertPolicy = { ...policy, isQuiet: (now) => now > start + 2 * minute };
    expect(live('queue-age', [...times(5, 1_000), 0], { policy: later }).told).toEqual([
      [0, 'firing'],
      [5, 'resolved'],
    ]);
  });

  test('a silence is for one rule, or one subject of it, and has an end', () => {
    const silence: Silence = { id: 'a', rule: 'queue-age', subject: null, until: start + 5 * minute };
    const told = (changes: Partial<Silence>) =>
      live('queue-age', times(8, 1_000), { silences: [{ ...silence, ...changes }] }).told;
    expect(told({})).toEqual([[5, 'firing']]);
    expect(told({ subject: 's' })).toEqual([[5, 'firing']]);
    expect(told({ subject: 'another' })).toEqual([[0, 'firing']]);
    expect(told({ rule: 'disk' })).toEqual([[0, 'firing']]);
  });
});

test('a rule that is switched off ends what it has begun', () => {
  const reading: AlertReading = { rule: 'disk', subject: '', value: 1, text: 'Full.' };
  const firing: Alert = {
    ...{ rule: 'disk', subject: '', phase: 'firing', since: start, firedAt: start },
    ...{ toldAt: start, text: 'Full.' },
  };
  const decision = decideAlerts([firing], [reading], [], { ...policy, terms: {} }, start + minute);
  expect(decision.alerts).toEqual([]);
  expect(decision.notices).toMatchObject([{ is: 'resolved', rule: 'disk' }]);
});

test('what fires in one look is told together', () => {
  const readings = ['one', 'two'].map((subject) => ({
    ...({ rule: 'queue-age', subject, value: 1_000, text: `${subject} waits.` } as const),
  }));
  expect(decideAlerts([], readings, [], policy, start).notices).toHaveLength(2);
});
