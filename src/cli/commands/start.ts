// `homer start`: a daemon in the background; returns when it is ready.

import { report, type Context } from '../context.ts';
import { span } from '../format.ts';
import { ensureDaemon } from '../launch.ts';
import { refuseInRun } from '../run-access.ts';

/** Exit code 0 with a ready daemon, also one that was there before. Throws HOMER_START_FAILED. */
export async function start(context: Context): Promise<number> {
  refuseInRun(context, 'start Homer');
  const { home, terminal } = context;
  const { record, isOurs } = await ensureDaemon(home, terminal.say);
  const { pid, port, version, startedAt } = record;
  const where = `pid ${pid}, port ${port}`;
  report(context, { started: isOurs, pid, port, version, startedAt, home }, [
    isOurs
      ? `Homer is ready (${where}).`
      : `Homer is already running (${where}, up ${span(Date.now() - Date.parse(startedAt))}).`,
  ]);
  return 0;
}
