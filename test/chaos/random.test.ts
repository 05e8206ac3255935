// Two hundred random kills, a new seed each time; `node test/chaos/random.ts` makes as many as are asked for.

import { expect, test } from 'vitest';
import { percentile, runNemesis } from './nemesis.ts';

test('two hundred random kills lose nothing, repeat nothing and leave nothing behind', async () => {
  const seed = Date.now() % 1_000_000;
  console.info(`seed ${seed}: node test/chaos/random.ts --kills=200 --seed=${seed}`);
  const report = await runNemesis(200, seed, console.info);
  const ready = { p50: percentile(report.readyMs, 0.5), p99: percentile(report.readyMs, 0.99) };
  const bare = percentile(report.bareMs, 0.5);
  console.info(JSON.stringify({ ...report, readyMs: ready, bareMs: bare, starts: report.readyMs.length }));
  // Loose, since this machine may be doing other things, which a bare process feels too when it is among the slow ones: a
  // start that hangs is what this has to catch.
  expect(ready.p99).toBeLessThan(60 * percentile(report.bareMs, 0.9));
}, 600_000);
