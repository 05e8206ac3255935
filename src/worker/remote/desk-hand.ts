// Takes what a worker reports of one of its runs: the journal into the mirror, its end to whoever waits for it.

import type { Ledger } from '../../ledger/ledger.ts';
import { isVerdict } from '../../core/verdict.ts';
import { isPassing, persist } from '../persist.ts';
import { addToMirror, measureJournal } from './mirror.ts';
import type { Down, Up } from './messages.ts';
import type { RemoteRun } from './remote-run.ts';

type Report = Exclude<Up, { type: 'ready' | 'beat' }>;
type Ended = Extract<Up, { type: 'ended' }>;

export interface DeskHandOptions {
  readonly ledger: Ledger;
  readonly say: (host: string, message: Down) => void;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

/** While the disk takes nothing. */
const retryMs = 2_000;

export class DeskHand {
  readonly #options: DeskHandOptions;

  constructor(options: DeskHandOptions) {
    this.#options = options;
  }

  take(remote: RemoteRun, message: Report, body: Buffer): void {
    remote.isHeld = true;
    switch (message.type) {
      case 'started':
        this.#keep(remote, this.#started(remote));
        return;
      case 'journal':
        this.#add(remote, message.at, body);
        return;
      case 'ended':
        this.#keep(remote, this.#ended(remote, message));
        return;
      case 'unused':
        remote.end({ how: 'unused', why: message.why, declines: message.declines });
        return;
      case 'unproven':
        remote.end({ how: 'unproven', why: message.why });
    }
  }

  async #started({ run, host }: RemoteRun): Promise<void> {
    const { ledger } = this.#options;
    const { claims } = ledger;
    await persist(
      ledger,
      () => {
        // Told again in a later conversation.
        const known = claims.findRun(run.claim.runId);
        if (known?.state === 'starting') claims.recordStart(run.claim, `worker:${host}`, ledger.now());
      },
      new AbortController().signal,
    );
  }

  #add(remote: RemoteRun, at: number, body: Buffer): void {
    const { runId } = remote.run.claim;
    const { host, run } = remote;
    try {
      const bytes = addToMirror(run.directory, at, body);
      const isGap = bytes < at;
      this.#options.say(host, { type: 'got', runId, bytes, ...(isGap ? { rewind: true } : {}) });
    } catch (error) {
      if (!isPassing(error)) throw error;
      // Asked for again when there may be room.
      setTimeout(() => this.#options.say(host, { type: 'got', runId, bytes: at, rewind: true }), retryMs);
    }
  }

  async #ended(remote: RemoteRun, { report, journal }: Ended): Promise<void> {
    const { runId } = remote.run.claim;
    if (!isVerdict(report.verdict)) throw new Error('It ended with a verdict that is not known here.');
    const here = await measureJournal(remote.run.directory);
    if (here.bytes === journal.bytes && here.sha256 === journal.sha256) remote.end({ how: 'ended', report });
    // Cut off: the rest is asked for. Another one altogether: it stays as it came, and the end counts.
    else if (here.bytes < journal.bytes)
      this.#options.say(remote.host, { type: 'got', runId, bytes: here.bytes, rewind: true });
    else remote.end({ how: 'ended', report });
  }

  #keep(remote: RemoteRun, promise: Promise<void>): void {
    promise.catch((error: unknown) =>
      this.#options.onError(error, { runId: remote.run.claim.runId, worker: remote.host }),
    );
  }
}
