// The operation on presence: who is connected, as what, since when.

import { z } from 'zod';
import { defineOperation, type Operation } from './operation.ts';

export const presenceView = z.object({
  /** Of this connection, made up by Homer. */
  id: z.string(),
  kind: z.enum(['websocket', 'stream']),
  /** Whose token it came with. */
  tokenId: z.string(),
  scopes: z.array(z.string()),
  /** What the client calls itself; nothing follows from it. */
  client: z.string().nullable(),
  address: z.string(),
  topics: z.array(z.string()),
  since: z.iso.datetime(),
  /** When something last came from it, be it only the answer to a ping. */
  lastSeen: z.iso.datetime(),
});

export type PresenceView = z.infer<typeof presenceView>;

export function presenceOperations(presence: () => readonly PresenceView[]): readonly Operation[] {
  return [
    defineOperation({
      name: 'presence.list',
      input: z.strictObject({}),
      output: z.object({ present: z.array(presenceView) }),
      async handle() {
        return { output: { present: [...presence()] } };
      },
    }),
  ];
}
