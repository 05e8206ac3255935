// usage: upkeep-worker.ts backup|restore|migrate HOME [FILE…]
// Does one thing again and again until it is killed, and says on standard output what it has promised.

import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Backups } from '../../src/backup/backups.ts';
import { restoreBackup } from '../../src/backup/restore.ts';
import { defaultKeep } from '../../src/config/backup.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { createLog } from '../../src/lifecycle/log.ts';
import { accept, openLedgerIn } from '../e2e/ledger-room.ts';

const [what = '', home = '', ...files] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
mkdirSync(join(home, 'backups'), { recursive: true });

async function backUp(): Promise<never> {
  const ledger = await openLedgerIn(home);
  const config = { everyMs: null, keep: defaultKeep, directory: null, recipients: [] };
  const parts = {
    ledger,
    home,
    userHome: home,
    env: process.env,
    version: '0',
    log: createLog({ level: 'silent' }),
  };
  const backups = new Backups({ ...parts, config: () => config, onTrouble: () => undefined });
  await backups.start();
  say('begun');
  void (async () => {
    for (;;) {
      const jobs = ledger.jobs.list({ limit: 1 })[0]?.seq ?? 0;
      const { path } = await backups.make({ to: null, recipients: null });
      // Only the newest few: the disk is not what is tested here.
      say(`backup ${path} ${jobs}`);
    }
  })();
  for (;;) {
    const key = `k${Date.now()}-${Math.random()}`;
    await accept(ledger, { key, prompt: 'x'.repeat(2_000) });
    say(`job ${key}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function restoreAll(): Promise<never> {
  say('begun');
  for (let n = 0; ; n++) {
    await restoreBackup(home, { file: files[n % files.length] ?? '', identity: null }, Date.now() + n);
    say('restored');
  }
}

/** `files`: a ledger of an older version, and the migrations that bring it to this one. */
async function migrateAll(): Promise<never> {
  const [old = '', migrations = ''] = files;
  const file = join(home, 'homer.db');
  say('begun');
  for (;;) {
    if (!existsSync(file)) cpSync(old, file);
    const database = await openDatabase({ file, backups: join(home, 'backups'), migrations });
    database.close();
    say('migrated');
    rmSync(file);
  }
}

if (what === 'backup') await backUp();
else if (what === 'restore') await restoreAll();
else await migrateAll();
