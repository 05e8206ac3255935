// The canvas host: pages of agents and people, on a port of their own. It knows no token and no cookie, looks requests up
// in what was put, and serves everything in a sandbox, so that a page can reach nothing of Homer's.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { contentType } from '../canvas/rules.ts';
import type { Canvas, CanvasFile, CanvasStore } from '../canvas/store.ts';
import { isHomerError } from '../core/errors.ts';
import { checkHost, namesOf } from './guards.ts';
import { createListener, type ListenerOptions } from './listener.ts';
import { commonHeaders } from './problem-details.ts';
import { createStreams, streamLimits } from './sse.ts';

export interface CanvasHostOptions extends ListenerOptions {
  /** The port of the gateway; its pages may show canvases in a frame. */
  readonly gatewayPort: number;
  /** Further names to answer to, lower case. */
  readonly hosts: readonly string[];
  /** An answer of which no byte leaves for this long is cut; ms. */
  readonly answerStallMs: number;
  readonly onError: (error: unknown) => void;
}

export interface CanvasHost {
  /** Binds the port after the gateway's, or at any free one; resolves with it. */
  listen(): Promise<number>;
  /** Serves what is in the store; until then every answer is 503. */
  open(store: CanvasStore): void;
  answerTo(hosts: readonly string[]): void;
  close(): Promise<void>;
}

/**
 * Scripts run, but as nobody: `sandbox` without `allow-same-origin` takes their origin away, so there are no cookies, no
 * storage, no frames or addresses but the canvas's own, and no forms.
 */
function policyFor(frames: string): string {
  return [
    "default-src 'none'",
    "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${frames}`,
    'sandbox allow-scripts',
  ].join('; ');
}

/** Open pages of one canvas that hear of its changes; further ones are shown as they are. */
const mostFollowers = 16;

/** Begins again whenever the canvas is at another version than the first it heard of. */
const liveScript = `{
  let first = null;
  const changes = new EventSource(new URL('~changes', document.currentScript.src));
  changes.onmessage = ({ data }) => {
    first ??= data;
    if (data !== first) location.reload();
  };
}
`;

export function createCanvasHost(options: CanvasHostOptions): CanvasHost {
  const closing = new AbortController();
  const streams = createStreams({ ...streamLimits, mostStreamsEach: mostFollowers });
  let store: CanvasStore | null = null;
  let port = 0;
  let hosts = options.hosts;
  let names = namesOf(port, hosts);
  let policy = '';

  const readNames = (): void => {
    names = namesOf(port, hosts);
    policy = policyFor([...namesOf(options.gatewayPort, hosts).origins].join(' '));
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    checkHost(request, names);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse(response, 405, 'Canvases are only looked at.', { allow: 'GET, HEAD' });
    if (store === null) return refuse(response, 503, 'Homer is starting.', { 'retry-after': '1' });
    const address = /^\/([\w-]{43})(\/[^?]*)?(?:\?|$)/.exec(request.url ?? '');
    const canvas = address === null ? null : await find(store, address[1] ?? '');
    const path = address?.[2];
    if (canvas === null) return nothingThere(response);
    if (path === undefined) return refuse(response, 308, 'See below.', { location: `/${canvas.key}/` });
    // Sandboxed pages have the origin "null"; the key in the address is what lets them in.
    response.setHeader('access-control-allow-origin', 'null');
    response.setHeader('vary', 'origin');
    response.setHeader('content-security-policy', policy);
    if (path === '/~live.js')
      return sendText(request, response, 'text/javascript; charset=utf-8', liveScript);
    if (path === '/~changes') return follow(response, canvas, store);
    const wanted = decode(path);
    const file = wanted !== null && Object.hasOwn(canvas.files, wanted) ? canvas.files[wanted] : undefined;
    if (wanted === null || file === undefined) return nothingThere(response);
    return sendFile(request, response, canvas, wanted, file, store);
  };

  const follow = (response: ServerResponse, canvas: Canvas, from: CanvasStore): void => {
    streams.requireRoom(canvas.name);
    const stream = streams.begin(response, canvas.name);
    const tell = (version: number): void => void stream.send({ data: version });
    const stop = from.onChange((name, changed) => {
      if (name !== canvas.name) return;
      if (changed?.key === canvas.key) tell(changed.version);
      else stream.end();
    });
    stream.closed.addEventListener('abort', stop, { once: true });
    tell(canvas.version);
  };

  const listener = createListener(options, (request, response) => {
    for (const [header, value] of Object.entries(commonHeaders)) response.setHeader(header, value);
    // Whoever takes nothing of an answer must not keep its connection; open pages hear a comment more often.
    response.socket?.setTimeout(options.answerStallMs);
    if (closing.signal.aborted) response.setHeader('connection', 'close');
    serve(request, response).catch((error: unknown) => {
      if (response.headersSent) return void response.destroy();
      if (isHomerError(error, 'HOMER_HOST_REFUSED')) return refuse(response, 421, error.message);
      // The connection is closed, or those who wait in vain would leave none to look at pages with.
      if (isHomerError(error, 'HOMER_RATE_LIMITED'))
        return refuse(response, 429, error.message, { connection: 'close', 'retry-after': '5' });
      options.onError(error);
      refuse(response, 500, 'The file cannot be read.');
    });
  });

  return {
    async listen() {
      const next = options.gatewayPort + 1;
      try {
        port = await listener.bind(next > 65_535 ? 0 : next, closing.signal);
      } catch (error) {
        if (!isHomerError(error, 'HOMER_PORT_TAKEN')) throw error;
        port = await listener.bind(0, closing.signal);
        options.log.warn({ wanted: next, port }, 'canvases are at another port than usual; theirs is taken');
      }
      readNames();
      return port;
    },
    open(opened) {
      store = opened;
    },
    answerTo(configured) {
      hosts = configured;
      readNames();
    },
    async close() {
      closing.abort();
      streams.endAll();
      await listener.close();
    },
  };
}

/** Compared in constant time, as everything that lets somebody in. */
async function find(store: CanvasStore, key: string): Promise<Canvas | null> {
  const digest = digestOf(key);
  let found: Canvas | null = null;
  for (const canvas of await store.list()) if (timingSafeEqual(digestOf(canvas.key), digest)) found = canvas;
  return found;
}

const digestOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/** What is asked for, decoded once; a folder is its index.html. null: no file can be called that. */
function decode(path: string): string | null {
  try {
    const plain = decodeURIComponent(path.slice(1)).normalize('NFC');
    return plain === '' || plain.endsWith('/') ? `${plain}index.html` : plain;
  } catch {
    // Half an escape, or bytes that are no UTF-8.
    return null;
  }
}

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  canvas: Canvas,
  path: string,
  file: CanvasFile,
  store: CanvasStore,
): Promise<void> {
  const type = contentType(path);
  const live =
    type?.startsWith('text/html') === true ? `\n<script src="/${canvas.key}/~live.js"></script>\n` : '';
  response.setHeader('cache-control', 'private, no-cache');
  response.setHeader('etag', `"${file.hash}"`);
  if (request.headers['if-none-match'] === `"${file.hash}"`) {
    response.writeHead(304).end();
    return;
  }
  const handle = await store.open(file);
  try {
    if (type === null) response.setHeader('content-disposition', 'attachment');
    response.writeHead(200, {
      'content-type': type ?? 'application/octet-stream',
      'content-length': String(file.size + Buffer.byteLength(live)),
    });
    if (request.method === 'HEAD') return void response.end();
    await pipeline(handle.createReadStream({ autoClose: false }), response, { end: false });
    response.end(live);
  } finally {
    await handle.close();
  }
}

function sendText(request: IncomingMessage, response: ServerResponse, type: string, text: string): void {
  response.writeHead(200, { 'content-type': type, 'content-length': String(Buffer.byteLength(text)) });
  response.end(request.method === 'HEAD' ? undefined : text);
}

/** The same whether the canvas or the file is not there. */
function nothingThere(response: ServerResponse): void {
  refuse(response, 404, 'There is nothing at this address.');
}

function refuse(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}
