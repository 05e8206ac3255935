// Operations on lanes and executors.

import { z } from 'zod';
import type { Config, ExecutorConfig } from '../config/config.ts';
import { HomerError } from '../core/errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { defineOperation, type Operation } from './operation.ts';

export interface LaneOperationsOptions {
  readonly ledger: Ledger;
  readonly engine: Engine;
  readonly config: () => Config;
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
  readonly defaultExecutor: () => string | null;
  /** Looks for agents that were installed since. */
  readonly lookAgain: () => Promise<boolean>;
}

export const laneView = z.object({
  lane: z.string(),
  concurrency: z.int(),
  rate: z.object({ count: z.int(), perMs: z.int() }).nullable(),
  queued: z.int(),
  running: z.int(),
  paused: z.boolean(),
  /**
   * Its budget of the day, or that of all lanes, is used up, or (`byUnknown`) a run ended of which nobody knows what it used
   * and the budget refuses that: nothing is started until then.
   */
  closed: z.object({ until: z.iso.datetime(), why: z.string(), byUnknown: z.boolean() }).nullable(),
});

export type LaneView = z.infer<typeof laneView>;

/** Lanes with their limits and depth, in the order of the configuration. */
export async function viewLanes({
  ledger,
  engine,
  config,
}: Pick<LaneOperationsOptions, 'ledger' | 'engine' | 'config'>): Promise<LaneView[]> {
  const { lanes } = config();
  return (await engine.depth()).map((depth) => {
    const limits = lanes[depth.lane];
    const spent = ledger.spending.closed(depth.lane, ledger.now());
    const closed = spent === null ? null : { ...spent, until: new Date(spent.until).toISOString() };
    return { ...depth, concurrency: limits?.concurrency ?? 1, rate: limits?.rate ?? null, closed };
  });
}

export function laneOperations(options: LaneOperationsOptions): readonly Operation[] {
  const { ledger, engine } = options;

  async function setPaused(lane: string, isPaused: boolean): Promise<{ output: { lanes: LaneView[] } }> {
    const { lanes } = options.config();
    if (!Object.hasOwn(lanes, lane)) {
      throw new HomerError(
        'HOMER_LANE_UNKNOWN',
        `There is no lane "${lane}". There are: ${Object.keys(lanes).join(', ')}.`,
      );
    }
    await ledger.commit(() => ledger.lanes.setPaused(lane, isPaused, ledger.now()));
    await engine.refresh();
    return { output: { lanes: await viewLanes(options) } };
  }

  const laneInput = z.strictObject({ lane: z.string().min(1).max(64) });
  const lanesOutput = z.object({ lanes: z.array(laneView) });
  return [
    defineOperation({
      name: 'lanes.list',
      input: z.strictObject({}),
      output: lanesOutput,
      async handle() {
        return { output: { lanes: await viewLanes(options) } };
      },
    }),
    defineOperation({
      name: 'lanes.pause',
      input: laneInput,
      output: lanesOutput,
      handle: ({ lane }) => setPaused(lane, true),
    }),
    defineOperation({
      name: 'lanes.resume',
      input: laneInput,
      output: lanesOutput,
      handle: ({ lane }) => setPaused(lane, false),
    }),
    defineOperation({
      name: 'executors.list',
      input: z.strictObject({}),
      output: z.object({
        executors: z.array(
          z.object({
            name: z.string(),
            kind: z.string(),
            bin: z.string(),
            configured: z.boolean(),
            isDefault: z.boolean(),
            /** Where the task goes: into an argument (`{prompt}` of `argv`) or to standard input. */
            input: z.enum(['argument', 'stdin']),
          }),
        ),
      }),
      async handle() {
        await options.lookAgain();
        const chosen = options.defaultExecutor();
        const executors = Object.entries(options.executors()).map(
          ([name, { kind, bin, configured, input }]) => ({
            name,
            kind,
            bin,
            configured,
            isDefault: name === chosen,
            input,
          }),
        );
        return { output: { executors } };
      },
    }),
  ];
}
