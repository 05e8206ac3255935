// Puts what keeps the ledger safe and small together with the rest of the house: backups and retention.

import { Backups, type BackupsOptions } from '../backup/backups.ts';
import type { Config } from '../config/config.ts';
import type { Troubles } from '../health/condition.ts';
import { RetentionService, type RetentionOptions } from '../retention/retention.ts';

interface UpkeepParts
  extends Omit<BackupsOptions, 'config' | 'onTrouble'>, Pick<RetentionOptions, 'homeIdentity'> {
  readonly config: () => Config;
  readonly troubles: Troubles;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

export function openUpkeep(parts: UpkeepParts): {
  readonly backups: Backups;
  readonly retention: RetentionService;
} {
  const { config, troubles, onError } = parts;
  const backups = new Backups({
    ...parts,
    config: () => config().backup,
    onTrouble: (trouble) => {
      if (trouble === null) troubles.clear('backup');
      else troubles.note('backup', trouble);
    },
  });
  const retention = new RetentionService({
    ...parts,
    config: () => config().retention,
    onError: (error) => onError(error, { part: 'retention' }),
  });
  return { backups, retention };
}
