// Operations for channels: what a chat says becomes a call with the rights of a chat, never more.

import { HomerError } from '../core/errors.ts';
import type { Caller, Operation } from './operation.ts';
import { routes, type RouteName, type Scope } from './routes.ts';

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

export function createAsk(operations: readonly Operation[]): Ask {
  const byName = new Map<string, Operation>(operations.map((operation) => [operation.name, operation]));
  return async (name, input, { source, commands }) => {
    const operation = byName.get(name);
    if (operation === undefined) throw new HomerError('HOMER_ROUTE_UNKNOWN', `This Homer has no ${name}.`);
    if (!scopes.has(routes[name as RouteName].scope))
      throw new HomerError('HOMER_SCOPE_MISSING', `${name} is not for chats.`);
    const parsed = operation.input.safeParse(input);
    if (!parsed.success)
      throw new HomerError(
        'HOMER_INPUT_INVALID',
        `${parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}.`,
      );
    const caller: Caller = { tokenId: source, scopes, isOwner: false, source, commands };
    return (await operation.handle(parsed.data, caller, new AbortController().signal)).output;
  };
}
