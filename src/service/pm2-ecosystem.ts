// The ecosystem file of PM2, for who has PM2 already. PM2 starts again after every exit, 0 included, unless told; 0 has to stay, since a
// process that was killed counts as 0 there (7.0.4). It interrupts
// (SIGINT) what it stops, and would kill the runs with it. A delay before restarts is not set: with one, 7.0 shows what it will not start
// again as waiting to be.

import { serveArguments, type Blueprint } from './blueprint.ts';

/** After the drain: what is closed then, with time to spare. */
const closingMs = 60_000;

export function renderEcosystem(name: string, { home, launcher, variables, drainMs }: Blueprint): string {
  const app = {
    name,
    script: launcher,
    args: serveArguments(home),
    interpreter: 'none',
    exec_mode: 'fork',
    instances: 1,
    env: variables,
    stop_exit_codes: [2, 75, 78],
    kill_timeout: drainMs + closingMs,
    // Runs outlive a restart.
    treekill: false,
  };
  return `// For PM2: pm2 start ecosystem.config.cjs && pm2 save\nmodule.exports = ${JSON.stringify({ apps: [app] }, null, 2)};\n`;
}
