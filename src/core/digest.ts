// "While you were away": why the daemon restarted, and whether somebody is to be told of a time without it, or without them. Pure.

/** A start of the daemon and how it ended, as the ledger has it; times in ms since the epoch. */
export interface BootSpan {
  readonly startedAt: number;
  /** When it said good-bye; null: it did not. */
  readonly endedAt: number | null;
  readonly ending: 'drained' | 'crashed' | null;
  /** Why it ended, in words. */
  readonly why: string | null;
  /** The last sign of life of one that was killed, as far as is known. */
  readonly seenAt: number | null;
  readonly hostBootId: string | null;
  readonly version: string;
  /** It found a ledger that had been put back from a backup. */
  readonly isRestored: boolean;
}

/** `restored`: how the boot before ended is not in the backup; `host`: the machine was restarted or lost its power; `killed`: by a signal nobody can answer, or for want of memory. */
export type RestartCause = 'stopped' | 'update' | 'crashed' | 'killed' | 'host' | 'restored';
export const restartCauses: readonly RestartCause[] = [
  'stopped',
  'update',
  'crashed',
  'killed',
  'host',
  'restored',
];

export const causeWords: Readonly<Record<RestartCause, string>> = {
  stopped: 'it was stopped',
  update: 'an update',
  crashed: 'it crashed',
  killed: 'it was killed (kill -9, or no memory was left)',
  host: 'the machine was restarted, or lost its power',
  restored: 'its ledger was restored from a backup',
};

export interface Restart {
  readonly at: number;
  /** When the boot before was last there; null: not known. */
  readonly downSince: number | null;
  readonly cause: RestartCause;
  /** In words, such as the signal or the error; null: there is nothing to add. */
  readonly detail: string | null;
  readonly version: string;
}

/** When a boot was last known to be there. */
export function lastThere(boot: BootSpan): number | null {
  return boot.endedAt ?? boot.seenAt;
}

/** Why `after` followed on `before`. */
export function decideRestart(before: BootSpan, after: BootSpan): Restart {
  const isOtherHost =
    before.hostBootId !== null && after.hostBootId !== null && before.hostBootId !== after.hostBootId;
  const isOtherVersion = before.version !== after.version;
  const cause = ((): RestartCause => {
    if (after.isRestored) return 'restored';
    if (before.ending === 'crashed') return 'crashed';
    if (isOtherHost) return 'host';
    if (before.ending === null) return 'killed';
    return isOtherVersion ? 'update' : 'stopped';
  })();
  const detail = isOtherVersion
    ? `${before.version} → ${after.version}`
    : after.isRestored
      ? null
      : before.why;
  return { at: after.startedAt, downSince: lastThere(before), cause, detail, version: after.version };
}

export interface Gap {
  readonly cause: 'downtime' | 'silence';
  /** What came after this is told. */
  readonly since: number;
}

export interface GapFacts {
  readonly now: number;
  /** A person who was silent for so long is told what came meanwhile, ms. */
  readonly afterMs: number;
  /** A time without Homer that is this long is told, ms. */
  readonly downtimeMs: number;
  /** All up to here was told, or is nobody's news. */
  readonly toldUntil: number;
  /** Newest first, the present one included. */
  readonly boots: readonly BootSpan[];
  /** The last sign of the person before now; null: none is known. */
  readonly personSeenAt: number | null;
  readonly personIsHere: boolean;
}

/** What is to be told now; null: nothing. */
export function decideGap(facts: GapFacts): Gap | null {
  const { now, afterMs, toldUntil, personSeenAt, personIsHere } = facts;
  const silentSince = personSeenAt === null ? null : Math.max(personSeenAt, toldUntil);
  const isSilence = silentSince !== null && now - silentSince >= afterMs;
  const down = oldestDowntime(facts);
  if (down !== null) return { cause: 'downtime', since: isSilence ? Math.min(silentSince, down) : down };
  return isSilence && personIsHere ? { cause: 'silence', since: silentSince } : null;
}

function oldestDowntime({ boots, downtimeMs, toldUntil }: GapFacts): number | null {
  let oldest: number | null = null;
  boots.forEach((after, index) => {
    const before = boots[index + 1];
    const downSince = before === undefined ? null : lastThere(before);
    if (downSince === null || after.startedAt <= toldUntil) return;
    if (after.startedAt - downSince >= downtimeMs) oldest = downSince;
  });
  return oldest;
}
