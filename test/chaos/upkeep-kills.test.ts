// A few kills of each sort, a new seed each time; `node test/chaos/upkeep-kills.ts --kills=200` makes as many as are asked for.

import { expect, test } from 'vitest';
import { runUpkeepKills } from './upkeep-kills.ts';

test('killed in the middle of a backup, a restore or a migration, nothing is damaged and nothing promised is lost', async () => {
  const seed = Date.now() % 1_000_000;
  console.info(`seed ${seed}: node test/chaos/upkeep-kills.ts --kills=15 --seed=${seed}`);
  const report = await runUpkeepKills(15, seed);
  console.info(JSON.stringify(report));
  expect(report.kills).toEqual({ backup: 5, restore: 5, migrate: 5 });
});
