// Loaded into a daemon that is measured (`node --import`): SIGUSR2 writes how late its event loop was since the last time.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

export const lagFile = 'loop-lag.json';

const delays = monitorEventLoopDelay({ resolution: 5 });
delays.enable();
process.on('SIGUSR2', () => {
  const ms = (percentile: number): number => delays.percentile(percentile) / 1e6;
  const lag = { p50: ms(50), p99: ms(99), max: delays.max / 1e6 };
  writeFileSync(join(process.env['HOMER_HOME'] ?? '', lagFile), JSON.stringify(lag));
  delays.reset();
});
