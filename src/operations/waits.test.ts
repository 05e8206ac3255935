import { expect, test } from 'vitest';
import { EngineRoom, type EngineDriver } from '../../test/conformance/engine-room.ts';
import { EmbeddedEngine } from '../engine/embedded.ts';
import type { Claim } from '../engine/engine.ts';
import type { JobId } from '../core/ids.ts';
import { Waits } from './waits.ts';

const lanes = { default: { concurrency: 1, rate: null } };
const driver: EngineDriver = {
  capabilities: EmbeddedEngine.capabilities,
  open: async (options) => new EmbeddedEngine(options),
};

interface Family {
  readonly room: EngineRoom;
  readonly waits: Waits;
  readonly parent: Claim;
  readonly child: JobId;
  readonly wait: (gone?: AbortSignal) => ReturnType<Waits['wait']>;
}

/** A parent that runs in the only slot, and a queued child. */
function works(title: string, run: (family: Family) => Promise<void>): void {
  test(title, () =>
    EngineRoom.with(driver, lanes, async (room) => {
      const parent = await room.nextFor(await room.accept());
      const child = await room.accept({ parentId: parent.jobId });
      const waits = new Waits(room.ledger);
      const wait = (gone = new AbortController().signal): ReturnType<Waits['wait']> =>
        waits.wait({
          look: () => room.ledger.family.childrenOf(parent.jobId),
          by: `run:${parent.runId}`,
          run: parent.runId,
          timeoutMs: 60_000,
          gone,
        });
      await run({ room, waits, parent, child, wait });
    }),
  );
}

works(
  'a slot that an approval gave back is given away again while children are waited for',
  async (family) => {
    const { room, parent, child, wait } = family;
    const { ledger } = room;
    await ledger.commit(() => ledger.claims.suspend(parent, 'approval', room.now));
    const claim = await room.nextFor(child);
    const waited = wait();
    await ledger.commit(() => ledger.slots.want(parent.jobId, room.now));
    await room.handBack(claim);
    // The child is claimed a second time: its parent, which came first, has let go of the slot.
    const again = await room.nextFor(child);
    expect(room.slots).toMatchObject([{ jobId: parent.jobId }]);
    expect(ledger.jobs.get(parent.jobId)).toMatchObject({ state: 'waiting', waitingFor: 'children' });
    await room.settle(again);
    expect((await waited).map(({ state }) => state)).toEqual(['succeeded']);
    expect(room.state(parent.jobId)).toBe('running');
  },
);

works('the end of the run ends its waits', async ({ room, parent, child, wait }) => {
  const waited = wait();
  const refused = expect(waited).rejects.toMatchObject({ code: 'HOMER_RUN_ENDED' });
  await room.nextFor(child);
  await room.settle(parent, 'agent_error');
  await refused;
  expect(room.ledger.jobs.get(parent.jobId)).toMatchObject({ isLive: false });
});

works('a run has only so many waits, and the end of one does not end the others', async (family) => {
  const { room, child, wait, parent } = family;
  const waits = Array.from({ length: 16 }, () => wait());
  const claim = await room.nextFor(child);
  await expect(wait()).rejects.toMatchObject({ code: 'HOMER_RATE_LIMITED' });
  const leaving = new AbortController();
  leaving.abort();
  await room.settle(claim);
  for (const each of await Promise.all(waits)) expect(each).toMatchObject([{ state: 'succeeded' }]);
  expect(room.state(parent.jobId)).toBe('running');
  expect(await wait(leaving.signal)).toMatchObject([{ state: 'succeeded' }]);
});

works('nobody takes up all the waits that there are', async ({ room, waits, child }) => {
  const waitAs = (by: string) =>
    waits.wait({
      look: () => [room.ledger.family.find(child)],
      by,
      run: null,
      timeoutMs: 60_000,
      gone: new AbortController().signal,
    });
  const greedy = Array.from({ length: 128 }, () => waitAs('greedy'));
  await expect(waitAs('greedy')).rejects.toMatchObject({ code: 'HOMER_RATE_LIMITED' });
  const other = waitAs('other');
  await room.ledger.commit(() => room.ledger.jobs.cancel(child, room.now));
  for (const each of await Promise.all([...greedy, other]))
    expect(each).toMatchObject([{ state: 'cancelled' }]);
  expect(await waitAs('greedy')).toMatchObject([{ state: 'cancelled' }]);
});
