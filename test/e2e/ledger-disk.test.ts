import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobId } from '../../src/core/ids.ts';
import { isHomerError } from '../../src/core/errors.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { accept, openLedgerIn } from './ledger-room.ts';
import { SmallDisk } from './small-disk.ts';

const first = SmallDisk.create(8);
const why = typeof first === 'string' ? ` (skipped: ${first})` : '';
if (typeof first !== 'string') first.remove();

describe.skipIf(why !== '')(`a small disk${why}`, () => {
  let disk: SmallDisk;
  let ledger: Ledger | null;
  let states: string[];

  beforeEach(() => {
    const made = SmallDisk.create(8);
    if (typeof made === 'string') throw new Error(made);
    disk = made;
    ledger = null;
    states = [];
  });

  afterEach(() => {
    ledger?.close('drained');
    disk.remove();
  });

  async function open(): Promise<Ledger> {
    ledger?.close('drained');
    ledger = null;
    ledger = await openLedgerIn(disk.path, {
      onWriterState: (state) => states.push(state.is === 'writing' ? 'writing' : state.reason.code),
    });
    return ledger;
  }

  /** Accepts jobs, ten at a time, until one is refused. */
  async function acceptUntilRefused(to: Ledger): Promise<{ kept: JobId[]; codes: Set<string> }> {
    const kept: JobId[] = [];
    const codes = new Set<string>();
    while (codes.size === 0) {
      const ends = await Promise.allSettled(
        Array.from({ length: 10 }, () => accept(to, { prompt: 'x'.repeat(5_000) })),
      );
      for (const end of ends) {
        if (end.status === 'fulfilled') kept.push(end.value);
        else codes.add(isHomerError(end.reason) ? end.reason.code : String(end.reason));
      }
    }
    return { kept, codes };
  }

  const idsIn = (of: Ledger): string[] =>
    of.jobs
      .list({ limit: 1_000_000 })
      .map(({ id }) => id)
      .sort();

  test('that fills up refuses with HOMER_DISK_FULL, and holds exactly what was acknowledged', async () => {
    disk.reserve();
    const { kept, codes } = await acceptUntilRefused(await open());
    expect(codes).toEqual(new Set(['HOMER_DISK_FULL']));
    expect(kept.length).toBeGreaterThan(50);
    expect(states).toEqual(['HOMER_DISK_FULL']);
    expect(idsIn(ledger ?? never())).toEqual([...kept].sort());
    // A start writes down that it was: whether that still fits is another matter.
    disk.free();
    expect(idsIn(await open())).toEqual([...kept].sort());
  });

  test('that was full heals by itself when there is room again', async () => {
    const kept = [await accept(await open())];
    const full = ledger ?? never();
    disk.fill();
    const refused = await acceptUntilRefused(full);
    kept.push(...refused.kept);
    for (let i = 0; i < 5; i++) await expect(accept(full)).rejects.toMatchObject({ code: 'HOMER_DISK_FULL' });
    await expect(full.probe()).rejects.toMatchObject({ code: 'HOMER_DISK_FULL' });
    expect(full.jobs.get(kept[0] ?? never()).state).toBe('queued');
    disk.free();
    await full.probe();
    kept.push(await accept(full));
    expect(states).toEqual(['HOMER_DISK_FULL', 'writing']);
    expect(idsIn(await open())).toEqual([...kept].sort());
  });

  test('that is full does not let a ledger be opened, says so, and leaves it as it was', async () => {
    const id = await accept(await open());
    ledger?.close('drained');
    ledger = null;
    disk.fill();
    await expect(open()).rejects.toMatchObject({ code: 'HOMER_DISK_FULL' });
    disk.free();
    expect(idsIn(await open())).toEqual([id]);
  });

  test('that is full lets a ledger be closed without a complaint', async () => {
    const id = await accept(await open());
    disk.fill();
    ledger?.close('drained');
    ledger = null;
    disk.free();
    const after = await open();
    expect(idsIn(after)).toEqual([id]);
  });

  test('that turns read-only while it is written refuses with HOMER_READ_ONLY, and holds what was acknowledged', async () => {
    const kept = [await accept(await open())];
    const reading = ledger ?? never();
    disk.break();
    for (let i = 0; i < 3; i++)
      await expect(accept(reading)).rejects.toMatchObject({ code: 'HOMER_READ_ONLY' });
    expect(states).toEqual(['HOMER_READ_ONLY']);
    expect(reading.jobs.get(kept[0] ?? never()).state).toBe('queued');
    reading.close('drained');
    ledger = null;
    disk.repair();
    expect(idsIn(await open())).toEqual(kept);
    kept.push(await accept(await open()));
    expect(idsIn(await open())).toEqual([...kept].sort());
  });

  test('that is read-only from the start is named so, and opens once it can be written', async () => {
    const id = await accept(await open());
    ledger?.close('drained');
    ledger = null;
    disk.remount('ro');
    await expect(open()).rejects.toMatchObject({ code: 'HOMER_READ_ONLY' });
    disk.remount('rw');
    expect(idsIn(await open())).toEqual([id]);
  });
});

function never(): never {
  throw new Error('Nothing is there.');
}
