// `homer start`: a daemon in the background; returns when it is ready.

import { HomerError, isHomerError } from '../../core/errors.ts';
import { report, type Context } from '../context.ts';
import { span } from '../format.ts';
import { ensureDaemon } from '../launch.ts';

/** Exit code 0 with a ready daemon, also one that was there before. A start that failed by its configuration is 78. */
export async function start(context: Context): Promise<number> {
  const { home, terminal } = context;
  try {
    const { record, isOurs } = await ensureDaemon(home, terminal.say);
    const { pid, port, version, startedAt } = record;
    const where = `pid ${pid}, port ${port}`;
    report(context, { started: isOurs, pid, port, version, startedAt, home }, [
      isOurs
        ? `Homer is ready (${where}).`
        : `Homer is already running (${where}, up ${span(Date.now() - Date.parse(startedAt))}).`,
    ]);
    return 0;
  } catch (error) {
    // The daemon has told what is wrong with its configuration or port; its exit code is the answer.
    if (isHomerError(error, 'HOMER_START_FAILED') && error.details['exitCode'] === 78)
      throw new HomerError('HOMER_CONFIG_INVALID', error.message, { hint: error.hint, cause: error });
    throw error;
  }
}
