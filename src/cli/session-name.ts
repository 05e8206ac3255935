// What people call a session that is known by its id.

import { isHomerError } from '../core/errors.ts';
import type { SessionAnswer } from './answers.ts';
import type { Client } from './client.ts';

/** Its name; its id for a run, which may look at its job, but not at sessions. */
export async function sessionName(client: Client, id: string): Promise<string> {
  try {
    return (await client.call<SessionAnswer>('sessions.get', { params: { id } })).session.name;
  } catch (error) {
    if (isHomerError(error, 'HOMER_SCOPE_MISSING')) return id;
    throw error;
  }
}
