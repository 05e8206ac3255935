// Kills at random during backups, restores and migrations. After each kill the ledger is whole and has all that was promised, and whatever
// is called a backup is one.
// usage: node test/chaos/upkeep-kills.ts [--kills=200] [--seed=N]

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { listBackups } from '../../src/ledger/backup-names.ts';
import { inspectCopy } from '../../src/ledger/copy.ts';
import { findBroken, findDamage } from '../../src/ledger/invariants.ts';
import { accept, openLedgerIn } from '../e2e/ledger-room.ts';
import { createRandom } from './nemesis.ts';

type Kind = 'backup' | 'restore' | 'migrate';

export interface UpkeepReport {
  readonly seed: number;
  readonly kills: Record<Kind, number>;
  /** What was promised before a kill and was there after it. */
  readonly jobs: number;
  readonly backups: number;
  readonly restored: number;
  readonly migrated: number;
}

const worker = join(import.meta.dirname, 'upkeep-worker.ts');
const shipped = join(import.meta.dirname, '../../src/ledger/migrations');

/** Throws as soon as anything is lost or damaged. */
export async function runUpkeepKills(kills: number, seed: number): Promise<UpkeepReport> {
  const base = mkdtempSync(join(tmpdir(), 'homer-upkeep-'));
  const random = createRandom(seed);
  const report = {
    seed,
    kills: { backup: 0, restore: 0, migrate: 0 },
    jobs: 0,
    backups: 0,
    restored: 0,
    migrated: 0,
  };
  try {
    const stage = await prepare(base);
    for (let n = 0; n < kills; n++) {
      const kind = (['backup', 'restore', 'migrate'] as const)[n % 3] ?? 'backup';
      const home = join(base, kind);
      const args = kind === 'backup' ? [] : stage[kind];
      const said = await killed([kind, home, ...args], random);
      report.kills[kind] += 1;
      if (kind === 'backup') {
        report.jobs += expectJobs(home, said);
        report.backups += expectBackups(home, said);
      } else if (kind === 'restore') {
        const jobs = expectWhole(join(home, 'homer.db'));
        if (jobs !== null && !stage.counts.has(jobs))
          throw new Error(`a ledger of ${jobs} jobs was never there`);
        report.restored += said.filter((line) => line === 'restored').length;
        if (readdirSync(home).some((name) => name.startsWith('homer.db-')))
          throw new Error('a log was left behind');
        rmSync(join(home, 'backups'), { recursive: true, force: true });
      } else {
        expectMigrated(join(home, 'homer.db'));
        report.migrated += said.filter((line) => line === 'migrated').length;
      }
    }
    return report;
  } finally {
    rmSync(base, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Stage {
  readonly restore: readonly string[];
  readonly migrate: readonly string[];
  /** Jobs of the ledgers that may be there after a restore. */
  readonly counts: ReadonlySet<number>;
}

/** Two backups of different size to restore by turns, and an old ledger with migrations that take a moment. */
async function prepare(base: string): Promise<Stage> {
  const counts = [200, 900];
  const restore: string[] = [];
  for (const count of counts) {
    const home = join(base, `made-${count}`);
    mkdirSync(home);
    const ledger = await openLedgerIn(home);
    await Promise.all(Array.from({ length: count }, () => accept(ledger, { prompt: 'y'.repeat(2_000) })));
    ledger.close('drained');
    restore.push(join(home, 'homer.db'));
  }
  const old = join(base, 'old.db');
  const migrations = join(base, 'migrations');
  cpSync(shipped, migrations, { recursive: true });
  cpSync(restore[1] ?? '', old);
  writeFileSync(
    join(migrations, '9000-long.sql'),
    'CREATE TABLE long (value TEXT) STRICT; INSERT INTO long SELECT prompt FROM prompts, (SELECT 1 FROM prompts LIMIT 60);',
  );
  return { restore, migrate: [old, migrations], counts: new Set(counts) };
}

/** What it said until its death, which comes at any moment after it has begun. */
async function killed(args: readonly string[], random: () => number): Promise<string[]> {
  const child = spawn(process.execPath, [worker, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  const begun = Promise.withResolvers<void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    begun.resolve();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const closed = once(child, 'close') as Promise<[number | null, string | null]>;
  void closed.then(() => begun.resolve());
  await begun.promise;
  await delay(random() * (args[0] === 'restore' ? 400 : 1_500));
  child.kill('SIGKILL');
  const [code, signal] = await closed;
  if (signal !== 'SIGKILL') throw new Error(`it ended by itself with ${String(code)}: ${stderr}`);
  // The last line may be cut.
  return stdout.split('\n').slice(0, -1);
}

function expectJobs(home: string, said: readonly string[]): number {
  expectWhole(join(home, 'homer.db'));
  const database = new DatabaseSync(join(home, 'homer.db'));
  try {
    const find = database.prepare('SELECT 1 FROM jobs WHERE key = ?');
    const keys = said.flatMap((line) => (line.startsWith('job ') ? [line.slice(4)] : []));
    for (const key of keys) if (find.get(key) === undefined) throw new Error(`job ${key} is lost`);
    return keys.length;
  } finally {
    database.close();
  }
}

function expectBackups(home: string, said: readonly string[]): number {
  const directory = join(home, 'backups');
  const there = listBackups(directory);
  const promised = new Map(
    said.flatMap((line): [string, number][] => {
      const [, path, jobs] = /^backup (\S+) (\d+)$/.exec(line) ?? [];
      return path === undefined ? [] : [[path, Number(jobs)]];
    }),
  );
  for (const { path } of there) {
    const { jobs } = inspectCopy(path, { leaveAlone: true });
    if (jobs < (promised.get(path) ?? 0)) throw new Error(`${path} lacks jobs that were there before it`);
    promised.delete(path);
  }
  if (promised.size > 0) throw new Error(`${[...promised.keys()].join(', ')} is lost`);
  for (const { path } of there) rmSync(path);
  return there.length;
}

/** The number of its jobs; null: there is none yet. */
function expectWhole(file: string): number | null {
  if (!existsSync(file)) return null;
  const database = new DatabaseSync(file);
  try {
    const found = [...findDamage(database), ...findBroken(database)];
    if (found.length > 0) throw new Error(`${file}: ${found.join('; ')}`);
    return Number(database.prepare('SELECT count(*) AS jobs FROM jobs').get()?.['jobs']);
  } finally {
    database.close();
  }
}

function expectMigrated(file: string): void {
  if (!existsSync(file)) return;
  const jobs = expectWhole(file);
  const database = new DatabaseSync(file);
  try {
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    const has = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'long'").get() !== undefined;
    if (has !== (version === 9000)) throw new Error(`version ${version} is half done`);
    if (
      has &&
      Number(database.prepare('SELECT count(*) AS rows FROM long').get()?.['rows']) !== 60 * (jobs ?? 0)
    )
      throw new Error('rows of a migration are missing');
  } finally {
    database.close();
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { kills: { type: 'string', default: '200' }, seed: { type: 'string' } },
  });
  const report = await runUpkeepKills(Number(values.kills), Number(values.seed ?? Date.now() % 1_000_000));
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
}
