// When somebody is told that something is wrong, and that it is well again. Pure: what is read and the clock are handed in.

export const alertRules = [
  'queue-age',
  'failure-rate',
  'component-down',
  'missed-occurrence',
  'disk',
  'backup-age',
  'crash-loop',
  'budget',
  'executor-signed-out',
  'worker-lost',
  'loop-lag',
] as const;

export type AlertRule = (typeof alertRules)[number];

export interface RuleTerms {
  /** It is wrong from here on; with `below`, from here down. */
  readonly raiseAt: number;
  /** It is well again beyond this; between the two it stays as it was. */
  readonly clearAt: number;
  readonly below?: true;
  /** As long must it be wrong before somebody is told, and as long well, ms. */
  readonly forMs: number;
  /** `critical` is told in quiet hours too. */
  readonly severity: 'warning' | 'critical';
  /** Of the values, for people. */
  readonly unit: 's' | 'bytes' | 'ratio' | 'count';
}

const minuteMs = 60_000;
const hour = 3_600;
const gib = 1024 ** 3;

export const defaultTerms: Readonly<Record<AlertRule, RuleTerms>> = {
  'queue-age': { raiseAt: 900, clearAt: 300, forMs: 0, severity: 'warning', unit: 's' },
  'failure-rate': { raiseAt: 0.5, clearAt: 0.25, forMs: 0, severity: 'warning', unit: 'ratio' },
  'component-down': { raiseAt: 1, clearAt: 1, forMs: 5 * minuteMs, severity: 'critical', unit: 'count' },
  'missed-occurrence': { raiseAt: 1, clearAt: 1, forMs: 0, severity: 'warning', unit: 'count' },
  disk: { raiseAt: gib, clearAt: 2 * gib, below: true, forMs: minuteMs, severity: 'critical', unit: 'bytes' },
  'backup-age': { raiseAt: 26 * hour, clearAt: 25 * hour, forMs: 0, severity: 'warning', unit: 's' },
  'crash-loop': { raiseAt: 3, clearAt: 1, forMs: 0, severity: 'critical', unit: 'count' },
  budget: { raiseAt: 0.9, clearAt: 0.8, forMs: 0, severity: 'warning', unit: 'ratio' },
  'executor-signed-out': { raiseAt: 1, clearAt: 1, forMs: 0, severity: 'warning', unit: 'count' },
  'worker-lost': { raiseAt: 1, clearAt: 1, forMs: 2 * minuteMs, severity: 'warning', unit: 'count' },
  'loop-lag': { raiseAt: 1, clearAt: 0.5, forMs: minuteMs, severity: 'warning', unit: 's' },
};

/** How one thing is now. What a rule had something to say of and says nothing any more is well. */
export interface AlertReading {
  readonly rule: AlertRule;
  /** A lane, a part, an executor, …; empty where there is only one. */
  readonly subject: string;
  readonly value: number;
  /** One sentence, said while it is wrong. */
  readonly text: string;
}

/** Something that is, or may be about to be, wrong; times in ms since the epoch. */
export interface Alert {
  readonly rule: AlertRule;
  readonly subject: string;
  /** `pending`: not for long enough yet; `clearing`: well again, not for long enough yet. */
  readonly phase: 'pending' | 'firing' | 'clearing';
  /** Since when it is in this phase. */
  readonly since: number;
  /** Null while it is pending. */
  readonly firedAt: number | null;
  /** When somebody was last told that it is wrong; null: nobody was, and nobody is told when it is well. */
  readonly toldAt: number | null;
  readonly text: string;
}

export interface Silence {
  readonly id: string;
  readonly rule: AlertRule;
  /** Null: whatever it is about. */
  readonly subject: string | null;
  readonly until: number;
}

export interface AlertPolicy {
  /** Rules that are left out are off. */
  readonly terms: Readonly<Partial<Record<AlertRule, RuleTerms>>>;
  /** What is still wrong is told again after this, ms. */
  readonly repeatMs: number;
  readonly isQuiet: (now: number) => boolean;
}

export interface Notice {
  readonly is: 'firing' | 'still' | 'resolved';
  readonly rule: AlertRule;
  readonly subject: string;
  readonly text: string;
  /** Since when it is, or for how long it was, wrong. */
  readonly firedAt: number;
}

export interface AlertDecision {
  readonly alerts: readonly Alert[];
  /** To be told together, in one message. */
  readonly notices: readonly Notice[];
}

type Subject = Pick<Alert, 'rule' | 'subject'>;

const keyOf = ({ rule, subject }: Subject): string => `${rule}\0${subject}`;

export function isSilenced({ rule, subject }: Subject, silences: readonly Silence[], now: number): boolean {
  return silences.some(
    (silence) =>
      silence.until > now &&
      silence.rule === rule &&
      (silence.subject === null || silence.subject === subject),
  );
}

/** What is wrong now, and what somebody is to be told of it. */
export function decideAlerts(
  known: readonly Alert[],
  readings: readonly AlertReading[],
  silences: readonly Silence[],
  policy: AlertPolicy,
  now: number,
): AlertDecision {
  const before = new Map(known.map((alert) => [keyOf(alert), notAhead(alert, now)]));
  const read = new Map(readings.map((reading) => [keyOf(reading), reading]));
  const alerts: Alert[] = [];
  const notices: Notice[] = [];
  for (const key of new Set([...before.keys(), ...read.keys()])) {
    const was = before.get(key);
    const reading = read.get(key);
    const subject = was ?? reading;
    if (subject === undefined) continue;
    const terms = policy.terms[subject.rule];
    const moved = terms === undefined ? null : move(was ?? null, reading ?? null, terms, now);
    const isHushed =
      isSilenced(subject, silences, now) || (terms?.severity !== 'critical' && policy.isQuiet(now));
    const { alert, notice } = tell(was ?? null, moved, isHushed, policy.repeatMs, now);
    if (alert !== null) alerts.push(alert);
    if (notice !== null) notices.push(notice);
  }
  return { alerts, notices };
}

/** After the clock was set back nothing may wait until it has caught up. */
function notAhead(alert: Alert, now: number): Alert {
  const { since, firedAt, toldAt } = alert;
  return {
    ...alert,
    since: Math.min(since, now),
    firedAt: firedAt === null ? null : Math.min(firedAt, now),
    toldAt: toldAt === null ? null : Math.min(toldAt, now),
  };
}

/** The next phase of one; null: it is well. */
function move(was: Alert | null, reading: AlertReading | null, terms: RuleTerms, now: number): Alert | null {
  const how = reading === null ? 'well' : judge(reading.value, terms);
  const text = how === 'well' ? (was?.text ?? '') : (reading?.text ?? '');
  if (was === null || was.phase === 'pending') {
    // Between the two marks nothing new begins.
    if (how !== 'wrong') return null;
    const since = was?.since ?? now;
    const base = was ?? { rule: reading?.rule ?? 'disk', subject: reading?.subject ?? '', toldAt: null };
    const hasLasted = now - since >= terms.forMs;
    return hasLasted
      ? { ...base, text, phase: 'firing', since: now, firedAt: now }
      : { ...base, text, phase: 'pending', since, firedAt: null };
  }
  if (how !== 'well')
    return was.phase === 'firing' ? { ...was, text } : { ...was, text, phase: 'firing', since: now };
  const since = was.phase === 'clearing' ? was.since : now;
  return now - since >= terms.forMs ? null : { ...was, phase: 'clearing', since };
}

function judge(value: number, { raiseAt, clearAt, below }: RuleTerms): 'wrong' | 'between' | 'well' {
  const [worse, mark, clear] = below === true ? [-value, -raiseAt, -clearAt] : [value, raiseAt, clearAt];
  if (worse >= mark) return 'wrong';
  return worse < clear || clear === mark ? 'well' : 'between';
}

/** What is told of it: each change once, nothing that was hushed until it may be said, no end of what nobody heard of. */
function tell(
  was: Alert | null,
  alert: Alert | null,
  isHushed: boolean,
  repeatMs: number,
  now: number,
): { readonly alert: Alert | null; readonly notice: Notice | null } {
  if (alert === null) {
    const isEnd = was !== null && was.toldAt !== null && was.firedAt !== null;
    return { alert, notice: isEnd ? noticeOf('resolved', was) : null };
  }
  if (alert.phase !== 'firing' || isHushed) return { alert, notice: null };
  if (alert.toldAt === null) return { alert: { ...alert, toldAt: now }, notice: noticeOf('firing', alert) };
  if (now - alert.toldAt < repeatMs) return { alert, notice: null };
  return { alert: { ...alert, toldAt: now }, notice: noticeOf('still', alert) };
}

function noticeOf(is: Notice['is'], { rule, subject, text, firedAt }: Alert): Notice {
  return { is, rule, subject, text, firedAt: firedAt ?? 0 };
}
