// node bench/main.ts [--quick] [--json] [engines] [transport] [backlog] [growth] [daemon] [skills] [websocket] [workers] [soak]
// Measures Homer beside BullMQ on a Redis of its own, and the daemon against the design's figures. Needs redis-server.

import { parseArgs } from 'node:util';
import { cpus, loadavg } from 'node:os';
import { benchDaemonAdopt } from './daemon-adopt.ts';
import { benchDaemonIdle } from './daemon-idle.ts';
import { benchDaemonStart } from './daemon-start.ts';
import { benchBacklog, benchEngines, benchGrowth, benchTransport, type Scale } from './engines.ts';
import { formatLine, type Line } from './report.ts';
import { benchRunOverhead } from './run-overhead.ts';
import { benchSkills } from './skills.ts';
import { benchSoak } from './soak.ts';
import { benchWebSocket } from './websocket.ts';
import { benchWorkers } from './workers.ts';

const { values: options, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const scale: Scale = options.quick
  ? { rounds: 7, jobs: 4_000, backlog: 100_000 }
  : { rounds: 9, jobs: 10_000, backlog: 1_000_000 };
const say = (text: string): void => void process.stderr.write(`… ${text}\n`);

const parts: Readonly<Record<string, () => Line[] | Promise<Line[]>>> = {
  engines: () => benchEngines(scale, say),
  transport: () => benchTransport(scale, say),
  backlog: () => benchBacklog(scale, say),
  growth: () => benchGrowth(scale.backlog, say),
  daemon: async () => [
    ...(await benchDaemonStart()),
    ...(await benchDaemonAdopt()),
    ...(await benchDaemonIdle()),
    ...(await benchRunOverhead()),
  ],
  skills: benchSkills,
  websocket: () => benchWebSocket({ clients: 1_000, seconds: options.quick ? 15 : 60 }),
  workers: () => benchWorkers(options.quick ? 40 : 120, say),
  soak: () => benchSoak({ minutes: options.quick ? 5 : 30, rate: 20 }, say),
};
/** Half an hour is taken only when it is asked for. */
const usual = Object.keys(parts).filter((name) => name !== 'soak');
const wanted = positionals.length === 0 ? usual : positionals;

const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? '?'}, Node ${process.version}`;
const loadBefore = loadavg()[0] ?? 0;
const lines: Line[] = [];
if (!options.json) process.stdout.write(`${machine}, load ${loadBefore.toFixed(1)} at the start\n`);
for (const name of wanted) {
  const part = parts[name];
  if (part === undefined)
    throw new Error(`There is no part "${name}"; there are ${Object.keys(parts).join(', ')}.`);
  say(name);
  for (const line of await part()) {
    lines.push(line);
    if (!options.json) process.stdout.write(`${formatLine(line)}\n`);
  }
}
if (options.json) {
  const load = { before: loadBefore, after: loadavg()[0] ?? 0 };
  process.stdout.write(
    `${JSON.stringify({ machine, at: new Date().toISOString(), load, lines }, null, 2)}\n`,
  );
}
