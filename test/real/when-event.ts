// Waits for something to happen in a room, whatever it is about.

import { readEvents } from '../../src/cli/event-stream.ts';
import type { HomerRoom } from './homer-room.ts';

/** Resolves when an event of this type is in the ledger, be it from before. */
export async function waitForEvent(room: HomerRoom, type: string): Promise<void> {
  const leave = new AbortController();
  const client = await room.client();
  const open = async (since: string) =>
    readEvents(await client.open(`/api/v1/events?since=${since}`, {}, leave.signal));
  try {
    // A cursor of another ledger is answered with where this one is.
    let generation = '';
    for await (const { data } of await open('another.0')) {
      generation = (JSON.parse(data) as { cursor: string }).cursor.split('.')[0] ?? '';
      break;
    }
    for await (const { data } of await open(`${generation}.0`))
      if ((JSON.parse(data) as { type: string }).type === type) return;
  } finally {
    leave.abort();
  }
}
