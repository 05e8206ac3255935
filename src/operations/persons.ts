// Whether a person is there: what the owner asks to be done, and whatever is said in a chat, is a sign of one. Reading over HTTP is
// none, since a page that is open reads by itself.

import type { Operation } from './operation.ts';
import { routes } from './routes.ts';

/** Told of a sign; `source` as of a job. Returns at once. */
export type PersonIsHere = (source: string, isOwner: boolean) => void;

export function noticingPersons(operation: Operation, personIsHere: PersonIsHere): Operation {
  const isReading = routes[operation.name].method === 'GET';
  return {
    ...operation,
    handle(input, caller, gone) {
      const isChat = caller.source.startsWith('telegram:');
      if (caller.run === undefined && (isChat || (caller.isOwner && !isReading)))
        personIsHere(caller.source, caller.isOwner);
      return operation.handle(input, caller, gone);
    },
  };
}
