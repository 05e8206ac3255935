// The end of `homer run` and `homer attach`: wait, show, print the result once, or leave when told to.

import { HomerError, isHomerError } from '../core/errors.ts';
import { isEnded } from '../core/job.ts';
import { openAnswerKeys, type AnswerKeys } from './answer-keys.ts';
import { createAsking } from './asking.ts';
import { plain } from './format.ts';
import type { Job } from './answers.ts';
import type { Connection } from './connection.ts';
import type { Context } from './context.ts';
import type { Detach } from './detach.ts';
import { Detached } from './detached.ts';
import { followJob } from './follow.ts';
import { worktreeText } from './job-screen.ts';
import { tellEnd, tellRest } from './job-story.ts';
import { createLiveProgress } from './live-progress.ts';
import { createPlainProgress } from './progress.ts';
import { shortId } from './job-id.ts';

/** Resolves with the exit code: 0 only when the job succeeded. */
export async function watchToEnd(
  context: Context,
  connection: Connection,
  first: Job,
  detach: Detach,
): Promise<number> {
  const { terminal, json } = context;
  const progress = terminal.isInteractive
    ? createLiveProgress(terminal, process.stderr)
    : createPlainProgress(terminal);
  // Keys only where a person sees the question and nothing else reads what is typed.
  const openKeys = (): AnswerKeys | null => (terminal.isInteractive ? openAnswerKeys(process.stdin) : null);
  const asking = createAsking({ terminal, connection, progress, openKeys });
  let job: Job | null = null;
  try {
    job = await followJob({
      connection,
      jobId: first.id,
      progress,
      asked: (questions) => asking.show(questions),
      stopsWhenWaiting: !terminal.isInteractive,
      signal: detach.signal,
    });
  } catch (error) {
    const { isOpen } = asking;
    asking.close();
    progress.close(true);
    const id = shortId(first.id);
    if (isHomerError(error, 'HOMER_NOT_RUNNING'))
      throw new HomerError(error.code, error.message, {
        hint: `\`homer start\`, then \`homer attach ${id}\`: the job is safe.`,
        cause: error,
      });
    if (!(error instanceof Detached)) throw error;
    terminal.say('Left. The job goes on.');
    terminal.say(
      terminal.errorPalette.dim(`  \`homer attach ${id}\` shows it again, \`homer cancel ${id}\` ends it.`),
    );
    if (isOpen) terminal.say(terminal.errorPalette.dim('  `homer approvals` shows what it asks.'));
    if (json) terminal.print(JSON.stringify({ job: first }, null, 2));
    return error.exitCode;
  } finally {
    // Twice does no harm.
    asking.close();
    progress.close(job?.state !== 'succeeded');
  }
  return tellResult(context, job);
}

/** The line in place of what did not fit (executors/bounded-text.ts). */
const wasCut = /^\[… \d+ bytes left out …\]$/m;

/** Prints the result of a job and how it ended; 0 only when it succeeded, else 1. */
export function tellResult({ terminal, json }: Context, job: Job): number {
  const { errorPalette: palette, say } = terminal;
  const hasSucceeded = job.state === 'succeeded';
  if (!isEnded(job.state)) say('It waits for a person, so this does not wait any longer; the job stays.');
  else say((hasSucceeded ? palette.dim : palette.bad)(tellEnd(job)));
  if (job.state === 'failed') for (const line of tellRest(job)) say(line);
  if (!hasSucceeded && job.error !== null) say(palette.dim(`  ${plain(job.error.hint)}`));
  if (job.worktree !== null) say(palette.dim(`  Its worktree is kept: ${worktreeText(job.worktree)}`));
  if (json) terminal.print(JSON.stringify({ job }, null, 2));
  else if (job.result !== null) {
    if (wasCut.test(job.result.text))
      say(`The middle of the result was left out; \`homer logs ${job.id}\` has all of it.`);
    terminal.printText(job.result.text);
  }
  return hasSucceeded ? 0 : 1;
}
