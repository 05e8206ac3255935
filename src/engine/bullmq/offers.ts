// The jobs that were offered to workers and not yet asked for. Kept in memory only: after a restart, or when Redis
// was away, everything that may be claimed is offered anew.

import type { JobId } from '../../core/ids.ts';

/** What one commit found of a lane that may be claimed now: sent, taken and answered as one, which costs as much as for one job. */
export interface Offer {
  /** Of the BullMQ job: `<first job>.<boot epoch>.<count>`, so that no offer is mistaken for one before it. */
  readonly id: string;
  readonly lane: string;
  readonly jobIds: readonly JobId[];
  /** On the clock that never jumps, ms. */
  readonly madeAt: number;
}

const jobsPerOffer = 100;

export class Offers {
  readonly #epoch: number;
  readonly #open = new Map<JobId, Offer>();
  #staged: (Offer & { readonly jobIds: JobId[] })[] = [];
  #count = 0;

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  /** Jobs that are offered. */
  get size(): number {
    return this.#open.size;
  }

  /** In the order in which they were made. */
  get oldest(): Offer | undefined {
    return this.#open.values().next().value;
  }

  find(jobId: JobId): Offer | undefined {
    return this.#open.get(jobId);
  }

  /** Inside the commit: to be sent once it is on disk. Nothing happens to a job that is offered already. */
  stage(jobId: JobId, lane: string, now: number): void {
    if (this.#open.has(jobId)) return;
    let offer = this.#staged.findLast((staged) => staged.lane === lane);
    if (offer === undefined || offer.jobIds.length === jobsPerOffer) {
      offer = { id: `${jobId}.${this.#epoch}.${++this.#count}`, lane, jobIds: [], madeAt: now };
      this.#staged.push(offer);
    }
    offer.jobIds.push(jobId);
    this.#open.set(jobId, offer);
  }

  /** Those to send now. */
  takeStaged(): readonly Offer[] {
    return this.#staged.splice(0);
  }

  /** The commit was lost, and what was found in it may not be so. */
  forgetStaged(): void {
    for (const { jobIds } of this.#staged.splice(0)) for (const jobId of jobIds) this.#open.delete(jobId);
  }

  /** It was asked for, claimed otherwise, or is not to be claimed any more. */
  delete(jobId: JobId): void {
    this.#open.delete(jobId);
  }

  clear(): void {
    this.#open.clear();
    this.#staged = [];
  }
}
