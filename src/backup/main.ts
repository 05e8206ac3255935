// The process that finishes a backup: `main.ts`, with its order as one line of JSON on standard input and its answer as one on
// standard output. It ends when its input does, so that none outlives the daemon that wants it.

import { setPriority } from 'node:os';
import { HomerError, messageOf } from '../core/errors.ts';
import { finishCopy, type FinishOrder } from './finish.ts';

setPriority(10);
process.stdin.setEncoding('utf8');
process.stdin.once('data', (line) => {
  process.stdin.once('end', () => process.exit(1));
  finishCopy(JSON.parse(String(line)) as FinishOrder).then(
    (finished) => answer({ finished }),
    (error: unknown) => {
      const code = error instanceof HomerError ? error.code : 'HOMER_BACKUP_FAILED';
      answer({ error: { code, message: messageOf(error) } });
    },
  );
});

function answer(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`, () => process.exit(0));
}
