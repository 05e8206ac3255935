// The Bot API through grammY, loaded when Telegram is used: calls that end in a value, and never show the token.

import type { Api, InputFile } from 'grammy/web';
import type { ApiFailure } from './outcome.ts';
import { isNeverSent } from './outcome.ts';

export type Called<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly failure: ApiFailure };

/** grammY's own type of signal, from a polyfill that lacks what newer signals have. */
export type CallSignal = NonNullable<Parameters<Api['getMe']>[0]>;

export interface TelegramApi {
  /** Never rejects. `signal` ends a call that takes too long. */
  call<Value>(
    act: (api: Api, signal: CallSignal) => Promise<Value>,
    signal: AbortSignal,
  ): Promise<Called<Value>>;
  /** The bytes of a file that `getFile` named; null when there are more than `most`, or it cannot be had. */
  download(path: string, most: number, signal: AbortSignal): Promise<Uint8Array | null>;
  /** A text without the token. */
  redact(text: string): string;
  /** A file to send. */
  file(bytes: Uint8Array, name: string): InputFile;
}

/** Loads grammY. The web build: it speaks with the `fetch` of Node, so that errors tell whether a request went out. */
export async function openApi(token: string, apiRoot: string): Promise<TelegramApi> {
  const { Api, GrammyError, HttpError, InputFile } = await import('grammy/web');
  const api = new Api(token, { apiRoot });
  const redact = (text: string): string => text.replaceAll(token, '[redacted]');

  function failureOf(error: unknown): ApiFailure {
    if (error instanceof GrammyError)
      return {
        is: 'refused',
        code: error.error_code,
        description: redact(error.description),
        retryAfter: error.parameters.retry_after ?? null,
        migratedTo: error.parameters.migrate_to_chat_id ?? null,
      };
    const inner = error instanceof HttpError ? error.error : error;
    return { is: 'cut', sent: !isNeverSent(inner), reason: redact(reasonOf(inner)) };
  }

  return {
    redact,
    file: (bytes, name) => new InputFile(bytes, quoted(name)),
    async call(act, signal) {
      if (signal.aborted) return { ok: false, failure: { is: 'cut', sent: false, reason: 'Homer stops.' } };
      try {
        return { ok: true, value: await act(api, signal as CallSignal) };
      } catch (error) {
        return { ok: false, failure: failureOf(error) };
      }
    },
    async download(path, most, signal) {
      try {
        const response = await fetch(`${apiRoot}/file/bot${token}/${encodeURI(path)}`, {
          signal,
          redirect: 'error',
        });
        if (!response.ok || response.body === null) return null;
        return await readAtMost(response.body, most);
      } catch {
        // Told to whoever sent the file; the error names an address with the token in it.
        return null;
      }
    },
  };
}

async function readAtMost(body: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > most) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** grammY puts a name into its header as it is, and refuses the request for ever when there is a line end in it. */
function quoted(name: string): string {
  return `"${name.replaceAll(/[\p{Cc}"\\]/gu, '_')}"`;
}

/** The innermost message says most. */
function reasonOf(error: unknown): string {
  let reason = 'The connection failed';
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++)
    if (each.message !== '') reason = each.message;
  return reason;
}
