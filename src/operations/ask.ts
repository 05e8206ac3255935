// Operations for channels: what a chat says becomes a call with the rights of a chat, never more.

import type { Scope } from '../core/scope.ts';
import type { Caller } from './operation.ts';
import type { Performer } from './perform.ts';

/** Who speaks in a chat. */
export interface ChatSender {
  /** `telegram:CHAT` */
  readonly source: string;
  /** Configured `command` executors that chats may use. */
  readonly commands: readonly string[];
}

/** Does what an operation does; throws as it does, HOMER_SCOPE_MISSING for what is not for chats. */
export type Ask = (name: string, input: unknown, sender: ChatSender) => Promise<unknown>;

const scopes: ReadonlySet<Scope> = new Set<Scope>(['read', 'chat', 'operate']);

export function createAsk(performer: Performer): Ask {
  return async (name, input, { source, commands }) => {
    const caller: Caller = { tokenId: source, scopes, isOwner: false, source, commands };
    const [face = source] = source.split(':', 1);
    const gone = new AbortController().signal;
    return (await performer.perform({ name, input, caller, from: { face, peer: source }, gone })).output;
  };
}
