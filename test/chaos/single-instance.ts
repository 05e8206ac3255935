// Many `homer serve` at once, round after round: one wins, all others are refused with 75. After each round the winner is killed,
// so that the next round finds its leftovers.
// usage: node test/chaos/single-instance.ts [--processes=200] [--rounds=20]

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createChaosHome } from './chaos-home.ts';

const main = join(import.meta.dirname, '../../src/cli/main.ts');
/** Waits for the starting shot, which is the end of its standard input: all of them go at one instant. */
const starter = 'import("node:process"); process.stdin.resume().once("end", () => import(process.argv[1]));';

export interface Race {
  readonly winners: number;
  /** Exit codes of those that were refused. */
  readonly refused: readonly (number | null)[];
  /** What one of them said. */
  readonly words: string;
}

/** Returns the rounds; throws when nobody wins. `leftBehind` is called with the dead winner's home after each. */
export async function raceToServe(processes: number, rounds: number): Promise<readonly Race[]> {
  const home = createChaosHome();
  const races: Race[] = [];
  try {
    for (let round = 0; round < rounds; round++) races.push(await race(home.path, home.env, processes));
    return races;
  } finally {
    await home.remove();
  }
}

async function race(home: string, env: Record<string, string>, processes: number): Promise<Race> {
  const children: ChildProcess[] = [];
  const refused: (number | null)[] = [];
  let words = '';
  let winners = 0;
  const settled = Promise.withResolvers<void>();
  const look = (): void => {
    if (winners + refused.length >= processes && winners > 0) settled.resolve();
    if (refused.length === processes) settled.reject(new Error(`nobody won: ${words}`));
  };
  for (let index = 0; index < processes; index++) {
    const child = spawn(process.execPath, ['-e', starter, main, 'serve', '--home', home], {
      env,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    children.push(child);
    let said = '';
    child.stderr?.on('data', (data: Buffer) => {
      said += data.toString();
      if (!said.includes('"msg":"ready"')) return;
      said = '';
      winners += 1;
      look();
    });
    child.once('close', (code) => {
      if (code === null) return;
      words = said;
      refused.push(code);
      look();
    });
  }
  for (const child of children) child.stdin?.end();
  try {
    await settled.promise;
  } finally {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  return { winners, refused, words };
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { processes: { type: 'string', default: '200' }, rounds: { type: 'string', default: '20' } },
  });
  const races = await raceToServe(Number(values.processes), Number(values.rounds));
  for (const { winners, refused } of races)
    process.stdout.write(
      `${winners} won, ${refused.filter((code) => code === 75).length} of ${refused.length} refused with 75\n`,
    );
}
