// The runner with short times and, if one is planned, a death: it takes a file named `POINT-…` out of DIRECTORY when it passes that
// point, and kills itself. Who removed the file dies, so each planned death is died once.
// SIGUSR2 blocks its event loop for ever.
// usage: runner.ts (DIRECTORY|none) --run RUN --home DEVICE:INODE

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openExecutor } from '../../src/executors/open.ts';
import type { RunPoint } from '../../src/lifecycle/waypoint.ts';
import { conductRun } from '../../src/runner/run.ts';

const [kills = 'none', , runId = '', , home = ''] = process.argv.slice(2);

function pass(point: RunPoint): void {
  if (kills === 'none') return;
  const plan = readdirSync(kills).find((name) => name.startsWith(point));
  if (plan === undefined) return;
  try {
    rmSync(join(kills, plan));
  } catch {
    // Another runner was quicker and dies of it.
    return;
  }
  process.kill(process.pid, 'SIGKILL');
}

// A loop that spins: deaf to every order, and to its own limits.
process.on('SIGUSR2', () => {
  for (;;);
});

const times = { cancelMs: 300, termMs: 300, proofMs: 3000, lingerMs: 500 };
process.exit(await conductRun({ runId, home, openExecutor, times, tickMs: 100, pass }));
