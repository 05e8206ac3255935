// What every engine promises, whatever it is built on: hand it a driver and the cases; whatever passes is an engine.
// Only the port, the ledger and the lanes' limits are used. A case that needs a capability is skipped by its name.

import { describe, expect, test } from 'vitest';
import { isHomerError } from '../../src/core/errors.ts';
import type { JobId } from '../../src/core/ids.ts';
import { ageingMs } from '../../src/core/job.ts';
import type { Capabilities, Claim } from '../../src/engine/engine.ts';
import { EngineRoom, type EngineDriver, type Lanes } from './engine-room.ts';
import { engineBudgets } from './engine-budgets.suite.ts';
import { engineTurns } from './engine-turns.suite.ts';
import { engineProperties } from './engine.properties.ts';

const day = 86_400_000;

export function engineSuite(name: string, driver: EngineDriver): void {
  const lane = (concurrency: number, rate: { count: number; perMs: number } | null = null) => ({
    concurrency,
    rate,
  });
  const one: Lanes = { default: lane(1), probe: lane(1) };
  const four: Lanes = { default: lane(4), probe: lane(1) };

  const works = (title: string, lanes: Lanes, run: (room: EngineRoom) => Promise<void>): void => {
    test(title, () => EngineRoom.with(driver, lanes, run));
  };
  const needs = (
    need: keyof Capabilities,
    wanted: boolean,
    title: string,
    lanes: Lanes,
    run: (room: EngineRoom) => Promise<void>,
  ) => {
    const has = driver.capabilities[need] === wanted;
    test.skipIf(!has)(has ? title : `${title} (${need} is ${String(!wanted)})`, () =>
      EngineRoom.with(driver, lanes, run),
    );
  };

  describe(`${name}: claims`, () => {
    works('a job is claimed once, and its answer is kept', one, async (room) => {
      const id = await room.accept();
      const claim = await room.nextFor(id);
      expect(await room.settle(claim)).toBe('succeeded');
      await room.nothingElse();
      expect(room.handedOut.filter(({ jobId }) => jobId === id)).toHaveLength(1);
      expect(room.ledger.jobs.get(id).resultText).toBe('answer');
      expect(room.ledger.claims.runsOf(id)).toMatchObject([
        { id: claim.runId, state: 'ended', verdict: 'done' },
      ]);
    });

    works('a claim names the run whose row is already on disk', one, async (room) => {
      const claim = await room.nextFor(await room.accept());
      expect(room.ledger.claims.findRun(claim.runId)).toMatchObject({
        jobId: claim.jobId,
        lane: 'default',
        state: 'starting',
      });
      expect(claim.token).toBe(`${room.ledger.generation}.${room.ledger.epoch}.1`);
    });

    works('a job nobody offered is still found', one, async (room) => {
      const id = await room.accept({}, false);
      await room.refresh();
      await room.settle(await room.nextFor(id));
    });

    works('a job offered twice runs once', four, async (room) => {
      const id = await room.accept();
      await room.engine.offer([id, id]);
      await room.settle(await room.nextFor(id));
      await room.engine.offer([id]);
      await room.nothingElse();
      expect(room.handedOut.filter(({ jobId }) => jobId === id)).toHaveLength(1);
    });

    works('a job cancelled between acceptance and offer never runs', one, async (room) => {
      const blocker = await room.nextFor(await room.accept());
      const id = await room.accept({}, false);
      await room.cancel(id);
      await room.engine.offer([id]);
      await room.settle(blocker);
      await room.nothingElse();
      expect(room.state(id)).toBe('cancelled');
      expect(room.ledger.claims.runsOf(id)).toEqual([]);
    });

    works('close hands out nothing more, and may be called again', four, async (room) => {
      const claim = await room.nextFor(await room.accept());
      await room.engine.close();
      await room.engine.close();
      const id = await room.accept();
      await room.settle(claim);
      expect(room.handedOut).toHaveLength(1);
      expect(room.state(id)).toBe('queued');
      await room.restart('politely');
      await room.nextFor(id);
    });
  });

  describe(`${name}: lanes`, () => {
    works(
      'a lane never has more runs than its concurrency, and uses all of it',
      { default: lane(3), probe: lane(1) },
      async (room) => {
        await room.acceptAll(Array.from({ length: 10 }, () => ({})));
        const running = new Set<Claim>();
        for (let ended = 0; ended < 10; ended++) {
          while (running.size < Math.min(3, 10 - ended)) running.add(await room.next());
          expect(room.ledger.claims.runningIn('default')).toBe(Math.min(3, 10 - ended));
          const [claim] = running;
          if (claim === undefined) throw new Error('Nothing runs.');
          running.delete(claim);
          await room.settle(claim);
        }
        expect(room.handedOut).toHaveLength(10);
      },
    );

    works('a full lane does not hold up another', { slow: lane(1), quick: lane(1) }, async (room) => {
      await room.nextFor(await room.accept({ lane: 'slow' }));
      await room.accept({ lane: 'slow' });
      for (let i = 0; i < 3; i++) await room.settle(await room.nextFor(await room.accept({ lane: 'quick' })));
    });

    works('a waiting or parked job holds no slot', one, async (room) => {
      const [asks, limited, last] = await room.acceptAll([{ onInterrupt: 'ask' }, {}, {}]);
      expect(await room.settle(await room.next(), 'interrupted')).toBe('waiting');
      expect(await room.settle(await room.next(), 'offline', { until: room.now + day })).toBe('parked');
      await room.settle(await room.nextFor(last ?? never()));
      expect([room.state(asks ?? never()), room.state(limited ?? never())]).toEqual(['waiting', 'parked']);
    });

    works(
      'a lane whose concurrency was lowered lets its runs end and starts no new one',
      { default: lane(2), probe: lane(1) },
      async (room) => {
        await room.acceptAll([{}, {}, {}]);
        const [first, second] = [await room.next(), await room.next()];
        room.lanes = { default: lane(1), probe: lane(1) };
        await room.refresh();
        await room.settle(first);
        await room.nothingElse();
        await room.settle(second);
        await room.settle(await room.next());
      },
    );

    works(
      'jobs of a lane that was removed from the configuration are worked off, one by one, also when they come back later',
      { default: lane(1), gone: lane(2), probe: lane(1) },
      async (room) => {
        const blocker = await room.nextFor(await room.accept());
        const ids = await room.acceptAll([
          { lane: 'gone' },
          { lane: 'gone' },
          { lane: 'gone' },
          { lane: 'gone' },
        ]);
        const before = [await room.next(), await room.next()];
        room.lanes = { default: lane(1), probe: lane(1) };
        await room.refresh();
        for (const claim of before) await room.settle(claim);
        const third = await room.next();
        await room.nothingElse();
        expect(await room.settle(third, 'auth')).toBe('failed');
        await room.settle(await room.next());
        await room.ledger.commit(() => room.ledger.jobs.retry(third.jobId, room.now));
        await room.engine.offer([third.jobId]);
        await room.settle(await room.nextFor(third.jobId));
        for (const id of ids) expect(room.state(id)).toBe('succeeded');
        await room.settle(blocker);
      },
    );

    works(
      'depth counts what is queued and what runs, also in a lane that is configured no more',
      { default: lane(1), gone: lane(1), probe: lane(1) },
      async (room) => {
        await room.acceptAll([{}, {}, {}, { lane: 'gone' }, { lane: 'gone' }]);
        await Promise.all([room.next(), room.next()]);
        await room.setPaused('default', true);
        room.lanes = one;
        await room.refresh();
        const depth = [...(await room.engine.depth())].sort((a, b) => a.lane.localeCompare(b.lane));
        expect(depth).toEqual([
          { lane: 'default', queued: 2, running: 1, paused: true },
          { lane: 'gone', queued: 1, running: 1, paused: false },
          { lane: 'probe', queued: 0, running: 0, paused: false },
        ]);
      },
    );
  });

  describe(`${name}: pause`, () => {
    works(
      'a paused lane starts nothing, what runs goes on, and it stays paused over a restart',
      four,
      async (room) => {
        const running = await room.nextFor(await room.accept());
        await room.setPaused('default', true);
        const id = await room.accept();
        await room.nothingElse();
        expect(await room.settle(running)).toBe('succeeded');
        await room.nothingElse();
        await room.restart('by a crash');
        await room.nothingElse();
        expect(room.state(id)).toBe('queued');
        await room.setPaused('default', false);
        await room.settle(await room.nextFor(id));
        await room.restart('politely');
        await room.settle(await room.nextFor(await room.accept()));
      },
    );
  });

  describe(`${name}: rate`, () => {
    const limited: Lanes = { default: lane(10, { count: 2, perMs: 60_000 }), probe: lane(1) };

    needs(
      'strictRate',
      true,
      'no more than the rate allows is claimed, and the rest when it allows more',
      limited,
      async (room) => {
        await room.acceptAll([{}, {}, {}, {}, {}]);
        await Promise.all([room.next(), room.next()]);
        await room.nothingElse();
        await room.pass(59_999);
        await room.nothingElse();
        await room.pass(1);
        await Promise.all([room.next(), room.next()]);
        await room.nothingElse();
        await room.pass(60_000);
        await room.next();
      },
    );

    needs(
      'strictRate',
      true,
      'a restart does not reset a rate, nor does a configuration that takes it away and back',
      limited,
      async (room) => {
        await room.acceptAll([{}, {}]);
        for (const claim of [await room.next(), await room.next()]) await room.settle(claim);
        await room.restart('by a crash');
        const id = await room.accept();
        await room.nothingElse();
        room.lanes = { ...limited, default: lane(10) };
        await room.pass(30_000);
        await room.settle(await room.nextFor(id));
        room.lanes = limited;
        await room.pass(30_000);
        const [another, late] = await room.acceptAll([{}, {}]);
        await room.settle(await room.nextFor(another ?? never()));
        await room.nothingElse();
        await room.pass(30_000);
        await room.settle(await room.nextFor(late ?? never()));
      },
    );

    needs(
      'strictRate',
      true,
      'a rate whose window grew counts what was claimed before',
      limited,
      async (room) => {
        await room.settle(await room.nextFor(await room.accept()));
        await room.pass(120_000);
        room.lanes = { ...limited, default: lane(10, { count: 1, perMs: 3_600_000 }) };
        await room.refresh();
        const id = await room.accept();
        await room.nothingElse();
        await room.pass(3_600_000);
        await room.nextFor(id);
      },
    );
  });

  describe(`${name}: order`, () => {
    works('first come, first served', one, async (room) => {
      const blocker = await room.nextFor(await room.accept());
      const ids = [];
      for (let i = 0; i < 20; i++) ids.push(await room.accept());
      await room.settle(blocker);
      for (const id of ids) await room.settle(await room.nextFor(id));
    });

    works('the higher priority goes first', one, async (room) => {
      const blocker = await room.nextFor(await room.accept());
      const [low, normal, high] = await room.acceptAll([{ priority: -5 }, {}, { priority: 5 }]);
      await room.settle(blocker);
      for (const id of [high, normal, low]) await room.settle(await room.nextFor(id ?? never()));
    });

    needs(
      'ageing',
      true,
      'a low priority that has waited long enough overtakes: nothing starves',
      one,
      async (room) => {
        const blocker = await room.nextFor(await room.accept());
        const low = await room.accept({ priority: 0 });
        room.now += 5 * ageingMs - 1;
        const sooner = await room.accept({ priority: 5 });
        room.now += 2;
        const later = await room.accept({ priority: 5 });
        await room.settle(blocker);
        for (const id of [sooner, low, later]) await room.settle(await room.nextFor(id));
      },
    );

    works('a delayed job comes when it is due, at its place, also after a restart', one, async (room) => {
      const id = await room.accept({ runAfter: room.now + 10_000 });
      expect(room.state(id)).toBe('scheduled');
      await room.pass(9_999);
      await room.nothingElse();
      await room.restart('by a crash');
      await room.nothingElse();
      await room.pass(1);
      await room.settle(await room.nextFor(id));
    });

    works('a thousand jobs due at once all come', { default: lane(50), probe: lane(1) }, async (room) => {
      await room.acceptAll(Array.from({ length: 1_000 }, () => ({ runAfter: room.now + 1_000 })));
      await room.pass(1_000);
      for (let i = 0; i < 1_000; i++) await room.settle(await room.next());
      expect(new Set(room.handedOut.map(({ jobId }) => jobId)).size).toBe(1_000);
    });
  });

  describe(`${name}: retries`, () => {
    works(
      'a failed attempt is tried again after a backoff that grows, until its attempts are used',
      one,
      async (room) => {
        const id = await room.accept({ maxAttempts: 3 });
        const waits: number[] = [];
        for (let attempt = 1; attempt <= 3; attempt++) {
          const state = await room.settle(await room.nextFor(id), 'agent_error');
          expect(state).toBe(attempt < 3 ? 'queued' : 'failed');
          if (attempt === 3) break;
          const wait = (room.ledger.jobs.get(id).dueAt ?? 0) - room.now;
          waits.push(wait);
          await room.pass(wait - 1);
          await room.nothingElse();
          await room.pass(1);
        }
        expect(waits[0]).toBeGreaterThanOrEqual(1_000);
        expect(waits[1]).toBeGreaterThanOrEqual(waits[0] ?? 0);
        expect(room.ledger.jobs.get(id)).toMatchObject({
          attempts: 3,
          crashes: 0,
          error: { code: 'HOMER_AGENT_ERROR' },
        });
        expect(room.ledger.claims.runsOf(id)).toHaveLength(3);
      },
    );

    works('attempts and crashes are counted apart', one, async (room) => {
      const id = await room.accept({ maxAttempts: 2, maxCrashes: 2 });
      await room.settle(await room.nextFor(id), 'lost');
      await room.settle(await room.nextFor(id), 'agent_error');
      expect(room.ledger.jobs.get(id)).toMatchObject({ state: 'queued', attempts: 1, crashes: 1 });
      await room.pass(day);
      expect(await room.settle(await room.nextFor(id), 'lost')).toBe('failed');
      expect(room.ledger.jobs.get(id)).toMatchObject({
        attempts: 1,
        crashes: 2,
        error: { code: 'HOMER_LOST' },
      });
    });

    works('a person retries what failed: at once, with fresh budgets', one, async (room) => {
      const id = await room.accept({ maxAttempts: 1 });
      expect(await room.settle(await room.nextFor(id), 'agent_error')).toBe('failed');
      await room.ledger.commit(() => room.ledger.jobs.retry(id, room.now));
      await room.engine.offer([id]);
      await room.settle(await room.nextFor(id));
      expect(room.ledger.jobs.get(id)).toMatchObject({ state: 'succeeded', attempts: 0, error: null });
    });

    works(
      'a claim handed back burns nothing, keeps its place, and may be given a delay',
      one,
      async (room) => {
        const [id, other] = await room.acceptAll([{ maxAttempts: 1, maxCrashes: 1 }, {}]);
        for (let i = 0; i < 5; i++) await room.handBack(await room.nextFor(id ?? never()));
        await room.handBack(await room.nextFor(id ?? never()), 5_000);
        await room.settle(await room.nextFor(other ?? never()));
        await room.pass(4_999);
        await room.nothingElse();
        await room.pass(1);
        await room.settle(await room.nextFor(id ?? never()));
        expect(room.ledger.jobs.get(id ?? never())).toMatchObject({
          state: 'succeeded',
          attempts: 0,
          crashes: 0,
        });
      },
    );

    works('nothing runs after a run that may still be alive', one, async (room) => {
      const ids = await room.acceptAll([{}, {}]);
      for (const [index, verdict] of (['agent_error', 'offline'] as const).entries()) {
        expect(await room.settle(await room.next(), verdict, { tree: 'unproven' })).toBe('waiting');
        expect(room.ledger.jobs.get(ids[index] ?? never())).toMatchObject({
          error: { code: 'HOMER_TREE_UNPROVEN' },
          dueAt: null,
        });
      }
      await room.pass(day);
      await room.nothingElse();
    });
  });

  describe(`${name}: cancel`, () => {
    works('a queued job that is cancelled never runs', one, async (room) => {
      const blocker = await room.nextFor(await room.accept());
      const id = await room.accept();
      await room.cancel(id);
      expect(room.state(id)).toBe('cancelled');
      await room.settle(blocker);
      await room.nothingElse();
    });

    works(
      'a running job that is cancelled keeps its slot until its run has ended, and is not tried again',
      one,
      async (room) => {
        const claim = await room.nextFor(await room.accept());
        await room.cancel(claim.jobId);
        expect(room.state(claim.jobId)).toBe('running');
        expect(room.ledger.jobs.get(claim.jobId).cancelRequestedAt).toBe(room.now);
        await room.accept();
        await room.nothingElse();
        expect(await room.settle(claim, 'agent_error')).toBe('cancelled');
        await room.next();
      },
    );

    works('a cancel that comes after completion leaves the job succeeded', one, async (room) => {
      const claim = await room.nextFor(await room.accept());
      await room.cancel(claim.jobId);
      expect(await room.settle(claim, 'done')).toBe('succeeded');
      await expect(room.cancel(claim.jobId)).rejects.toMatchObject({ code: 'HOMER_JOB_ENDED' });
    });

    works('a cancelled job that is handed back is cancelled, not queued', one, async (room) => {
      const claim = await room.nextFor(await room.accept());
      await room.cancel(claim.jobId);
      await room.handBack(claim);
      expect(room.state(claim.jobId)).toBe('cancelled');
      await room.nothingElse();
    });

    works('a cancelled job does not come back when its backoff is over', one, async (room) => {
      const claim = await room.nextFor(await room.accept());
      expect(await room.settle(claim, 'agent_error')).toBe('queued');
      await room.cancel(claim.jobId);
      await room.pass(day);
      await room.nothingElse();
    });
  });

  describe(`${name}: fencing`, () => {
    const fenced = async (attempt: Promise<unknown>): Promise<void> => {
      const error: unknown = await attempt.then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(isHomerError(error, 'HOMER_FENCED')).toBe(true);
    };

    works('a stale token settles nothing and hands nothing back', one, async (room) => {
      const stale = await room.nextFor(await room.accept());
      await room.handBack(stale);
      const current = await room.nextFor(stale.jobId);
      expect(current.token).not.toBe(stale.token);
      await fenced(room.settle(stale));
      await fenced(room.engine.handBack(stale, 0));
      expect(room.state(stale.jobId)).toBe('running');
      expect(room.ledger.claims.findRun(current.runId)?.state).toBe('starting');
      expect(await room.settle(current)).toBe('succeeded');
    });

    works('a settlement that comes twice counts once', one, async (room) => {
      const claim = await room.nextFor(await room.accept());
      const both = await Promise.allSettled([room.settle(claim), room.settle(claim, 'agent_error')]);
      expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
      expect(room.ledger.jobs.get(claim.jobId)).toMatchObject({ state: 'succeeded', attempts: 0 });
    });

    works(
      'a claim of the daemon before this one settles nothing, the adopted one does',
      one,
      async (room) => {
        const old = await room.nextFor(await room.accept());
        const adopted: Claim[] = [];
        await room.restart('by a crash', async ({ ledger, now }) => {
          await ledger.commit(() => adopted.push(ledger.claims.adopt(old.runId, now)));
        });
        await fenced(room.settle(old));
        const [claim] = adopted;
        expect(claim).toMatchObject({ jobId: old.jobId, runId: old.runId });
        expect(await room.settle(claim ?? never())).toBe('succeeded');
        await room.nothingElse();
      },
    );
  });

  describe(`${name}: hosts`, () => {
    works(
      'a job is claimed for the host it is placed on; one that has none keeps its place and stops nobody',
      four,
      async (room) => {
        const places = new Map<string, ReturnType<typeof room.place>>();
        room.place = (jobId) => places.get(jobId) ?? { host: null };
        await room.setPaused('default', true);
        const [nowhere, far, here] = await room.acceptAll([{}, {}, {}]);
        places.set(nowhere ?? never(), 'passed').set(far ?? never(), { host: 'elsewhere' });
        await room.setPaused('default', false);
        const claims = [await room.next(), await room.next()];
        expect(claims.find(({ jobId }) => jobId === far)?.host).toBe('elsewhere');
        expect(claims.find(({ jobId }) => jobId === here)?.host).toBeNull();
        expect(room.state(nowhere ?? never())).toBe('queued');
        expect(room.ledger.claims.runningByHost()).toEqual(
          new Map([
            [null, 1],
            ['elsewhere', 1],
          ]),
        );
        places.set(nowhere ?? never(), { host: 'elsewhere' });
        await room.refresh();
        claims.push(await room.nextFor(nowhere ?? never()));
        for (const claim of claims) expect(await room.settle(claim)).toBe('succeeded');
        await room.nothingElse();
      },
    );

    works(
      'however many jobs at the front wait for a busy host, or for none, what is behind them is claimed',
      four,
      async (room) => {
        const left = new Map<string, ReturnType<typeof room.place>>([
          ['busy', 'waits'],
          ['declined', 'passed'],
        ]);
        room.place = (jobId) => {
          const { executor } = room.ledger.jobs.get(jobId);
          if (executor !== 'nobody') return left.get(executor) ?? { host: null };
          // As a placer does that finds no host at all.
          room.ledger.placing.park(jobId, room.now + day, 'nobody is there', room.now);
          return 'parked';
        };
        await room.setPaused('default', true);
        const drafts = ['busy', 'declined', 'nobody'].flatMap((executor) =>
          Array.from({ length: 300 }, () => ({ executor })),
        );
        const front = await room.acceptAll(drafts);
        const behind = await room.acceptAll([{}, {}]);
        await room.setPaused('default', false);
        for (const id of behind) expect(await room.settle(await room.nextFor(id))).toBe('succeeded');
        await room.nothingElse();
        const states = front.map((id) => room.state(id));
        expect(states.slice(0, 600).filter((state) => state !== 'queued')).toEqual([]);
        expect(states.slice(600).filter((state) => state !== 'parked')).toEqual([]);
        // And they keep their places.
        left.set('busy', { host: 'far' });
        await room.refresh();
        const claims = [await room.next(), await room.next(), await room.next(), await room.next()];
        expect(claims.map(({ jobId }) => jobId).sort()).toEqual(front.slice(0, 4).sort());
      },
    );
  });

  describe(`${name}: time`, () => {
    needs(
      'timedClaims',
      false,
      'a claim never ends by time: a day asleep takes nothing away',
      one,
      async (room) => {
        const claim = await room.nextFor(await room.accept());
        await room.pass(day);
        await room.nothingElse();
        expect(await room.engine.extend(claim)).toBe('kept');
        expect(await room.settle(claim)).toBe('succeeded');
      },
    );

    works('a clock that is set back loses no job', four, async (room) => {
      const claim = await room.nextFor(await room.accept());
      await room.pass(-day);
      await room.settle(claim);
      await room.settle(await room.nextFor(await room.accept()));
    });
  });

  describe(`${name}: idempotency`, () => {
    works(
      'the same key with the same body is the same job, with another body it is refused',
      one,
      async (room) => {
        const id = await room.accept({ key: 'k', bodyHash: 'a' });
        expect(await room.accept({ key: 'k', bodyHash: 'a' })).toBe(id);
        await expect(room.accept({ key: 'k', bodyHash: 'b' })).rejects.toMatchObject({
          code: 'HOMER_KEY_REUSED',
        });
        expect(await room.accept({ key: 'k', bodyHash: 'b', source: 'another sender' })).not.toBe(id);
        await room.settle(await room.nextFor(id));
        expect(await room.accept({ key: 'k', bodyHash: 'a' })).toBe(id);
        await room.restart('by a crash');
        expect(await room.accept({ key: 'k', bodyHash: 'a' })).toBe(id);
      },
    );

    works('a thousand copies at once are one job', four, async (room) => {
      const ids = await room.acceptAll(Array.from({ length: 1_000 }, () => ({ key: 'same' })));
      expect(new Set(ids).size).toBe(1);
      await room.settle(await room.next());
      await room.nothingElse();
      expect(room.ledger.claims.runsOf(ids[0] ?? never())).toHaveLength(1);
    });
  });

  describe(`${name}: restarts`, () => {
    works(
      'a hundred acknowledged jobs, then a crash: each is claimed again exactly once and ends',
      four,
      async (room) => {
        const ids = await room.acceptAll(Array.from({ length: 100 }, () => ({})));
        await Promise.all([room.next(), room.next(), room.next(), room.next()]);
        await room.restart('by a crash');
        const claimed: JobId[] = [];
        for (let i = 0; i < 100; i++) {
          const claim = await room.next();
          claimed.push(claim.jobId);
          await room.settle(claim);
        }
        await room.nothingElse();
        expect([...claimed].sort()).toEqual([...ids].sort());
        expect(new Set(ids.map((id) => room.state(id)))).toEqual(new Set(['succeeded']));
      },
    );

    works('a run that was adopted keeps its slot after a restart', one, async (room) => {
      const [first, second] = await room.acceptAll([{}, {}]);
      const claim = await room.nextFor(first ?? never());
      const adopted: Claim[] = [];
      await room.restart('politely', async ({ ledger, now }) => {
        await ledger.commit(() => adopted.push(ledger.claims.adopt(claim.runId, now)));
      });
      await room.nothingElse();
      await room.settle(adopted[0] ?? never());
      await room.nextFor(second ?? never());
    });
  });

  engineTurns(name, driver);
  engineBudgets(name, driver);
  engineProperties(name, driver);
}

function never(): never {
  throw new Error('The list is shorter than what was put into it.');
}
