// The process of `homer worker` for tests: as the command line starts it, with another runner.
// usage: worker.ts HOME URL TOKEN_FILE [--lanes a,b] [--labels a,b] [--concurrency N]

import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareHome } from '../../src/config/home.ts';
import { catalogue, isHomerError, messageOf } from '../../src/core/errors.ts';
import { openHost } from '../../src/host/open.ts';
import { acquireLock } from '../../src/lifecycle/lock.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { lanes: { type: 'string' }, labels: { type: 'string' }, concurrency: { type: 'string' } },
});
const [home = '', url, tokenFile] = positionals;
prepareHome(home);
const lock = acquireLock(home);
if (lock === null) process.exit(75);
const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;
try {
  const exitCode = await openHost({
    lock,
    home,
    version: '0.0.0-chaos',
    env: process.env,
    userHome: homedir(),
    given: {
      url,
      tokenFile,
      lanes: values.lanes?.split(','),
      labels: values.labels?.split(','),
      concurrency: values.concurrency === undefined ? undefined : Number(values.concurrency),
    },
    readInput: async () => null,
    runner: {
      argv: [process.execPath, join(import.meta.dirname, 'runner.ts'), 'none'],
      env: { PATH, NODE_COMPILE_CACHE },
    },
  });
  process.exit(exitCode);
} catch (error) {
  process.stderr.write(`${isHomerError(error) ? error.code : 'ERROR'} ${messageOf(error)}\n`);
  process.exit(isHomerError(error) ? (catalogue[error.code].exit ?? 1) : 1);
}
