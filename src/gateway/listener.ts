// The socket: bound once, to this machine only unless the configuration says otherwise, and closed within a second.

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import type { AddressInfo, Server as SocketServer, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { HomerError } from '../core/errors.ts';
import { asksForSocket } from './guards.ts';
import type { Log } from './log.ts';
import { findPortHolder } from '../lifecycle/port-holder.ts';

export interface ListenerOptions {
  readonly log: Log;
  /** Literal address; 127.0.0.1: this machine alone. */
  readonly bind: string;
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

/** The HTTP server and the sockets that bring it connections. */
export interface Listener {
  readonly server: Server;
  /**
   * Binds exclusively and returns the port. Throws HOMER_PORT_TAKEN, naming who listens as far as the system tells;
   * while nobody does, tries again until `portWaitMs` have passed. `signal` ends the waiting.
   */
  bind(port: number, signal: AbortSignal): Promise<number>;
  /** This many connections do not count: a dashboard that stays open must not take the place of a request. */
  allowBeside(count: number): void;
  /** Stops listening at once, ends idle connections as they fall idle, and cuts the rest before a second is over. */
  close(): Promise<void>;
}

/** 127.0.0.1 is always among them: runs and the command line call Homer there, whoever else may. */
const addressesOf = (bind: string): readonly string[] =>
  ['127.0.0.1', '0.0.0.0', '::'].includes(bind) ? [bind] : ['127.0.0.1', bind];

export function createListener(
  options: ListenerOptions,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Listener {
  const server: Server = createServer(
    {
      // Node's defaults let a slow sender keep a socket for minutes, and look for such senders every 30 s only.
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(500, Math.ceil(options.headersTimeoutMs / 2)),
      keepAliveTimeout: 10_000,
      maxHeaderSize: 16 * 1024,
      noDelay: true,
      // Where nobody listens for upgrades, such a request is one like any other.
      shouldUpgradeCallback: (request) => server.listenerCount('upgrade') > 0 && asksForSocket(request),
    },
    (request, response) => {
      // Not its turn yet: the one before it on this connection is not answered. All that are sent ahead would be worked on at
      // once, each with its answer in memory and its file open, and be too much however few connections there are.
      if (response.socket === null) request.socket.destroy();
      else handle(request, response);
    },
  );
  server.on('clientError', refuseMalformed);
  const addresses = addressesOf(options.bind);
  const sockets: readonly SocketServer[] = addresses.map((_, index) =>
    index === 0 ? server : createDoor(server),
  );
  const allowBeside = (count: number): void => {
    for (const socket of sockets) socket.maxConnections = options.mostConnections + count;
  };
  allowBeside(0);
  const close = async (): Promise<void> => {
    const closed = sockets
      .filter((socket) => socket.listening)
      .map((socket) => new Promise<void>((resolve) => socket.close(() => resolve())));
    if (closed.length === 0) return;
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    const cut = setTimeout(() => server.closeAllConnections(), politeMs);
    await Promise.all(closed);
    clearInterval(sweep);
    clearTimeout(cut);
  };
  return {
    server,
    allowBeside,
    async bind(wanted, signal) {
      let port = wanted;
      try {
        for (const [index, socket] of sockets.entries())
          port = await bindSocket(socket, { port, address: addresses[index] ?? '' }, options, signal);
      } catch (error) {
        await close();
        throw error;
      }
      return port;
    },
    close,
  };
}

/** A further socket that hands its connections to the server (Node's documentation of http, event `connection`). */
function createDoor(server: Server): SocketServer {
  return createSocketServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    server.emit('connection', socket),
  );
}

interface Place {
  readonly port: number;
  readonly address: string;
}

async function bindSocket(
  socket: SocketServer,
  place: Place,
  options: ListenerOptions,
  signal: AbortSignal,
): Promise<number> {
  const giveUpAt = performance.now() + options.portWaitMs;
  let isTold = false;
  for (;;) {
    const cause = await tryListen(socket, place);
    if (cause === null) return (socket.address() as AddressInfo).port;
    if (cause.code !== 'EADDRINUSE')
      throw portTaken(place, `cannot be opened: ${cause.code ?? cause.message}`, cause);
    const holder = await findPortHolder(place.port, reachable(place.address));
    if (holder.kind === 'homer')
      throw portTaken(
        place,
        `belongs to another Homer, instance ${holder.instanceId}${named(holder.program)}`,
        cause,
      );
    if (holder.kind === 'program')
      throw portTaken(place, `belongs to another program${named(holder.program)}`, cause);
    if (performance.now() >= giveUpAt)
      throw portTaken(place, 'is not free, though nobody listens on it', cause);
    if (!isTold)
      options.log.warn(
        { port: place.port },
        'the port is not free yet, though nobody listens on it; trying again',
      );
    isTold = true;
    await delay(retryMs, undefined, { signal });
  }
}

/** Where to call whoever listens on `address`. */
const reachable = (address: string): string => (['0.0.0.0', '::'].includes(address) ? '127.0.0.1' : address);

function tryListen(server: SocketServer, place: Place): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error);
    server.once('error', failed);
    // A literal address: a name could be made to mean something else. Never reusePort: two would share the port.
    server.listen({ host: place.address, port: place.port, exclusive: true, backlog: 511 }, () => {
      server.off('error', failed);
      resolve(null);
    });
  });
}

const named = (program: string | null): string => (program === null ? '' : `, ${program}`);

function portTaken({ port, address }: Place, what: string, cause: unknown): HomerError {
  const where = address === '127.0.0.1' ? '' : ` of ${address}`;
  return new HomerError('HOMER_PORT_TAKEN', `Port ${port}${where} ${what}.`, { cause });
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
