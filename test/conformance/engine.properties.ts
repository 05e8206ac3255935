// What holds of every engine in whatever order things happen.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JobId } from '../../src/core/ids.ts';
import { isEnded } from '../../src/core/job.ts';
import { verdicts, type Verdict } from '../../src/core/verdict.ts';
import type { Claim } from '../../src/engine/engine.ts';
import { EngineRoom, type EngineDriver, type Lanes } from './engine-room.ts';

export function engineProperties(name: string, driver: EngineDriver): void {
  describe(`${name}: in any order`, () => {
    test('every lane that can be enqueued is claimed, whatever its name, configured or not', async () => {
      const odd = ['__proto__', 'constructor', 'toString', 'ä ö', "'; --", '0', 'a:b', ' '];
      const laneName = fc.oneof(fc.constantFrom(...odd), fc.string({ minLength: 1, maxLength: 12 }));
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({ lane: laneName, jobs: fc.integer({ min: 1, max: 3 }), configured: fc.boolean() }),
            {
              minLength: 1,
              maxLength: 6,
            },
          ),
          (lanes) => {
            const configured = lanes
              .filter((lane) => lane.configured)
              .map(({ lane }) => [lane, { concurrency: 2, rate: null }]);
            return EngineRoom.with(driver, Object.fromEntries(configured) as Lanes, async (room) => {
              const drafts = lanes.flatMap(({ lane, jobs }) =>
                Array.from({ length: jobs }, () => ({ lane })),
              );
              const ids = await room.acceptAll(drafts);
              await room.refresh();
              for (const _ of ids) await room.settle(await room.next());
              for (const id of ids) expect(room.state(id)).toBe('succeeded');
            });
          },
        ),
        { numRuns: 40 },
      );
    });

    test('no job is in two runs, no ended job comes back, no slot is passed, and no job is lost', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 40 }), (steps) =>
          EngineRoom.with(
            driver,
            { a: { concurrency: 2, rate: null }, b: { concurrency: 1, rate: null } },
            async (room) => {
              const walk = new Walk(room);
              for (const step of steps) {
                await walk.take(step);
                walk.check();
              }
              await walk.finish();
            },
          ),
        ),
        { numRuns: 60 },
      );
    });
  });
}

type Step =
  | { readonly do: 'accept'; readonly lane: string; readonly priority: number; readonly delayMs: number }
  | { readonly do: 'settle'; readonly nth: number; readonly verdict: Verdict; readonly unproven: boolean }
  | { readonly do: 'settleTwice' | 'handBack' | 'cancel' | 'retry'; readonly nth: number }
  | { readonly do: 'pause'; readonly lane: string; readonly paused: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'restart'; readonly how: 'politely' | 'by a crash'; readonly adopts: boolean };

const laneOf = fc.constantFrom('a', 'b', 'c');
const nth = fc.nat(20);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      lane: laneOf,
      priority: fc.integer({ min: -2, max: 2 }),
      delayMs: fc.constantFrom(0, 0, 0, 5_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      nth,
      verdict: fc.constantFrom(...verdicts),
      unproven: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('settleTwice' as const, 'handBack' as const, 'cancel' as const, 'retry' as const),
      nth,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('pause' as const), lane: laneOf, paused: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 2_000, 60_000, 3_600_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('restart' as const),
      how: fc.constantFrom('politely' as const, 'by a crash' as const),
      adopts: fc.boolean(),
    }),
  },
);

/** One walk through the life of a daemon; remembers what it was promised. */
class Walk {
  readonly #room: EngineRoom;
  readonly #jobs: JobId[] = [];
  readonly #ended = new Map<JobId, string>();
  #live: Claim[] = [];
  #seen = 0;

  constructor(room: EngineRoom) {
    this.#room = room;
  }

  async take(step: Step): Promise<void> {
    const room = this.#room;
    this.#collect();
    switch (step.do) {
      case 'accept': {
        const runAfter = step.delayMs > 0 ? room.now + step.delayMs : null;
        this.#jobs.push(await room.accept({ lane: step.lane, priority: step.priority, runAfter }));
        break;
      }
      case 'settle': {
        const claim = this.#live[step.nth % this.#live.length];
        if (claim !== undefined)
          await room.settle(claim, step.verdict, { tree: step.unproven ? 'unproven' : 'dead' });
        break;
      }
      case 'settleTwice': {
        const claim = this.#live[step.nth % this.#live.length];
        if (claim === undefined) break;
        const both = await Promise.allSettled([room.settle(claim), room.settle(claim)]);
        expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
        break;
      }
      case 'handBack': {
        const claim = this.#live[step.nth % this.#live.length];
        if (claim !== undefined) await room.handBack(claim);
        break;
      }
      case 'cancel':
      case 'retry': {
        const id = this.#jobs[step.nth % this.#jobs.length];
        if (id === undefined) break;
        if (step.do === 'cancel') await room.cancel(id).catch(expectRefusal);
        else {
          await room.ledger.commit(() => room.ledger.jobs.retry(id, room.now)).catch(expectRefusal);
          if (!isEnded(room.state(id))) this.#ended.delete(id);
          await room.engine.offer([id]);
        }
        break;
      }
      case 'pause':
        await room.setPaused(step.lane, step.paused);
        break;
      case 'pass':
        await room.pass(step.ms);
        break;
      case 'restart':
        await this.#restart(step.how, step.adopts);
        break;
    }
  }

  async #restart(how: 'politely' | 'by a crash', adopts: boolean): Promise<void> {
    const adopted: Claim[] = [];
    this.#live = [];
    this.#seen = this.#room.handedOut.length;
    await this.#room.restart(how, async ({ ledger, now }) => {
      await ledger.commit(() => {
        for (const run of ledger.claims.liveRuns()) {
          const claim = ledger.claims.adopt(run.id, now);
          if (adopts) adopted.push(claim);
          else ledger.claims.handBack(claim, 0, now);
        }
      });
    });
    this.#live.push(...adopted);
  }

  /** Takes notice of what was handed out and of what is settled by now. */
  #collect(): void {
    const { ledger, handedOut } = this.#room;
    this.#live.push(...handedOut.slice(this.#seen));
    this.#seen = handedOut.length;
    this.#live = this.#live.filter(({ runId }) => ledger.claims.findRun(runId)?.state !== 'ended');
  }

  check(): void {
    const { ledger } = this.#room;
    this.#collect();
    const liveRuns = ledger.claims.liveRuns();
    expect(new Set(liveRuns.map(({ jobId }) => jobId)).size).toBe(liveRuns.length);
    expect(ledger.claims.runningIn('b')).toBeLessThanOrEqual(1);
    expect(ledger.claims.runningIn('a')).toBeLessThanOrEqual(2);
    expect(ledger.claims.runningIn('c')).toBeLessThanOrEqual(1);
    for (const id of this.#jobs) {
      const { state } = ledger.jobs.get(id);
      const open = ledger.claims.runsOf(id).filter((run) => run.state !== 'ended').length;
      expect(open).toBe(state === 'running' ? 1 : 0);
      const before = this.#ended.get(id);
      if (before !== undefined) expect(state).toBe(before);
      if (isEnded(state)) this.#ended.set(id, state);
    }
    expect(liveRuns.length).toBe(this.#jobs.filter((id) => ledger.jobs.get(id).state === 'running').length);
  }

  /** Everything that was accepted can be brought to its end: nothing was lost on the way. */
  async finish(): Promise<void> {
    const room = this.#room;
    for (const lane of ['a', 'b', 'c']) await room.setPaused(lane, false);
    for (const id of this.#jobs) {
      if (room.state(id) === 'waiting') await room.ledger.commit(() => room.ledger.jobs.retry(id, room.now));
    }
    await room.pass(86_400_000);
    this.#collect();
    while (this.#jobs.some((id) => !isEnded(room.state(id)))) {
      const [claim] = this.#live;
      if (claim === undefined) {
        const next = await room.next();
        if (room.ledger.claims.findRun(next.runId)?.state !== 'ended') await room.settle(next);
      } else await room.settle(claim);
      this.#collect();
    }
    const tokens = room.handedOut.map(({ jobId, token }) => `${jobId} ${token}`);
    expect(new Set(tokens).size).toBe(tokens.length);
  }
}

function expectRefusal(error: unknown): void {
  expect(error).toMatchObject({ code: expect.stringMatching(/^HOMER_JOB_(NOT_)?ENDED$/) as string });
}
