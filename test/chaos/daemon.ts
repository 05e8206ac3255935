// The daemon with a death planned: it kills itself at the how-manieth passing of a point, as a power cut would.
// usage: daemon.ts HOME [--kill POINT[:N]] [--runner-kills DIRECTORY] [--runner PROGRAM --runner-version N]
//        [--watchdog-ticks N] [--clock FILE] [--lease MS]; SIGUSR2 blocks its event loop; FILE says by how many ms its clock is ahead.
// POINT is a waypoint or `any`; the files in DIRECTORY are deaths planned for runners (see runner.ts); PROGRAM is another runner.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareHome } from '../../src/config/home.ts';
import { isHomerError, messageOf, catalogue } from '../../src/core/errors.ts';
import { runDaemon } from '../../src/daemon.ts';
import { shortLeases } from './short-leases.ts';
import { acquireLock } from '../../src/lifecycle/lock.ts';
import type { PassWaypoint } from '../../src/lifecycle/waypoint.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kill: { type: 'string' },
    'runner-kills': { type: 'string', default: 'none' },
    runner: { type: 'string', default: join(import.meta.dirname, 'runner.ts') },
    'runner-version': { type: 'string' },
    'watchdog-ticks': { type: 'string' },
    clock: { type: 'string' },
    lease: { type: 'string' },
  },
});
const [home = ''] = positionals;
const [deadly, count = '1'] = values.kill?.split(':') ?? [];
let left = Number(count);

function pass(point: Parameters<PassWaypoint>[0]): void {
  if ((deadly !== point && deadly !== 'any') || --left > 0) return;
  process.kill(process.pid, 'SIGKILL');
}

// For ever, and deaf to every signal but the last.
process.on('SIGUSR2', () => {
  for (;;);
});

const { clock } = values;
if (clock !== undefined) {
  const real = Date.now.bind(Date);
  Date.now = () => real() + Number(readFileSync(clock, 'utf8'));
}

prepareHome(home);
const lock = acquireLock(home);
if (lock === null) process.exit(75);
try {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;
  const env = { PATH, NODE_COMPILE_CACHE };
  const exitCode = await runDaemon({
    lock,
    home,
    version: '0.0.0-chaos',
    env: process.env,
    userHome: homedir(),
    pass,
    ...(values['watchdog-ticks'] === undefined
      ? {}
      : { watchdog: { tickMs: 100, limitTicks: Number(values['watchdog-ticks']) } }),
    ...(values.lease === undefined ? {} : { leases: shortLeases(Number(values.lease)) }),
    runner: {
      argv: [process.execPath, values.runner, values['runner-version'] ?? values['runner-kills']],
      env,
    },
  });
  process.exit(exitCode);
} catch (error) {
  process.stderr.write(`${isHomerError(error) ? error.code : 'ERROR'} ${messageOf(error)}\n`);
  process.exit(isHomerError(error) ? (catalogue[error.code].exit ?? 1) : 1);
}
