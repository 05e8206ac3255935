// `POST /telegram`: updates that Telegram brings by webhook. It is known by the secret in the head; the body of a stranger is never read.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { UpdateDoor } from '../channels/door.ts';
import { HomerError } from '../core/errors.ts';
import { checkSize, hasBody } from './guards.ts';
import { guesses, limited, readerFor, sendJson, type HookRoutesOptions } from './hook-routes.ts';
import { readBody } from './request-body.ts';
import { createBuckets } from '../core/token-bucket.ts';

export type UpdateRouteOptions = Pick<
  HookRoutesOptions,
  'now' | 'bodyTimeMs' | 'answerStallMs' | 'requireIntake'
> & {
  readonly door: UpdateDoor;
  readonly bodyBytes: number;
};

const path = '/telegram';

export function isUpdate(request: IncomingMessage): boolean {
  return request.method === 'POST' && (request.url ?? '').split(/[?#]/, 1)[0] === path;
}

/** Answers one update once it is in the ledger, or throws what is to be answered. Host and Origin have been checked. */
export function createUpdateRoute(
  options: UpdateRouteOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { door, bodyBytes, bodyTimeMs } = options;
  const wrong = createBuckets(guesses, options.now);

  const prove = (request: IncomingMessage): void => {
    const secret = request.headersDistinct['x-telegram-bot-api-secret-token'];
    if (secret?.length === 1 && door.proves(secret[0] ?? '')) return;
    const retryAfter = wrong.take(path);
    if (retryAfter > 0) throw limited('Too many wrong secrets came to this address.', retryAfter);
    throw secret === undefined
      ? new HomerError('HOMER_HOOK_UNSIGNED', 'There is no X-Telegram-Bot-Api-Secret-Token.')
      : new HomerError('HOMER_HOOK_SIGNATURE', 'This is not the secret that Telegram was given.');
  };

  return async (request, response) => {
    try {
      if (!door.isOpen())
        throw new HomerError('HOMER_HOOK_UNKNOWN', 'No updates of Telegram are taken here now.', {
          hint: 'With `telegram: { mode: webhook, url: … }` they are, once Homer is connected.',
        });
      prove(request);
      options.requireIntake();
      const read = readerFor(request, false);
      checkSize(request, bodyBytes);
      const update = read(
        hasBody(request) ? await readBody(request, bodyBytes, bodyTimeMs) : Buffer.alloc(0),
      );
      if (!isUpdateShaped(update))
        throw new HomerError('HOMER_INPUT_INVALID', 'This is no update of Telegram.');
      await door.take(update);
      sendJson(response, 200, {}, options);
    } catch (error) {
      // What is left of the body is of no use any more, and may never come.
      if (!request.complete) response.setHeader('connection', 'close');
      throw error;
    }
  };
}

function isUpdateShaped(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'update_id' in value &&
    Number.isSafeInteger(value.update_id)
  );
}
