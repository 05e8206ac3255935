// Backups, as their directory shows them: only what was found to be whole has the name of a backup.

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listBackups, type BackupFile } from '../../ledger/backup-names.ts';
import type { Around, Check } from '../check.ts';
import { note, ok, problem, quoted } from '../report.ts';

const about = 'backup';
const hourMs = 3_600_000;
/** After this a day is lost with the ledger, whatever the interval. */
const oldMs = 26 * hourMs;

export const backupChecks: readonly Check[] = [
  {
    id: 'backup-age',
    about,
    severity: 'note',
    why: 'What was done since the last backup is gone with the disk; only verified copies count.',
    look(around) {
      const { config, now, daemon } = around;
      const { where, files } = backupsOf(around);
      if (where === null || config === null) return null;
      const { everyMs } = config.backup;
      const [newest] = files;
      if (newest === undefined) {
        const first = everyMs === null ? '' : ' The first one is made five minutes after a start.';
        return note(`There is no verified backup in ${where}.${first}`, { command: 'homer backup' });
      }
      // The daemon knows of those that went elsewhere, too.
      const verifiedAt = Math.max(newest.madeAt, Date.parse(daemon?.backup?.lastVerifiedAt ?? '') || 0);
      const ageMs = Math.max(0, now - verifiedAt);
      const isSafe = config.backup.recipients.length > 0 ? 'encrypted' : 'not encrypted';
      const text = `The last verified backup is ${ageText(ageMs)} old (${files.length} in ${where}, ${isSafe}).`;
      if (ageMs <= Math.max(oldMs, 2 * (everyMs ?? 0))) return ok(text);
      return note(`${text} Nothing may have been written since, or Homer did not run.`, {
        command: 'homer backup',
      });
    },
  },
  {
    id: 'backup-place',
    about,
    severity: 'note',
    why: 'A backup on the disk of the ledger is gone with it.',
    look(around) {
      const { where, files } = backupsOf(around);
      if (where === null || files.length === 0) return null;
      if (statSync(where).dev !== statSync(around.home).dev)
        return ok('Backups lie on another disk than the ledger.');
      return note(
        'Backups lie on the same disk as the ledger.',
        'Set `backup.to` in config.yaml to another disk, or copy them away.',
      );
    },
  },
  {
    id: 'backup-readers',
    about,
    severity: 'problem',
    security: true,
    why: 'A backup holds every prompt and every answer; where others can read it they read all of them.',
    look(around) {
      const { where, files } = backupsOf(around);
      if (where === null || (around.config?.backup.directory ?? null) === null) return null;
      const open = files.filter(({ path, encrypted }) => !encrypted && (statSync(path).mode & 0o077) !== 0);
      return open.length === 0
        ? ok('Nobody else can read the backups.')
        : problem(`Other users can read ${open.length} of the backups in ${where}.`, {
            command: `chmod 600 ${quoted(where)}/homer-*.db`,
          });
    },
  },
  {
    id: 'backup-encrypted',
    about,
    severity: 'note',
    security: true,
    deep: true,
    why: 'What leaves the machine is read by whoever has the other one.',
    look({ config }) {
      const directory = config?.backup.directory ?? null;
      if (config === null || directory === null) return null;
      return config.backup.recipients.length > 0
        ? ok('Backups are encrypted.')
        : note(
            `Backups in ${directory} are not encrypted.`,
            'Set `backup.encrypt` in config.yaml (docs/backup.md).',
          );
    },
  },
];

/** `where` null: nothing is there to back up. Throws where the directory cannot be read. */
function backupsOf({ home, config }: Around): {
  readonly where: string | null;
  readonly files: readonly BackupFile[];
} {
  if (config === null || !existsSync(join(home, 'homer.db'))) return { where: null, files: [] };
  const where = config.backup.directory ?? join(home, 'backups');
  return { where, files: listBackups(where) };
}

function ageText(ms: number): string {
  if (ms < hourMs) return `${Math.round(ms / 60_000)} min`;
  return ms < 48 * hourMs ? `${Math.round(ms / hourMs)} h` : `${Math.round(ms / hourMs / 24)} days`;
}
