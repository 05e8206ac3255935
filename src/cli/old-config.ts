// A list that is empty since config.yaml was refused: whoever looks for what they wrote is told why it is not there.

import { isHomerError } from '../core/errors.ts';
import type { StatusAnswer } from './answers.ts';
import type { Client } from './client.ts';

/** One line, or none when the file is in force or the client may not ask. */
export async function oldConfigLines(client: Client): Promise<readonly string[]> {
  try {
    const { problems } = await client.call<StatusAnswer>('daemon.status');
    return problems.some(({ code }) => code === 'HOMER_CONFIG_INVALID')
      ? ['config.yaml was refused and the last good one is in force; `homer config check` says why.']
      : [];
  } catch (error) {
    if (isHomerError(error)) return [];
    throw error;
  }
}
