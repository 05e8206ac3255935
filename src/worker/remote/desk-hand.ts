// Takes what a worker reports of one of its runs: the journal into the mirror, its end to whoever waits for it.

import type { Ledger } from '../../ledger/ledger.ts';
import { isVerdict } from '../../core/verdict.ts';
import { isPassing, persist } from '../persist.ts';
import { areLeftFiles, leftLimits, type LeftFiles, sizeOf } from '../../core/left-files.ts';
import { addToMirror, measure } from './mirror.ts';
import { type Down, type RunFile, runFiles, type Up } from './messages.ts';
import type { RemoteRun } from './remote-run.ts';

type Report = Exclude<Up, { type: 'ready' | 'beat' }>;
type Ended = Extract<Up, { type: 'ended' }>;
type Part = Extract<Up, { type: 'part' }>;

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
      case 'part':
        this.#add(remote, message, body);
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

  #add(remote: RemoteRun, { file, at }: Part, body: Buffer): void {
    // No worker of this version sends more, or anything else.
    if (!runFiles.includes(file) || (file === 'left' && at + body.length > leftLimits.bytes)) return;
    try {
      const bytes = addToMirror(remote.run.directory, file, at, body);
      this.#got(remote, file, bytes, bytes < at);
    } catch (error) {
      if (!isPassing(error)) throw error;
      // Asked for again when there may be room.
      setTimeout(() => this.#got(remote, file, at, true), retryMs);
    }
  }

  async #ended(remote: RemoteRun, { report, journal, left }: Ended): Promise<void> {
    const { directory } = remote.run;
    if (!isVerdict(report.verdict)) throw new Error('It ended with a verdict that is not known here.');
    const here = await measure(directory, 'journal');
    // Cut off: the rest is asked for. Another one altogether: it stays as it came, and the end counts.
    if (here.bytes < journal.bytes) this.#got(remote, 'journal', here.bytes, true);
    else if (!areLeftFiles(left)) remote.end({ how: 'ended', report, left: null });
    else {
      const { bytes, sha256 } = await measure(directory, 'left');
      if (bytes < sizeOf(left.files)) this.#got(remote, 'left', bytes, true);
      else remote.end({ how: 'ended', report, left: sha256 === left.sha256 ? left : failed(left) });
    }
  }

  #got(remote: RemoteRun, file: RunFile, bytes: number, isRewind: boolean): void {
    const { runId } = remote.run.claim;
    const rewind = isRewind ? { rewind: true as const } : {};
    this.#options.say(remote.host, { type: 'got', runId, file, bytes, ...rewind });
  }

  #keep(remote: RemoteRun, promise: Promise<void>): void {
    promise.catch((error: unknown) =>
      this.#options.onError(error, { runId: remote.run.claim.runId, worker: remote.host }),
    );
  }
}

/** What came is not what was sent. */
function failed({ files, sha256, staying }: LeftFiles): LeftFiles {
  return {
    files: [],
    sha256,
    staying: [...staying, ...files.map(({ name }) => ({ name, why: 'failed' as const }))],
  };
}
