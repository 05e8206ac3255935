// Finds out how the ledger is: from the daemon that works on it, else from the file, in a process that is not waited for longer than
// a person would.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileLook } from '../ledger/look.ts';
import type { LedgerFacts } from '../ledger/facts.ts';
import type { LockState } from '../lifecycle/lock.ts';
import { probeLock } from '../lifecycle/lock.ts';
import type { LedgerLook } from './check.ts';

/** Less than the 2 s for which a daemon that starts waits for others to let go of its ledger: none is kept from its start by this. */
const patienceMs = 1_800;

export interface LedgerLookOptions {
  readonly home: string;
  readonly isRunning: boolean;
  /** What the daemon told of it. */
  readonly told: LedgerFacts | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Never rejects. */
export async function lookAtLedger({ home, isRunning, told, env }: LedgerLookOptions): Promise<LedgerLook> {
  if (told !== null) return { state: 'read', facts: told, isWhole: null, damage: [] };
  const file = join(home, 'homer.db');
  if (!existsSync(file)) return { state: 'none' };
  // What a daemon has in its memory is not in the file.
  if (isRunning) return unread('The daemon that works on it did not tell.');
  const lines = await ask(file, env);
  // What was read while a daemon began to write may be half old, half new.
  const lock: LockState = probeLock(home);
  if (lock === 'held') return unread('A daemon was started meanwhile.');
  return readLines(lines);
}

function readLines(lines: readonly string[]): LedgerLook {
  const [first, second] = lines.map(
    (line) => JSON.parse(line) as { look?: FileLook; damage?: readonly string[] },
  );
  const look = first?.look;
  if (look === undefined) return unread(`It did not tell within ${patienceMs / 1000} s.`);
  if (look.is === 'broken') return { state: 'unread', why: look.why, isBroken: true, schema: null };
  if (look.is === 'other') return { ...unread(`It has version ${look.schema}.`), schema: look.schema };
  const damage = second?.damage ?? null;
  return {
    state: 'read',
    facts: look.facts,
    isWhole: damage === null ? null : damage.length === 0,
    damage: damage ?? [],
  };
}

function unread(why: string): Extract<LedgerLook, { state: 'unread' }> {
  return { state: 'unread', why, isBroken: false, schema: null };
}

/** The whole lines that it wrote in time. */
function ask(file: string, env: LedgerLookOptions['env']): Promise<readonly string[]> {
  const entry = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
  const { NODE_COMPILE_CACHE } = env;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [entry, file], {
      env: NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
    const done = (): void => {
      clearTimeout(timer);
      resolve(text.split('\n').slice(0, -1));
    };
    child.once('error', done);
    child.once('close', done);
  });
}
