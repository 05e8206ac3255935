// What every engine promises of sessions, whose turns go one after the other, and of jobs that give their slot away
// while their run lives.

import { describe, expect, test } from 'vitest';
import { EngineRoom, type EngineDriver, type Lanes } from './engine-room.ts';

export function engineTurns(name: string, driver: EngineDriver): void {
  const one: Lanes = {
    default: { concurrency: 1, rate: null },
    other: { concurrency: 4, rate: null },
    probe: { concurrency: 1, rate: null },
  };
  const works = (title: string, run: (room: EngineRoom) => Promise<void>): void => {
    test(title, () => EngineRoom.with(driver, one, run));
  };
  const talk = { lane: 'other', sessionId: 'talk' };

  describe(`${name}: turns of a session`, () => {
    works('the next turn waits for the end of the one before, whatever its priority', async (room) => {
      const [first, second, third] = await room.acceptAll([talk, { ...talk, priority: 100 }, talk]);
      const other = await room.accept({ lane: 'other', sessionId: 'another' });
      const claim = await room.nextFor(first ?? never());
      await room.settle(await room.nextFor(other));
      await room.nothingElse();
      await room.settle(claim);
      await room.settle(await room.nextFor(second ?? never()), 'auth');
      await room.settle(await room.nextFor(third ?? never()));
      await room.nothingElse();
    });

    works('a turn that waits, is parked or backs off keeps its place, also over a crash', async (room) => {
      const [first, second] = await room.acceptAll([{ ...talk, onInterrupt: 'ask' }, talk]);
      if (first === undefined || second === undefined) throw new Error('Two jobs were accepted.');
      await room.settle(await room.nextFor(first), 'agent_error');
      await room.nothingElse();
      await room.pass(3_600_000);
      await room.settle(await room.nextFor(first), 'offline', { until: room.now + 60_000 });
      await room.nothingElse();
      await room.restart('by a crash');
      await room.nothingElse();
      await room.pass(60_000);
      await room.settle(await room.nextFor(first), 'interrupted');
      expect(room.state(first)).toBe('waiting');
      await room.nothingElse();
      await room.cancel(first);
      await room.settle(await room.nextFor(second));
    });

    works('a turn retried by hand comes in at the end of the line', async (room) => {
      const [first, second] = await room.acceptAll([talk, talk]);
      if (first === undefined || second === undefined) throw new Error('Two jobs were accepted.');
      await room.settle(await room.nextFor(first), 'auth');
      const claim = await room.nextFor(second);
      await room.ledger.commit(() => room.ledger.jobs.retry(first, room.now));
      await room.nothingElse();
      await room.settle(claim);
      await room.settle(await room.nextFor(first));
    });

    works('a cancelled turn that was behind lets nobody past the one at the front', async (room) => {
      const [first, second, third] = await room.acceptAll([talk, talk, talk]);
      if (first === undefined || second === undefined || third === undefined)
        throw new Error('Three jobs were accepted.');
      const claim = await room.nextFor(first);
      await room.cancel(second);
      await room.nothingElse();
      await room.settle(claim);
      await room.settle(await room.nextFor(third));
    });

    works('a turn for later joins the line when its time has come', async (room) => {
      const later = await room.accept({ ...talk, runAfter: room.now + 1000 });
      const now = await room.accept(talk);
      const claim = await room.nextFor(now);
      await room.pass(1000);
      await room.nothingElse();
      await room.settle(claim);
      await room.settle(await room.nextFor(later));
    });
  });

  describe(`${name}: a job that waits while its run lives`, () => {
    works('gives its slot away, and has it back before anybody new', async (room) => {
      const [first, second, third] = await room.acceptAll([{}, {}, {}]);
      if (first === undefined || second === undefined || third === undefined)
        throw new Error('Three jobs were accepted.');
      const waiting = await room.nextFor(first);
      await room.ledger.commit(() => room.ledger.claims.suspend(waiting, 'approval', room.now));
      expect(room.state(first)).toBe('waiting');
      const working = await room.nextFor(second);
      await room.ledger.commit(() => room.ledger.slots.want(first, room.now));
      await room.nothingElse();
      expect(room.slots).toEqual([]);
      await room.settle(working);
      expect(room.slots).toEqual([{ jobId: first, runId: waiting.runId, lane: 'default' }]);
      expect(room.state(first)).toBe('running');
      await room.nothingElse();
      await room.settle(waiting);
      await room.settle(await room.nextFor(third));
    });

    works('is settled, parked or cancelled from where it is', async (room) => {
      const [first, second, third] = await room.acceptAll([{}, {}, {}]);
      if (first === undefined || second === undefined || third === undefined)
        throw new Error('Three jobs were accepted.');
      const suspend = async (id: typeof first) => {
        const claim = await room.nextFor(id);
        await room.ledger.commit(() => room.ledger.claims.suspend(claim, 'children', room.now));
        return claim;
      };
      expect(await room.settle(await suspend(first))).toBe('succeeded');
      expect(await room.settle(await suspend(second), 'offline')).toBe('parked');
      const claim = await suspend(third);
      await room.ledger.commit(() => room.ledger.jobs.cancel(third, room.now));
      expect(room.state(third)).toBe('waiting');
      await expect(room.ledger.commit(() => room.ledger.jobs.retry(third, room.now))).rejects.toMatchObject({
        code: 'HOMER_JOB_NOT_ENDED',
      });
      expect(await room.settle(claim, 'cancelled')).toBe('cancelled');
      expect(room.ledger.jobs.get(third)).toMatchObject({ isLive: false, waitingFor: null });
    });

    works('is a live run for the daemon after a crash, and has its slot back there', async (room) => {
      const id = await room.accept();
      const claim = await room.nextFor(id);
      await room.ledger.commit(() => room.ledger.claims.suspend(claim, 'approval', room.now));
      await room.restart('by a crash', async ({ ledger, now }) => {
        expect(ledger.claims.liveRuns().map((run) => run.id)).toEqual([claim.runId]);
        await ledger.commit(() => ledger.claims.adopt(claim.runId, now));
      });
      await room.ledger.commit(() => room.ledger.slots.want(id, room.now));
      expect(room.slots.map(({ runId }) => runId)).toEqual([claim.runId]);
    });
  });
}

function never(): never {
  throw new Error('The list is shorter than what was put into it.');
}
