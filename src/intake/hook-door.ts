// What stands behind the address of a webhook, as those see it who answer its senders.

import type { HomerError } from '../core/errors.ts';
import type { JobId } from '../core/ids.ts';
import type { HookIntake } from './hooks.ts';

export interface HookDoor extends HookIntake {
  /** What a sender may know of the job: where it stands, and what came of it only when `withResult`. */
  view(id: JobId, withResult: boolean): unknown;
  /** A delivery was refused; counted where there is a webhook of this name. */
  refused(name: string, error: HomerError): void;
  /** Resolves with whether the job has ended, then or after `timeoutMs`, or when nobody waits any more. */
  untilEnded(id: JobId, timeoutMs: number, gone: AbortSignal): Promise<boolean>;
}
