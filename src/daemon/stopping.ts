// How the daemon comes to an end: step by step, or at once when nothing can be trusted any more.

import { messageOf } from '../core/errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../lifecycle/log.ts';
import type { Service } from '../lifecycle/service.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';
import { createShutdown, type Shutdown } from '../lifecycle/shutdown.ts';
import type { RemoteRuns } from '../worker/remote/remote-runs.ts';
import type { Worker } from '../worker/worker.ts';

export interface StoppingParts {
  readonly gateway: Gateway;
  readonly ledger: Ledger;
  readonly engine: Engine;
  readonly worker: Worker;
  readonly remote: RemoteRuns;
  /** What brings work in by itself; stopped first, the last one first. */
  readonly inlets: readonly Service[];
  /** What carries results out; stopped when no run can settle any more. */
  readonly outlets: readonly Service[];
  readonly watchdog: Service;
  readonly log: Log;
  readonly supervisor: Supervisor;
  /** Aborted when the daemon begins to stop. */
  readonly background: AbortController;
  /** How long runs may take to finish, ms. */
  readonly drainMs: () => number;
  /** Takes away what points to this daemon. */
  readonly removeRecord: () => Promise<void>;
}

/** A runner's kill ladder is done in less, and one that heeds no order is killed within 35 s. */
const killWaitMs = 50_000;

/** Stopping in order; what each step must have done is in lifecycle/shutdown.ts. */
export function createDaemonShutdown(parts: StoppingParts): Shutdown {
  const { gateway, ledger, engine, worker, log } = parts;
  return createShutdown({
    refuse: async () => {
      log.info({ running: worker.liveCount }, 'stopping');
      parts.supervisor.stopping(`Stopping, ${worker.liveCount} running.`);
      gateway.drain();
      parts.background.abort();
      await stopAll(parts.inlets);
      await engine.close();
    },
    drain: () => worker.drain(parts.drainMs()),
    end: () => {
      worker.endAll();
      return worker.drain(killWaitMs);
    },
    handOver: () => worker.handOver(),
    close: async (left, why) => {
      await stopAll(parts.outlets);
      await parts.remote.stop();
      await gateway.close();
      ledger.close('drained', why);
      await parts.removeRecord();
      await parts.watchdog.stop();
      log.info({ left }, 'stopped');
    },
  });
}

async function stopAll(services: readonly Service[]): Promise<void> {
  for (const service of services.toReversed()) await service.stop();
}

/** Nothing can be trusted any more: written down, and out. Runs go on and are adopted by the next start. */
export function crash(error: unknown, ledger: Ledger, log: Log): never {
  log.error({ error }, 'crashed');
  try {
    ledger.close('crashed', reasonOf(error));
  } catch (closing) {
    log.error({ error: closing }, 'the ledger could not be closed');
  }
  process.exit(1);
}

/** One line that says enough. */
function reasonOf(error: unknown): string {
  return (messageOf(error).split('\n', 1)[0] ?? '').slice(0, 300);
}

/** The first signal lets runs finish; the second is in a hurry; the third wants us gone whatever is left undone: all of it can be recovered. */
export function stopBySignal(signal: string, count: number, shutdown: Shutdown, log: Log): void {
  log.info({ signal, count }, 'signal');
  if (count > 2) process.exit(1);
  void shutdown.request(count === 1 ? 'drain' : 'now', signal);
}
