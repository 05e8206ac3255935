// Stopping, as a list of steps that anybody may ask for, more than once and ever more urgently.

/** `drain` gives runs their time, `now` hands them over at once, `kill` ends them. */
export type StopMode = 'drain' | 'now' | 'kill';

export interface StopSteps {
  /** 1 Nothing new is taken in or started. */
  refuse(): Promise<void>;
  /** 2 Resolves when no run is left, or when they have had their time. */
  drain(): Promise<void>;
  /** 3 Only for `kill`: ends the runs and waits for them. */
  end(): Promise<void>;
  /** 4 Lets go of what still runs, for the next start to adopt; resolves with how many there are. */
  handOver(): Promise<number>;
  /** 5 Closes what is open; `why` is what was said first. */
  close(left: number, why: string): Promise<void>;
}

export interface Shutdown {
  readonly isUnderWay: boolean;
  /** Resolves with the number of runs that go on, before anything is closed. `why`, in words, is written down. */
  request(mode: StopMode, why: string): Promise<number>;
  /** Resolves when all is closed. */
  readonly done: Promise<void>;
}

export function createShutdown(steps: StopSteps): Shutdown {
  const hurry = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  let endsRuns = false;
  let handedOver: Promise<number> | null = null;

  async function stop(why: string): Promise<number> {
    await steps.refuse();
    await Promise.race([steps.drain(), hurry.promise]);
    if (endsRuns) await steps.end();
    const left = await steps.handOver();
    steps.close(left, why).then(done.resolve, done.reject);
    return left;
  }

  return {
    get isUnderWay() {
      return handedOver !== null;
    },
    request(mode, why) {
      if (mode !== 'drain') hurry.resolve();
      if (mode === 'kill') endsRuns = true;
      if (handedOver === null) {
        handedOver = stop(why);
        handedOver.catch(done.reject);
      }
      return handedOver;
    },
    done: done.promise,
  };
}
