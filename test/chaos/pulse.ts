// What runs of the fixture pulse.sh have said of their lives.

import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { linesOf, until, untilLines } from './signals.ts';

/** One process: when it was first and last seen alive, ms since the epoch, and whether it came to its end. */
export interface Life {
  readonly who: string;
  readonly startedAt: number;
  readonly lastSeenAt: number;
  /** All times at which it was. */
  readonly said: readonly number[];
  readonly ended: boolean;
}

/** In the order in which they began. */
export function livesOf(path: string): Life[] {
  const lives = new Map<string, Life>();
  for (const line of linesOf(`${path}.pulse`)) {
    const [what = '', who = '', at = ''] = line.split(' ');
    const before = lives.get(who);
    lives.set(who, {
      who,
      startedAt: before?.startedAt ?? Number(at),
      lastSeenAt: Number(at),
      said: [...(before?.said ?? []), Number(at)],
      ended: what === 'end',
    });
  }
  return [...lives.values()];
}

/** By how many ms the life of one run reached into that of the next, at worst. */
export function overlapMs(path: string): number {
  const lives = livesOf(path);
  return Math.max(
    0,
    ...lives.slice(1).map(({ startedAt }, index) => (lives[index]?.lastSeenAt ?? 0) - startedAt),
  );
}

export function letGo(path: string): void {
  writeFileSync(`${path}.go`, '');
}

/** Resolves when so many lines were said. */
export function untilPulse(path: string, lines = 1): Promise<void> {
  return untilLines(`${path}.pulse`, lines);
}

/** Resolves when so many runs have begun. */
export function untilLives(path: string, count: number): Promise<void> {
  return until([dirname(path)], () => livesOf(path).length >= count);
}
