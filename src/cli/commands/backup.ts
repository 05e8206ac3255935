// `homer backup` and `homer restore`. A backup is made by the daemon, who has the ledger open; listing, verifying and restoring need none.

import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { CopyReport } from '../../backup/open.ts';
import { prepareHome, resolveHome } from '../../config/home.ts';
import { HomerError } from '../../core/errors.ts';
import { acquireLock } from '../../lifecycle/lock.ts';
import type { BackupView } from '../../operations/backups.ts';
import { connect } from '../client.ts';
import { report, type Context } from '../context.ts';
import { age, count, table, type Cell, oneLine } from '../format.ts';
import { refuseInRun } from '../run-access.ts';
import { shellWord } from '../shell-words.ts';

export interface BackupOptions {
  readonly to?: string;
  readonly encrypt?: readonly string[];
}

export interface RestoreOptions {
  readonly verify?: boolean;
  readonly identity?: string;
}

/** A large ledger on a slow disk takes its time; the daemon says when it is done or cannot be. */
const patienceMs = 3_600_000;

export async function backup(context: Context, { to, encrypt }: BackupOptions): Promise<number> {
  refuseInRun(context, 'make backups');
  const client = await connect(context.home);
  const body = { to: to === undefined ? undefined : resolve(to), encrypt };
  const made = await client.call<BackupView>('backups.create', { body, timeoutMs: patienceMs });
  report(context, made, [
    made.path,
    `Verified: ${bytesText(made.bytes)}, ${contents(made.jobs, made.open)}${made.encrypted ? ', encrypted' : ''}.`,
    ...made.leftOut.map((what) => `Not in it: ${what}.`),
  ]);
  return 0;
}

export async function listBackups(context: Context, { to }: BackupOptions): Promise<number> {
  refuseInRun(context, 'look at backups');
  const { listAllBackups, listRestorable } = await import('../../backup/open.ts');
  if (to !== undefined && statSync(to, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new HomerError('HOMER_USAGE', `${to} is no directory.`);
  const options = { env: process.env, userHome: homedir() };
  const found = to === undefined ? listAllBackups(context.home, options) : listRestorable(resolve(to));
  const backups = found.map(({ madeAt, ...each }) => ({ ...each, madeAt: new Date(madeAt).toISOString() }));
  const rows = backups.map((each): Cell[] => [
    { text: age(each.madeAt, Date.now()) },
    { text: bytesText(each.bytes) },
    { text: each.kind === 'backup' ? (each.encrypted ? 'encrypted' : 'plain') : each.kind },
    { text: each.path, paint: context.terminal.palette.dim },
  ]);
  const head = ['made', 'size', 'what', 'file'].map((text): Cell => ({
    text,
    paint: context.terminal.palette.dim,
  }));
  const none = [
    to === undefined
      ? 'There is no backup yet; `homer backup` makes one.'
      : `There is no backup in ${resolve(to)}.`,
  ];
  report(context, { backups }, rows.length === 0 ? none : table([head, ...rows], null));
  return 0;
}

export async function restore(
  context: Context,
  text: string,
  { verify, identity }: RestoreOptions,
): Promise<number> {
  refuseInRun(context, 'restore backups');
  const { verifyBackup, restoreBackup } = await import('../../backup/open.ts');
  const order = { file: resolve(text), identity: identity === undefined ? null : resolve(identity) };
  if (verify === true) {
    const found = await verifyBackup(order, dirname(order.file));
    report(context, { ok: true, ...viewReport(found) }, [
      `${order.file} is whole: ${contents(found.jobs, found.open)}, ${ageText(found)}.`,
    ]);
    return 0;
  }
  const { home, terminal } = context;
  for (const warning of prepareHome(home).warnings) terminal.say(`homer: ${warning}`);
  const lock = acquireLock(home);
  if (lock === null)
    throw new HomerError('HOMER_LOCK_HELD', `A Homer runs on ${home}; its ledger cannot be replaced.`, {
      hint: 'Stop it (`homer stop`), or restore into another directory with --home.',
    });
  try {
    // Commands that are copied from here are to reach this state directory.
    const isUsual = home === resolveHome(undefined, process.env, homedir());
    const at = isUsual ? '' : ` --home ${shellWord(home)}`;
    const { restored, kept, failed, replaced, ...found } = await restoreBackup(home, order, Date.now());
    report(context, { home, restored, kept, failed, replaced, ...viewReport(found) }, [
      `${home} has the ledger of ${order.file}: ${contents(found.jobs, found.open)}, ${ageText(found)}.`,
      ...(replaced === null ? [] : [`The one before is kept as ${replaced}.`]),
      ...(restored.length === 0 ? [] : [`Put back beside it: ${filesText(restored)}.`]),
      ...(kept.length === 0 ? [] : [`Already here, and left as it is: ${filesText(kept)}.`]),
      ...(failed.length === 0 ? [] : [`Could not be put back: ${filesText(failed)}.`]),
      ...(found.files.includes('config.yaml') ? [] : ['The backup has no config.yaml.']),
      `Homer starts held and runs nothing: \`homer start${at}\`, look at \`homer jobs${at}\`, then \`homer resume${at}\`.`,
    ]);
    return 0;
  } finally {
    lock.release();
  }
}

function viewReport(found: CopyReport): Record<string, unknown> {
  const { schema, version, jobs, open, madeAt, lastEventAt, files } = found;
  const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
  return { schema, version, jobs, open, madeAt: iso(madeAt), lastEventAt: iso(lastEventAt), files };
}

function ageText({ madeAt, lastEventAt }: CopyReport): string {
  const at = madeAt ?? lastEventAt;
  return at === null
    ? 'of unknown age'
    : `as of ${new Date(at).toISOString()} (${age(new Date(at).toISOString(), Date.now())})`;
}

function contents(jobs: number, open: number): string {
  return `${count(jobs, 'job')}, ${open} of them open`;
}

/** Skills may be many files. */
function filesText(paths: readonly string[]): string {
  const most = 8;
  const more = paths.length > most ? ` and ${paths.length - most} more` : '';
  return `${paths.slice(0, most).map(oneLine).join(', ')}${more}`;
}

function bytesText(bytes: number): string {
  return bytes < 1_048_576 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
