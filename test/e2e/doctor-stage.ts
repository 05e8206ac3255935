// A machine for the checks of `homer doctor`: a real state directory with a real ledger, and beside it a root with whatever files a
// check looks at there.

import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { loadConfig } from '../../src/config/load.ts';
import { prepareHome } from '../../src/config/home.ts';
import { isHomerError, messageOf } from '../../src/core/errors.ts';
import type { Around, DaemonSays, LedgerLook } from '../../src/doctor/check.ts';
import type { LedgerFacts } from '../../src/ledger/facts.ts';
import { lookAtFile, type FileLook } from '../../src/ledger/look.ts';
import { recordOf } from '../../src/lifecycle/record.ts';
import { openLedgerIn } from './ledger-room.ts';

export const dayMs = 86_400_000;

export interface Stage {
  readonly directory: string;
  readonly home: string;
  readonly root: string;
  config(value: unknown): void;
  /** Below the root. */
  machine(path: string, text: string): void;
  /** Below the state directory. */
  file(path: string, text: string, mode?: number): string;
  sql(text: string, ...values: (string | number | null)[]): void;
  /** What checks look at, read afresh. */
  around(changes?: Partial<Around>): Around;
  close(): void;
}

export async function openStage(under = tmpdir()): Promise<Stage> {
  const directory = realpathSync(mkdtempSync(join(under, 'homer-doctor-')));
  const [home, root] = [join(directory, 'home'), join(directory, 'root')];
  mkdirSync(root);
  prepareHome(home);
  const ledger = await openLedgerIn(home);
  ledger.close('drained');
  const write = (path: string, text: string, mode: number): string => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const stage: Stage = {
    directory,
    home,
    root,
    config: (value) => void write(join(home, 'config.yaml'), JSON.stringify(value), 0o600),
    machine: (path, text) => void write(join(root, path), text, 0o644),
    file: (path, text, mode = 0o600) => write(join(home, path), text, mode),
    sql(text, ...values) {
      const database = new DatabaseSync(join(home, 'homer.db'));
      database.prepare(text).run(...values);
      database.close();
    },
    around(changes = {}) {
      return {
        ...{ home, root, version: '0.1.0', nodeVersion: '24.21.0', uid: process.getuid?.() ?? null },
        ...{ now: Date.now(), env: { PATH: process.env['PATH'] }, userHome: '/home/ann', platform: 'linux' },
        ...{
          lock: 'free',
          record: null,
          isRunning: false,
          daemon: null,
          isolation: 'bwrap',
          wantedUnits: [],
        },
        ledger: readLedger(home),
        ...readConfig(home),
        ...changes,
      };
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  };
  return stage;
}

function readConfig(home: string): Pick<Around, 'config' | 'configError' | 'warnings'> {
  try {
    return { ...loadConfig(home, { env: {}, userHome: '/home/ann' }), configError: null };
  } catch (error) {
    if (!isHomerError(error)) throw error;
    return { config: null, warnings: [], configError: { text: messageOf(error), step: error.hint } };
  }
}

/** As the process of the doctor reads it, in this one. */
function readLedger(home: string): LedgerLook {
  const looks: FileLook[] = [];
  const damage = lookAtFile(join(home, 'homer.db'), Date.now(), (found) => void looks.push(found));
  const [look] = looks;
  if (look?.is === 'read') return { state: 'read', facts: look.facts, isWhole: damage.length === 0, damage };
  const schema = look?.is === 'other' ? look.schema : null;
  return { state: 'unread', why: 'it is none', isBroken: look?.is === 'broken', schema };
}

/** The same around with other facts of the ledger, for what would take gigabytes or years to make. */
export function withFacts(around: Around, changes: Partial<LedgerFacts>): Around {
  if (around.ledger.state !== 'read') throw new Error('there are no facts');
  return { ...around, ledger: { ...around.ledger, facts: { ...around.ledger.facts, ...changes } } };
}

export const says = (changes: Partial<DaemonSays> = {}): DaemonSays => ({
  ...{ version: '0.1.0', problems: [], silence: null, telegram: null, backup: null, ledger: null },
  ...changes,
});

/** As around a daemon that runs, in the process `pid`. */
export function running(daemon: DaemonSays | null, pid = process.pid): Partial<Around> {
  const about = { instanceId: 'test', port: 4663, canvasPort: 4664, version: '0.1.0', startedAt: Date.now() };
  return { isRunning: true, lock: 'held', daemon, record: recordOf(pid, about) };
}
