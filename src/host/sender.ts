// Sends the files of a run, as much of each as may be under way, and its ending once the daemon has all of them.

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { sizeOf } from '../core/left-files.ts';
import type { WorkerEnd } from '../remote/conversation.ts';
import { fileNames } from '../runner/files.ts';
import type { Down, RunFile, Up } from '../worker/remote/messages.ts';
import { measure } from '../worker/remote/mirror.ts';
import type { HostRun } from './host-run.ts';

export interface SenderOptions {
  readonly end: WorkerEnd<Down, Up>;
  /** Counts up with each conversation. */
  readonly talk: () => number;
  readonly onError: (error: unknown, run: HostRun) => void;
}

const chunkBytes = 48 * 1024;
/** Of one file, under way at a time. */
const windowBytes = 8 * chunkBytes;

export class Sender {
  readonly #options: SenderOptions;
  readonly #sending = new Set<HostRun>();
  readonly #again = new Set<HostRun>();

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** There is more to tell of the run, or room for more. Returns at once. */
  send(run: HostRun): void {
    if (run.starts > 0 && run.transit.journal.sent === 0 && run.ending === null)
      this.#options.end.say({ type: 'started', runId: run.claim.runId });
    if (this.#sending.has(run)) {
      this.#again.add(run);
      return;
    }
    this.#sending.add(run);
    this.#send(run)
      .catch((error: unknown) => this.#options.onError(error, run))
      .finally(() => {
        this.#sending.delete(run);
        if (this.#again.delete(run)) this.send(run);
      });
  }

  async #send(run: HostRun): Promise<void> {
    await this.#sendFile(run, 'journal');
    const { ending } = run;
    if (ending === null) return;
    const left = ending.type === 'ended' ? ending.left : null;
    if (left !== null && left.files.length > 0) await this.#sendFile(run, 'left');
    await this.#sendEnding(run);
  }

  async #sendFile(run: HostRun, file: RunFile): Promise<void> {
    const { end } = this.#options;
    const { runId } = run.claim;
    const transit = run.transit[file];
    while (end.isOpen && !run.isGone && transit.sent - transit.acknowledged < windowBytes) {
      const talk = this.#options.talk();
      const at = transit.sent;
      const part = await readPart(join(run.directory, fileNames[file]), at);
      // Begun anew meanwhile, or sent back: what was read is not what comes next.
      if (talk !== this.#options.talk() || at !== transit.sent) continue;
      if (part.length === 0) return;
      if (end.say({ type: 'part', runId, file, at }, part) === null) return;
      transit.sent += part.length;
    }
  }

  async #sendEnding(run: HostRun): Promise<void> {
    const { end, talk } = this.#options;
    const { runId, token } = run.claim;
    const { ending, transit } = run;
    if (ending === null || run.isGone || run.reportedIn === talk()) return;
    if (Object.values(transit).some(({ acknowledged, sent }) => acknowledged < sent)) return;
    const journal = await measure(run.directory, 'journal');
    const leftBytes = ending.type === 'ended' ? sizeOf(ending.left?.files ?? []) : 0;
    if (journal.bytes > transit.journal.acknowledged || leftBytes > transit.left.acknowledged) return;
    if (!end.isOpen) return;
    run.reportedIn = talk();
    end.say(
      ending.type === 'ended'
        ? { type: 'ended', runId, token, report: ending.report, journal, left: ending.left }
        : { type: 'unproven', runId, token, why: ending.why },
    );
  }
}

/** Empty at the end of the file, or where there is none. */
async function readPart(path: string, at: number): Promise<Buffer> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return Buffer.alloc(0);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, at);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
