// The web as a channel: what is in the ledger is there for whoever reads it (`GET /api/v1/deliveries`), so to send is to have it.

import type { Channel } from './channel.ts';

export function createWebChannel(): Channel {
  return {
    name: 'web',
    capabilities: { edits: false, buttons: false, files: false, idempotentSend: true },
    isOpen: () => true,
    split: (text) => [text],
    send: async () => ({ is: 'sent', messageId: 'ledger' }),
    edit: async () => ({ is: 'permanent', reason: 'A message on the web is not changed.' }),
  };
}
