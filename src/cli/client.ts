// The client of the HTTP interface, over node:http: `fetch` alone would take a sixth of the time `homer status` has.

import { request, type IncomingMessage } from 'node:http';
import { readToken } from '../config/token.ts';
import { catalogue, HomerError, messageOf, type ErrorCode } from '../core/errors.ts';
import type { DaemonRecord } from '../lifecycle/record.ts';
import { routes, type Route, type RouteName } from '../operations/routes.ts';
import { locateDaemon } from './locate.ts';

export interface Ask {
  /** Values for the `:names` in the path. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly key?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface Client {
  readonly record: DaemonRecord;
  /** The answer's body. Throws the HomerError the daemon sent, or HOMER_UNREACHABLE. */
  call<Answer>(name: RouteName, ask?: Ask): Promise<Answer>;
  /** Opens a stream of server-sent events: resolves with its body once it is answered. */
  open(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage>;
}

const answerMs = 10_000;

/** A client of the daemon that runs. Throws HOMER_NOT_RUNNING, or HOMER_UNREACHABLE while one is starting. */
export async function connect(home: string): Promise<Client> {
  const found = await locateDaemon(home);
  if (found.state === 'stopped')
    throw new HomerError('HOMER_NOT_RUNNING', `Homer is not running in ${home}.`);
  if (found.state === 'starting')
    throw new HomerError(
      'HOMER_UNREACHABLE',
      `A Homer holds ${home}, but has not said yet where it listens.`,
      {
        hint: 'If it is just starting, try again in a second; else look at the end of logs/daemon.log.',
      },
    );
  return createClient(found.record, readToken(home));
}

/** A client of the daemon that a record describes. */
export function createClient(record: DaemonRecord, token: string | null): Client {
  const own: Record<string, string> = {
    'user-agent': 'homer CLI',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  return {
    record,
    async call<Answer>(name: RouteName, ask: Ask = {}) {
      const route: Route = routes[name];
      const path = fill(route.path, ask);
      const headers = { ...own, ...(ask.key === undefined ? {} : { 'idempotency-key': ask.key }) };
      const answer = await exchange(record, route.method, path, headers, {
        body: ask.body === undefined && (route.method === 'POST' || route.method === 'PATCH') ? {} : ask.body,
        timeoutMs: ask.timeoutMs ?? answerMs,
        ...(ask.signal === undefined ? {} : { signal: ask.signal }),
      });
      if (answer.status >= 400) throw asError(answer, record);
      return parse(answer, record) as Answer;
    },
    async open(path, headers, signal) {
      const response = await send(
        record,
        'GET',
        path,
        { ...own, ...headers },
        { signal, timeoutMs: answerMs },
      );
      if (response.statusCode === 200) return response;
      throw asError({ status: response.statusCode ?? 0, text: await readAll(response) }, record);
    },
  };
}

/** What /readyz says: needs no token. `silent`: nobody answers there, or not in time. */
export async function readiness(record: DaemonRecord): Promise<'ready' | 'starting' | 'silent'> {
  try {
    const { status } = await exchange(record, 'GET', '/readyz', {}, { timeoutMs: 3_000 });
    return status === 200 ? 'ready' : 'starting';
  } catch {
    // Refused, reset or too slow: whoever asks looks at the lock to know more.
    return 'silent';
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Sending {
  readonly body?: unknown;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

function fill(path: string, { params = {}, query = {} }: Ask): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? filled : `${filled}?${search.toString()}`;
}

async function exchange(
  record: DaemonRecord,
  method: string,
  path: string,
  headers: Record<string, string>,
  sending: Sending,
): Promise<Answer> {
  const response = await send(record, method, path, headers, sending);
  return { status: response.statusCode ?? 0, text: await readAll(response) };
}

function send(
  record: DaemonRecord,
  method: string,
  path: string,
  headers: Record<string, string>,
  { body, timeoutMs, signal }: Sending,
): Promise<IncomingMessage> {
  const payload = body === undefined ? null : Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port: record.port,
      method,
      path,
      agent: false,
      headers:
        payload === null
          ? headers
          : { ...headers, 'content-type': 'application/json', 'content-length': payload.length },
      ...(signal === undefined ? {} : { signal }),
    });
    const late = setTimeout(() => {
      outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    outgoing.once('response', (response) => {
      clearTimeout(late);
      resolve(response);
    });
    outgoing.once('error', (error) => {
      clearTimeout(late);
      reject(unreachable(record, error));
    });
    outgoing.end(payload ?? undefined);
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

function unreachable(record: DaemonRecord, cause: unknown): HomerError {
  const { pid, port } = record;
  return new HomerError(
    'HOMER_UNREACHABLE',
    `Homer${pid === 0 ? '' : ` (pid ${pid})`} does not answer on port ${port}: ${messageOf(cause)}.`,
    { cause },
  );
}

function parse(answer: Answer, record: DaemonRecord): unknown {
  try {
    return JSON.parse(answer.text);
  } catch (error) {
    throw new HomerError(
      'HOMER_UNREACHABLE',
      `What answers on port ${record.port} does not speak as Homer does.`,
      {
        cause: error,
      },
    );
  }
}

/** The problem document of an answer as the error it stands for (RFC 9457 with `code` and `hint`). */
function asError(answer: Answer, record: DaemonRecord): HomerError {
  const value = parse(answer, record);
  const { code, detail, title, hint, choices } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Record<string, unknown>;
  if (typeof code !== 'string' || !Object.hasOwn(catalogue, code))
    return new HomerError('HOMER_INTERNAL', `Homer answered with status ${answer.status}.`);
  return new HomerError(code as ErrorCode, typeof detail === 'string' ? detail : String(title), {
    ...(typeof hint === 'string' ? { hint } : {}),
    details: { status: answer.status, ...(Array.isArray(choices) ? { choices } : {}) },
  });
}
