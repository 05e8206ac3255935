// Backups, as their directory shows them: only what was found to be whole has the name of a backup.

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { messageOf } from '../core/errors.ts';
import { listBackups } from '../ledger/backup-names.ts';
import { finding, type Finding } from './report.ts';

const hourMs = 3_600_000;
/** After this a day is lost with the ledger, whatever the interval. */
const oldMs = 26 * hourMs;

/** Nothing where there is no ledger yet. That a backup failed is told by the daemon itself. */
export function backupFindings(home: string, config: Config | null, now: number): readonly Finding[] {
  if (config === null || !existsSync(join(home, 'homer.db'))) return [];
  const about = 'backup';
  const { everyMs, directory, recipients } = config.backup;
  const where = directory ?? join(home, 'backups');
  const make = '`homer backup` makes one.';
  try {
    const [newest, ...older] = listBackups(where);
    if (newest === undefined) {
      const first = everyMs === null ? '' : ' The first one is made five minutes after a start.';
      return [finding(about, 'note', `There is no verified backup in ${where}.${first}`, make)];
    }
    const ageMs = Math.max(0, now - newest.madeAt);
    const isSafe = recipients.length > 0 ? 'encrypted' : 'not encrypted';
    const isSameDisk = statSync(where).dev === statSync(home).dev ? ', on the same disk as the ledger' : '';
    const text = `The last verified backup is ${ageText(ageMs)} old (${older.length + 1} in ${where}${isSameDisk}, ${isSafe}).`;
    if (ageMs <= Math.max(oldMs, 2 * (everyMs ?? 0))) return [finding(about, 'ok', text)];
    return [
      finding(about, 'note', `${text} Nothing may have been written since, or Homer did not run.`, make),
    ];
  } catch (error) {
    return [
      finding(
        about,
        'problem',
        `Backups cannot be looked at: ${messageOf(error)}.`,
        'See `backup.to` in config.yaml.',
      ),
    ];
  }
}

function ageText(ms: number): string {
  if (ms < hourMs) return `${Math.round(ms / 60_000)} min`;
  return ms < 48 * hourMs ? `${Math.round(ms / hourMs)} h` : `${Math.round(ms / hourMs / 24)} days`;
}
