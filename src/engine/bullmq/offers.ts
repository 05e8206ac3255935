// The jobs that were offered to workers and not yet asked for. Kept in memory only: after a restart, or when Redis
// was away, everything that may be claimed is offered anew.

import type { JobId } from '../../core/ids.ts';

export interface Offer {
  /** Of the BullMQ job: `<job>.<boot epoch>.<count>`, so that no offer is mistaken for one before it. */
  readonly id: string;
  readonly jobId: JobId;
  readonly lane: string;
  /** On the clock that never jumps, ms. */
  readonly madeAt: number;
}

export class Offers {
  readonly #epoch: number;
  readonly #open = new Map<JobId, Offer>();
  #staged: Offer[] = [];
  #count = 0;

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

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
    const offer = { id: `${jobId}.${this.#epoch}.${++this.#count}`, jobId, lane, madeAt: now };
    this.#open.set(jobId, offer);
    this.#staged.push(offer);
  }

  /** Those to send now. */
  takeStaged(): readonly Offer[] {
    return this.#staged.splice(0);
  }

  /** The commit was lost, and what was found in it may not be so. */
  forgetStaged(): void {
    for (const { jobId } of this.#staged.splice(0)) this.#open.delete(jobId);
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
