// `homer token`: the owner's token for scripts, or the path of its file.

import { join } from 'node:path';
import { readToken, tokenFile } from '../../config/token.ts';
import { HomerError } from '../../core/errors.ts';
import { report, type Context } from '../context.ts';
import { refuseInRun } from '../run-access.ts';

export async function token(context: Context, what: 'show' | 'path'): Promise<number> {
  const path = join(context.home, tokenFile);
  if (what === 'path') {
    report(context, { path }, [path]);
    return 0;
  }
  refuseInRun(context, "have the owner's token");
  const text = readToken(context.home);
  if (text === null)
    throw new HomerError(
      'HOMER_NOT_RUNNING',
      `There is no token in ${context.home} yet; the first start makes one.`,
    );
  report(context, { token: text, path }, [text]);
  return 0;
}
