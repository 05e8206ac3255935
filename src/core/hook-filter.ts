// Which deliveries become jobs. Pure: the delivery goes in, the reason for leaving it out comes back.

import type { HookScheme } from './hook.ts';
import { lookUp, type HookData, type HookPath } from './hook-path.ts';

export type Scalar = string | number | boolean | null;

export interface HookCondition {
  /** As it was written. */
  readonly text: string;
  readonly path: HookPath;
  readonly anyOf: readonly Scalar[];
}

export interface HookFilter {
  readonly scheme: HookScheme;
  /** Where the kind of event stands. */
  readonly event: HookPath;
  /** Empty: all. */
  readonly events: readonly string[];
  /** All must hold. */
  readonly when: readonly HookCondition[];
}

export function eventOf(filter: Pick<HookFilter, 'event'>, data: HookData): string | null {
  const event = lookUp(filter.event, data);
  return typeof event === 'string' ? event : null;
}

/** null: it becomes a job. The reason never repeats what the sender wrote. */
export function decideIgnore(filter: HookFilter, data: HookData): string | null {
  const event = eventOf(filter, data);
  if (filter.events.length > 0 && (event === null || !filter.events.includes(event)))
    return `its event is none of ${filter.events.join(', ')}`;
  // GitHub says hello to a new hook; that is no work unless somebody asked for it.
  if (filter.events.length === 0 && filter.scheme === 'github' && event === 'ping') return 'it is a ping';
  for (const { text, path, anyOf } of filter.when) {
    const value = lookUp(path, data);
    if (!anyOf.some((each) => each === value))
      return `${text} is none of ${anyOf.map((each) => JSON.stringify(each)).join(', ')}`;
  }
  return null;
}
