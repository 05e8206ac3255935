// `homer cleanup`: what is left of runs that are over, and what is over its time.

import type { CleanupView } from '../../operations/cleanup.ts';
import { connect } from '../client.ts';
import { report, type Context } from '../context.ts';
import { count } from '../format.ts';
import { refuseInRun } from '../run-access.ts';

const patienceMs = 600_000;

/** 1 when a process could not be ended. */
export async function cleanup(context: Context, dryRun: boolean): Promise<number> {
  refuseInRun(context, 'clean up');
  const client = await connect(context.home);
  const found = await client.call<CleanupView>('daemon.cleanup', { body: { dryRun }, timeoutMs: patienceMs });
  const { ended, rows, runs, worktrees, snapshots } = found;
  const survivors = ended.flatMap(({ survivors: left }) => left);
  const removed = dryRun ? 'Would be removed' : 'Removed';
  const lines = [
    ...ended.map(({ runId, runner, processes }) => {
      const pids = [...(runner === null ? [] : [runner]), ...processes].join(', ');
      return `${dryRun ? 'Would be ended' : 'Ended'}: ${pids} of run ${runId}.`;
    }),
    ...(survivors.length === 0 ? [] : [`Could not be ended: ${survivors.join(', ')}.`]),
    ...Object.entries(rows).map(([what, number]) => `${removed} from the ledger: ${number} (${what}).`),
    ...(runs.length === 0
      ? []
      : [`${removed}: ${count(runs.length, 'directory of runs', 'directories of runs')}.`]),
    ...worktrees.map((jobId) => `${removed}: the worktree of job ${jobId}.`),
    ...(snapshots.length === 0 ? [] : [`${removed}: ${count(snapshots.length, 'snapshot')} of skills.`]),
  ];
  report(context, found, lines.length === 0 ? ['There is nothing to clean up.'] : lines);
  return survivors.length === 0 ? 0 : 1;
}
