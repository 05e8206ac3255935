// What is kept for the way back: the copy of the program, the ledger, and a script that uses them where no `homer` starts any more.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argvOfPrevious } from '../lifecycle/previous-version.ts';
import { updateDirectory, type UpdateRecord } from '../lifecycle/update-record.ts';
import { forgetLedger } from './kept-ledger.ts';

/** `sh ~/.homer/update/roll-back` */
export function writeRollBack(home: string, record: UpdateRecord): void {
  const words = argvOfPrevious(record, 'roll-back', home).map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const text = `#!/bin/sh\n# Puts Homer ${record.from.version} back.\nexec ${words.join(' ')}\n`;
  writeFileSync(scriptOf(home), text, { mode: 0o700 });
}

/** Nothing leads back any more. */
export function forgetPrevious(home: string, { previous }: UpdateRecord): void {
  rmSync(scriptOf(home), { force: true });
  forgetLedger(home);
  rmSync(previous, { recursive: true, force: true });
}

function scriptOf(home: string): string {
  return join(updateDirectory(home), 'roll-back');
}
