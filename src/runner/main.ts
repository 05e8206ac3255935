// The process of one run: `main.ts --run RUN --home DEVICE:INODE`, started by the daemon in the run's directory, with the secret
// frame on its standard input and runner.log as its standard error. The arguments say whose it is to who lists processes.

import { openExecutor } from '../executors/open.ts';
import { tellCrash } from './crash.ts';
import { runnerExit } from './files.ts';
import { conductRun } from './run.ts';

const [runFlag, runId, homeFlag, home] = process.argv.slice(2);
if (runFlag !== '--run' || runId === undefined || homeFlag !== '--home' || home === undefined) {
  process.stderr.write('usage: main.ts --run RUN --home DEVICE:INODE\n');
  process.exit(runnerExit.failed);
}
process.on('uncaughtException', (error) => {
  tellCrash(error);
  process.exit(runnerExit.failed);
});
// Exit at once: nothing may keep a runner that has written its verdict.
process.exit(await conductRun({ runId, home, openExecutor }));
