// The body of a request that no framework reads: bounded in size and in time.

import type { IncomingMessage } from 'node:http';
import { HomerError } from '../core/errors.ts';
import { bodyTooLarge } from './guards.ts';

/**
 * Resolves with all of it. Rejects with HOMER_BODY_TOO_LARGE as soon as there is too much, HOMER_BODY_LATE after `timeMs`,
 * HOMER_INPUT_INVALID when the sender breaks off; what is still to come is not read then.
 */
export function readBody(request: IncomingMessage, limit: number, timeMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      request.off('data', take).off('end', done).off('close', broken).off('error', broken);
      settle();
    };
    const fail = (error: HomerError): void =>
      end(() => {
        request.pause();
        // An error after this one concerns nobody: the answer is on its way.
        request.on('error', () => undefined);
        reject(error);
      });
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) fail(bodyTooLarge(limit));
      else chunks.push(chunk);
    };
    const done = (): void => end(() => resolve(Buffer.concat(chunks)));
    const broken = (): void =>
      fail(new HomerError('HOMER_INPUT_INVALID', 'The body ended before its length.'));
    const timer = setTimeout(
      () => fail(new HomerError('HOMER_BODY_LATE', `The body did not arrive within ${timeMs / 1000} s.`)),
      timeMs,
    );
    request.on('data', take).once('end', done).once('close', broken).once('error', broken);
  });
}
