// The socket: bound once, to this machine only, and closed within a second.

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { HomerError } from '../core/errors.ts';
import type { Log } from './log.ts';
import { findPortHolder } from './port-holder.ts';
import { asksForSocket } from './upgrade.ts';

export interface ListenerOptions {
  readonly log: Log;
  /** How long a port that nobody listens on (TIME_WAIT) is tried again; ms. */
  readonly portWaitMs: number;
  /** Times within which a head and a whole request must have arrived; ms. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Connections beyond this are closed as they come: each costs a descriptor, which the ledger and runs need too. */
  readonly mostConnections: number;
}

const retryMs = 250;
/** After this, closing is not polite any more; a second in all is promised. */
const politeMs = 700;

export function createListener(
  options: ListenerOptions,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const server = createServer(
    {
      // Node's defaults let a slow sender keep a socket for minutes, and look for such senders every 30 s only.
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(500, Math.ceil(options.headersTimeoutMs / 2)),
      keepAliveTimeout: 10_000,
      maxHeaderSize: 16 * 1024,
      noDelay: true,
      shouldUpgradeCallback: asksForSocket,
    },
    handle,
  );
  server.maxConnections = options.mostConnections;
  server.on('clientError', refuseMalformed);
  return server;
}

/**
 * Binds 127.0.0.1 exclusively and returns the port. Throws HOMER_PORT_TAKEN, naming who listens as far as the system
 * tells; while nobody does, tries again until `portWaitMs` have passed. `signal` ends the waiting.
 */
export async function bindListener(
  server: Server,
  port: number,
  options: ListenerOptions,
  signal: AbortSignal,
): Promise<number> {
  const giveUpAt = performance.now() + options.portWaitMs;
  let isTold = false;
  for (;;) {
    const cause = await tryListen(server, port);
    if (cause === null) return (server.address() as AddressInfo).port;
    if (cause.code !== 'EADDRINUSE')
      throw portTaken(port, `cannot be opened: ${cause.code ?? cause.message}`, cause);
    const holder = await findPortHolder(port);
    if (holder.kind === 'homer')
      throw portTaken(
        port,
        `belongs to another Homer, instance ${holder.instanceId}${named(holder.program)}`,
        cause,
      );
    if (holder.kind === 'program')
      throw portTaken(port, `belongs to another program${named(holder.program)}`, cause);
    if (performance.now() >= giveUpAt)
      throw portTaken(port, 'is not free, though nobody listens on it', cause);
    if (!isTold)
      options.log.warn({ port }, 'the port is not free yet, though nobody listens on it; trying again');
    isTold = true;
    await delay(retryMs, undefined, { signal });
  }
}

function tryListen(server: Server, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error);
    server.once('error', failed);
    // A literal address: a name could be made to mean something else. Never reusePort: two would share the port.
    server.listen({ host: '127.0.0.1', port, exclusive: true, backlog: 511 }, () => {
      server.off('error', failed);
      resolve(null);
    });
  });
}

/** Stops listening at once, ends idle connections as they fall idle, and cuts the rest before a second is over. */
export async function closeListener(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  const cut = setTimeout(() => server.closeAllConnections(), politeMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}

const named = (program: string | null): string => (program === null ? '' : `, ${program}`);

function portTaken(port: number, what: string, cause: unknown): HomerError {
  return new HomerError('HOMER_PORT_TAKEN', `Port ${port} ${what}.`, { cause });
}

/** What is no HTTP gets the shortest answer there is, and its connection closed. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  const status =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? '408 Request Timeout'
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? '431 Request Header Fields Too Large'
        : '400 Bad Request';
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}
