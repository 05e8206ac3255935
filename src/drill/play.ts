// Plays one drill and finds out whether the promise was kept: every job that was acknowledged has come to its end or waits for a
// person with a reason, none came to its end twice, nothing is left running, and the ledger is whole.

import { verifyBackup } from '../backup/open.ts';
import { messageOf } from '../core/errors.ts';
import type { Drill } from './drills.ts';
import { canFind, findLeftOver } from './own-processes.ts';
import { Scratch, type Program } from './scratch.ts';

export interface DrillResult {
  readonly name: string;
  /** Jobs that were acknowledged. */
  readonly jobs: number;
  /** Of them: neither at their end, nor waiting for a person. */
  readonly lost: number;
  /** Of them: came to their end more than once. */
  readonly doubled: number;
  /** Of them: wait for a person, or failed, with a reason. */
  readonly told: number;
  /** Processes that were left; null: this system does not show them. */
  readonly orphans: number | null;
  /** The slowest start until it was ready, ms. */
  readonly readyMs: number;
  /** What Homer did not do as it should; null: all was as promised. */
  readonly trouble: string | null;
  /** Why it was not played; null: it was. */
  readonly skipped: string | null;
}

const none = { jobs: 0, lost: 0, doubled: 0, told: 0, orphans: null, readyMs: 0, trouble: null } as const;

export function skip(name: string, why: string): DrillResult {
  return { ...none, name, skipped: why };
}

/** `mount`: where the small file system is that some drills take. Rejects only when it is interrupted. */
export async function play(drill: Drill, program: Program, mount?: string): Promise<DrillResult> {
  const scratch = Scratch.create(program, {}, mount);
  try {
    return await judge(drill, scratch);
  } catch (error) {
    program.signal.throwIfAborted();
    return { ...none, name: drill.name, jobs: scratch.jobs.length, trouble: messageOf(error), skipped: null };
  } finally {
    await scratch.remove();
  }
}

async function judge(drill: Drill, scratch: Scratch): Promise<DrillResult> {
  await scratch.start();
  await drill.play(scratch);
  const lost = (await scratch.settle()).length + (await countUnknown(scratch));
  const told = await countTold(scratch);
  await scratch.must('stop');
  const { jobs } = await verifyBackup({ file: `${scratch.home}/homer.db`, identity: null }, scratch.base);
  const accepted = scratch.jobs.length + scratch.stored.length;
  const result = {
    name: drill.name,
    jobs: accepted,
    lost,
    doubled: scratch.jobs.filter((job) => scratch.ends(job) > 1).length,
    told,
    orphans: canFind() ? await findLeftOver(scratch.identity) : null,
    readyMs: Math.round(Math.max(...scratch.ready)),
    skipped: null,
  };
  const trouble = jobs === accepted ? null : `${accepted} jobs were acknowledged, ${jobs} are in the ledger`;
  return { ...result, trouble };
}

async function countUnknown(scratch: Scratch): Promise<number> {
  let unknown = 0;
  for (const id of scratch.stored) if ((await scratch.look(id)) === null) unknown += 1;
  return unknown;
}

/** One that has not succeeded must say why. */
async function countTold(scratch: Scratch): Promise<number> {
  let told = 0;
  for (const job of scratch.jobs) {
    const { state, error } = (await scratch.look(job.id)) ?? { state: 'unknown', error: null };
    if (state === 'succeeded' && scratch.ends(job) === 0)
      throw new Error(`job ${job.id} succeeded and did nothing`);
    if (state === 'succeeded') continue;
    if (error === null) throw new Error(`job ${job.id} is ${state} and does not say why`);
    told += 1;
  }
  return told;
}
