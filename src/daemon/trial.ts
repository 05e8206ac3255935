// The first start of a new version (docs/update.md): until its canary is through nothing else is taken in, claimed, adopted,
// settled or delivered. That it is taken over is on disk before anything else begins.

import { canaryName } from '../core/canary.ts';
import { HomerError } from '../core/errors.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Canary } from '../health/canary.ts';
import type { Log } from '../lifecycle/log.ts';
import type { Shutdown } from '../lifecycle/shutdown.ts';
import { readUpdate, writeUpdate, type UpdateRecord } from '../lifecycle/update-record.ts';
import type { Worker } from '../worker/worker.ts';

export interface TrialParts {
  readonly worker: Worker;
  readonly canary: Canary;
  readonly shutdown: Shutdown;
  readonly background: AbortController;
}

export interface Trial {
  /** The lane of which alone runs are adopted at the start; undefined: all, since nothing is on trial. */
  readonly only: string | undefined;
  /**
   * Resolves with the number of runs adopted when it is passed and all may begin, with null when the daemon is told to stop
   * meanwhile. HOMER_TRIAL_FAILED, with the daemon stopped.
   */
  pass(parts: TrialParts): Promise<number | null>;
}

/** A canary that can be ended is by then; one that cannot must not keep the version before from coming back. */
const stopMs = 15_000;

/** Holds the gateway when update.json says that this start is a trial. */
export function openTrial(home: string, gateway: Pick<Gateway, 'hold'>, log: Log): Trial {
  const record = readUpdate(home);
  if (record?.phase !== 'trial') return { only: undefined, pass: async () => 0 };
  gateway.hold(
    new HomerError(
      'HOMER_TRIAL',
      `Homer ${record.to.version} is on trial; it takes no work before it has passed.`,
    ),
  );
  log.info({ version: record.to.version }, 'on trial');
  const late = new AbortController();
  const timers = [
    setTimeout(() => late.abort(tooLate(record)), record.trialMs),
    // Whatever hangs: nobody may be there who would end it.
    setTimeout(() => {
      log.error({}, tooLate(record).message);
      process.exit(1);
    }, record.trialMs + stopMs),
  ];
  return {
    only: canaryName,
    async pass({ worker, canary, shutdown, background }) {
      const failure = await failureOf(worker, canary, AbortSignal.any([late.signal, background.signal]));
      if (shutdown.isUnderWay) return null;
      if (failure !== null) {
        log.error({}, failure.message);
        await shutdown.request('kill', failure.message);
        await shutdown.done;
        throw failure;
      }
      for (const timer of timers) clearTimeout(timer);
      writeUpdate(home, { ...record, phase: 'done' });
      log.info({ version: record.to.version }, 'the trial is passed');
      const adopted = await worker.recover();
      gateway.hold(null);
      return adopted;
    },
  };
}

/** Null: the canary came through. Never rejects. */
async function failureOf(worker: Worker, canary: Canary, signal: AbortSignal): Promise<HomerError | null> {
  try {
    await worker.receive(canaryName);
    const { isThrough, reason } = await canary.prove(signal);
    if (isThrough) return null;
    return new HomerError(
      'HOMER_TRIAL_FAILED',
      `The canary did not come through: ${reason ?? 'for no known reason'}`,
    );
  } catch (error) {
    if (error instanceof HomerError) return error;
    return new HomerError('HOMER_TRIAL_FAILED', 'The canary could not be sent.', { cause: error });
  }
}

function tooLate({ trialMs }: UpdateRecord): HomerError {
  return new HomerError(
    'HOMER_TRIAL_FAILED',
    `The canary was not through after ${Math.round(trialMs / 1_000)} s.`,
  );
}
