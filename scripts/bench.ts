// Runs the benchmarks with what they need installed.

import { spawnSync } from 'node:child_process';
import { ensurePrograms } from './system.ts';

ensurePrograms(['redis-server']);
const { status } = spawnSync(process.execPath, ['bench/main.ts', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
