// `homer status`: the verdict as a sentence and as an exit code.

import { isHomerError } from '../../core/errors.ts';
import type { StatusAnswer } from '../answers.ts';
import { connectFrom } from '../run-access.ts';
import { report, type Context } from '../context.ts';
import { decideVerdict, drawStatus } from '../status-screen.ts';

/** Exit code. */
export const notRunning = 3;
/** A daemon that works answers within milliseconds. */
const answerMs = 3_000;

/** 0 healthy (also when something needs a person), 1 unhealthy, held or stopping, 3 not running. */
export async function status(context: Context): Promise<number> {
  const answer = await readStatus(context);
  if (answer === null) {
    report(context, { daemon: 'stopped', home: context.home }, [
      `${context.terminal.columns === null ? '' : '● '}Homer is not running. \`homer start\` starts it.`,
    ]);
    return notRunning;
  }
  return showStatus(context, answer);
}

/** Null when no daemon runs. */
export async function readStatus(context: Context): Promise<StatusAnswer | null> {
  try {
    const client = await connectFrom(context);
    return await client.call<StatusAnswer>('daemon.status', { timeoutMs: answerMs });
  } catch (error) {
    if (isHomerError(error, 'HOMER_NOT_RUNNING')) return null;
    throw error;
  }
}

export function showStatus(context: Context, answer: StatusAnswer): number {
  const { palette, columns } = context.terminal;
  report(context, answer, drawStatus(answer, { palette, columns, now: Date.now() }));
  return exitCodeOf(answer);
}

/** 0 healthy, 1 unhealthy. */
export function exitCodeOf(answer: StatusAnswer): number {
  return answer.daemon === 'healthy' && decideVerdict(answer).level !== 'bad' ? 0 : 1;
}
