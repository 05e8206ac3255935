// Puts backups together with the rest of the house.

import { Backups, type BackupsOptions } from '../backup/backups.ts';
import type { Config } from '../config/config.ts';
import type { Troubles } from '../health/condition.ts';

interface BackupParts extends Omit<BackupsOptions, 'config' | 'onTrouble'> {
  readonly config: () => Config;
  readonly troubles: Troubles;
}

export function openBackups({ config, troubles, ...parts }: BackupParts): Backups {
  return new Backups({
    ...parts,
    config: () => config().backup,
    onTrouble: (trouble) => {
      if (trouble === null) troubles.clear('backup');
      else troubles.note('backup', trouble);
    },
  });
}
