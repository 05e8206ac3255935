// node bench/contestant-process.ts CONTESTANT throughput|backlog JOBS DIRECTORY
// Measures one queue in a process of its own, so that no contestant runs in another's warm heap; prints JSON.

import { openBullmq } from './bullmq-contestant.ts';
import { overRedis, type Contestant } from './contestant.ts';
import { measureBacklog, measureThroughput } from './engine-measures.ts';
import { openHomer, openHomerOverRedis } from './homer-contestant.ts';

const [name = '', measure = '', jobs = '', directory = ''] = process.argv.slice(2);

function open(): Promise<Contestant> {
  if (name === 'homer') return openHomer(directory);
  if (name === overRedis) return openHomerOverRedis(directory);
  return openBullmq(directory, name === 'bullmq-always' ? 'always' : 'everysec');
}

const queue = await open();
const figures = await (measure === 'backlog' ? measureBacklog : measureThroughput)(queue, Number(jobs));
process.stdout.write(`${JSON.stringify(figures)}\n`);
// A worker that stopped on a backlog leaves nothing worth waiting for; the store is thrown away.
if (measure === 'backlog') process.exit(0);
await queue.close();
