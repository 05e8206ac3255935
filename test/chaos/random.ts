// usage: node test/chaos/random.ts [--kills=10000] [--seed=N]

import { parseArgs } from 'node:util';
import { percentile, runNemesis } from './nemesis.ts';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '10000' }, seed: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(`seed ${seed}`);
const report = await runNemesis(Number(values.kills), seed, say);
const figures = (ascending: readonly number[]): Record<string, number> => ({
  p50: Math.round(percentile(ascending, 0.5)),
  p99: Math.round(percentile(ascending, 0.99)),
  starts: ascending.length,
});
say(JSON.stringify({ ...report, readyMs: figures(report.readyMs), bareMs: figures(report.bareMs) }, null, 2));
