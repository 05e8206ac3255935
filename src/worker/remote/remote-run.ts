// A run on another host, in the hands of this daemon: its lease, and how it will have ended.

import type { LeftFiles } from '../../core/left-files.ts';
import type { RunReport } from '../../ledger/run-record.ts';
import type { LedgerRun } from '../ledger-book.ts';

export type Outcome =
  | { readonly how: 'ended'; readonly report: RunReport; readonly left: LeftFiles | null }
  /** It never came to a runner, and nothing is burnt. */
  | { readonly how: 'unused'; readonly why: string; readonly declines: boolean }
  | { readonly how: 'unproven'; readonly why: string }
  /** Its lease has passed: nothing of it is alive any more, and nobody knows how it ended. */
  | { readonly how: 'lost'; readonly why: string };

export class RemoteRun {
  readonly run: LedgerRun;
  readonly host: string;
  readonly #outcome = Promise.withResolvers<Outcome>();
  /** On the steady clock, ms. */
  leaseEndsAt: number;
  /** The worker said that it has it. */
  isHeld: boolean;
  /** The conversation and the number of the message with which it was granted; null: by an earlier daemon. */
  grantedIn: { readonly talk: number; readonly message: number } | null = null;
  /** The last order that was passed on in the present conversation. */
  ordered = 0;

  constructor(
    run: LedgerRun,
    host: string,
    { leaseEndsAt, isHeld }: { leaseEndsAt: number; isHeld: boolean },
  ) {
    this.run = run;
    this.host = host;
    this.leaseEndsAt = leaseEndsAt;
    this.isHeld = isHeld;
  }

  get outcome(): Promise<Outcome> {
    return this.#outcome.promise;
  }

  /** The first counts. */
  end(outcome: Outcome): void {
    this.#outcome.resolve(outcome);
  }

  /** Whether a token is of this claim, also in the words of a daemon before this one, which it outlived. */
  isOfClaim(token: string): boolean {
    const [generation, , fence] = this.run.claim.token.split('.');
    const [itsGeneration, , itsFence] = token.split('.');
    return generation === itsGeneration && fence === itsFence;
  }
}
