// `POST /hooks/:name`. Senders are known by the secret of the webhook and by nothing else; whatever can be refused by the head
// of a request is refused before its body is read.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { HomerError, isHomerError } from '../core/errors.ts';
import type { HookDoor } from '../intake/hook-door.ts';
import type { Taken } from '../intake/hooks.ts';
import { hasBody, checkSize } from './guards.ts';
import { parseJsonBody } from './json-body.ts';
import { plainHeaders } from './problem-details.ts';
import { readBody } from './request-body.ts';
import { createBuckets, type Buckets } from '../core/token-bucket.ts';

export interface HookRoutesOptions {
  readonly door: HookDoor;
  /** ms of a clock that only goes forward. */
  readonly now: () => number;
  readonly bodyTimeMs: number;
  readonly answerStallMs: number;
  /** Throws while intake is closed. */
  requireIntake(): void;
  /** Called when a delivery was answered. */
  answered(): void;
}

/** Wrong signatures of one webhook: twenty at once, then one every three seconds; the right one always passes. */
export const guesses = { burst: 20, perSecond: 1 / 3 };

/** The name in the address of a webhook; null for any other request. */
export function hookNameOf(request: IncomingMessage): string | null {
  const path = (request.url ?? '').split(/[?#]/, 1)[0] ?? '';
  return request.method === 'POST' ? (/^\/hooks\/([a-z0-9][a-z0-9_-]{0,31})$/.exec(path)?.[1] ?? null) : null;
}

/** Answers one delivery, or throws what is to be answered. Host and Origin have been checked. */
export function createHookRoutes(
  options: HookRoutesOptions,
): (name: string, request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { door } = options;
  const wrong = createBuckets(guesses, options.now);
  const rates = new Map<string, { readonly text: string; readonly buckets: Buckets }>();

  const takeRate = (name: string, { count, perMs }: { count: number; perMs: number }): void => {
    const text = `${count}/${perMs}`;
    let rate = rates.get(name);
    // A configuration that changed the rate begins with a full bucket.
    if (rate?.text !== text) {
      rate = {
        text,
        buckets: createBuckets({ burst: count, perSecond: (count / perMs) * 1000 }, options.now),
      };
      rates.set(name, rate);
    }
    const retryAfter = rate.buckets.take(name);
    if (retryAfter > 0) throw limited('This webhook has received too much.', retryAfter);
  };

  const receive = async (
    name: string,
    request: IncomingMessage,
  ): Promise<{ taken: Taken; waitMs: number }> => {
    const delivery = await door.open(name, request.headersDistinct);
    const { hook } = delivery;
    options.requireIntake();
    const read = readerFor(request, hook.scheme === 'github');
    checkSize(request, hook.bodyLimit);
    const body = hasBody(request)
      ? await readBody(request, hook.bodyLimit, options.bodyTimeMs)
      : Buffer.alloc(0);
    delivery.verify(body);
    const taken = await delivery.take(body, read(body), () => takeRate(name, hook.rate));
    return { taken, waitMs: hook.waitMs };
  };

  return async (name, request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      const { taken, waitMs } = await receive(name, request);
      response.once('finish', () => options.answered());
      if (taken.is === 'ignored') {
        sendJson(response, 200, { ignored: true, reason: taken.reason }, options);
        return;
      }
      const isOver = waitMs > 0 && (await door.untilEnded(taken.id, waitMs, gone.signal));
      const job = door.view(taken.id, waitMs > 0);
      sendJson(
        response,
        taken.duplicate || isOver ? 200 : 202,
        taken.duplicate ? { job, duplicate: true } : { job },
        options,
      );
    } catch (error) {
      // What is left of the body is of no use any more, and may never come.
      if (!request.complete) response.setHeader('connection', 'close');
      // What was guessed counts under what it was, however it is answered.
      if (isHomerError(error)) door.refused(name, error);
      if (!isHomerError(error, 'HOMER_HOOK_SIGNATURE')) throw error;
      const retryAfter = wrong.take(name);
      throw retryAfter > 0 ? limited('Too many wrong signatures came to this webhook.', retryAfter) : error;
    }
  };
}

export function limited(detail: string, retryAfter: number): HomerError {
  return new HomerError('HOMER_RATE_LIMITED', detail, { details: { retryAfter } });
}

/** How the body is to be read; HOMER_CONTENT_TYPE by what the head says. */
export function readerFor(request: IncomingMessage, takesForm: boolean): (body: Buffer) => unknown {
  if (!hasBody(request)) return () => null;
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new HomerError('HOMER_CONTENT_TYPE', 'A compressed body is not accepted.', {
      hint: 'Send the body without Content-Encoding.',
    });
  const type = request.headers['content-type'] ?? '';
  if (/^application\/(?:[a-z0-9.-]+\+)?json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type))
    return (body) => parseJsonBody(body) ?? null;
  if (takesForm && /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type))
    return (body) =>
      parseJsonBody(Buffer.from(new URLSearchParams(body.toString('latin1')).get('payload') ?? '')) ?? null;
  throw new HomerError('HOMER_CONTENT_TYPE', 'The body is not declared as application/json.');
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  { answerStallMs }: Pick<HookRoutesOptions, 'answerStallMs'>,
): void {
  const body = JSON.stringify(value);
  response.socket?.setTimeout(answerStallMs);
  response.writeHead(status, {
    ...plainHeaders,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  });
  response.end(body);
}
