// Whether Homer can take work now: the ledger takes a write, its disk has room, the engine answers. Asked by whoever sends it work
// (`/readyz`), so the probe itself is made only now and then.

import { statfs } from 'node:fs/promises';
import type { Engine } from '../engine/engine.ts';
import type { Ledger } from '../ledger/ledger.ts';

export interface ReadinessOptions {
  readonly ledger: Ledger;
  readonly engine: Pick<Engine, 'depth'>;
  /** The state directory. */
  readonly home: string;
  /** ms of a clock that only goes forward. */
  readonly now: () => number;
}

/** With less than this free a write may fail at any time, bytes. */
export const leastFreeBytes = 16 * 1024 * 1024;
/** One probe answers all who ask within this, ms. */
const probeLastsMs = 5_000;

/** True when all three hold. Never rejects. */
export function createReadiness({ ledger, engine, home, now }: ReadinessOptions): () => Promise<boolean> {
  let probed = { at: -Infinity, answer: Promise.resolve(false) };
  const probe = async (): Promise<boolean> => {
    try {
      const [free] = await Promise.all([freeBytes(home), ledger.probe(), engine.depth()]);
      return free >= leastFreeBytes;
    } catch {
      // Why it is not is told by those who watch the ledger and the engine.
      return false;
    }
  };
  return () => {
    // What is known to be refused needs no probe.
    if (ledger.writer.state.is !== 'writing') return Promise.resolve(false);
    if (now() - probed.at >= probeLastsMs) probed = { at: now(), answer: probe() };
    return probed.answer;
  };
}

/** What the user of this process may still write on the disk of a directory. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
