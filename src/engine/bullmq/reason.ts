// What goes wrong with Redis, as one kind of error. Only the message is kept: the objects of ioredis carry the command with its
// arguments, and that of AUTH is the password.

import { HomerError, messageOf } from '../../core/errors.ts';

/** HOMER_REDIS for whatever was thrown; "redis at HOST:PORT: why". */
export function redisError(where: string, thrown: unknown): HomerError {
  if (thrown instanceof HomerError) return thrown;
  return new HomerError('HOMER_REDIS', `redis at ${where}: ${messageOf(thrown)}`);
}

/** Host and port of the URL, without name and password. */
export function placeOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? 'the given url' : `${parsed.hostname}:${parsed.port || '6379'}`;
}

/** Rejects when the promise takes longer; whatever it does later is nobody's concern. */
export async function within<Value>(ms: number, promise: Promise<Value>, what: string): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${what} within ${ms / 1000} s`)), ms);
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects at the signal; whatever the promise does later is nobody's concern. */
export async function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(new Error('It was given up.'));
  promise.catch(() => undefined);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
