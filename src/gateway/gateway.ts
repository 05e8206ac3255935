// The gateway: one listener, on this machine unless `bind` says otherwise. It listens before the ledger is open, refuses what has no business here,
// and hands the rest to the operations.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { HomerError } from '../core/errors.ts';
import type { Health } from '../health/condition.ts';
import type { HookDoor } from '../intake/hook-door.ts';
import type { Caller } from '../operations/operation.ts';
import type { Performer } from '../operations/perform.ts';
import type { PresenceView } from '../operations/presence.ts';
import type { RouteName } from '../operations/routes.ts';
import { createAuthenticator, ownerGrant, peerOf } from './auth.ts';
import type { Grant, TokenBook } from './auth.ts';
import type { BoardPart } from './board-routes.ts';
import type { EventLog } from './event-stream.ts';
import { checkHost, checkOrigin, isBodyEndless, namesOf } from './guards.ts';
import { createListener } from './listener.ts';
import { createHookRoutes, hookNameOf } from './hook-routes.ts';
import type { Log } from './log.ts';
import { createOpenRequests } from './open-requests.ts';
import { instanceHeader } from './port-holder.ts';
import { Presence } from './presence.ts';
import { answerFor, plainHeaders, sendAnswer } from './problem-details.ts';
import { createRequestLog, pathOf } from './request-log.ts';
import type { RunStream } from './run-stream.ts';
import { createStreams, streamLimits } from './sse.ts';
import type { StreamLimits } from './sse.ts';
import { answerUpgrades } from './upgrade.ts';
import { socketLimits } from './ws/limits.ts';
import type { SocketLimits } from './ws/limits.ts';
import type { Sockets } from './ws/sockets.ts';

export interface GatewayOptions {
  /** 0: any free one. */
  readonly port: number;
  /** Literal address to listen on beside 127.0.0.1, which is also what it is by default. */
  readonly bind?: string;
  /** Further names to answer to, lower case. */
  readonly hosts: readonly string[];
  /** The owner's. */
  readonly token: string;
  /** Tokens beside the owner's. */
  readonly grants?: readonly Grant[];
  readonly log: Log;
  readonly instanceId: string;
  readonly version: string;
  readonly limits?: Partial<GatewayLimits>;
}

export interface GatewayLimits extends StreamLimits, SocketLimits {
  readonly bodyBytes: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly portWaitMs: number;
  readonly mostConnections: number;
  readonly answerStallMs: number;
  /** A body of a webhook must have arrived within this; ms. */
  readonly hookBodyMs: number;
}

export const gatewayLimits: GatewayLimits = {
  ...streamLimits,
  ...socketLimits,
  bodyBytes: 1024 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  portWaitMs: 90_000,
  mostConnections: 512,
  answerStallMs: 30_000,
  hookBodyMs: 10_000,
};

/** What the daemon brings once its ledger is open. */
export interface GatewayParts extends BoardPart {
  readonly performer: Performer;
  readonly events: EventLog;
  readonly runs: RunStream;
  /** Without it nobody but the owner has a token. */
  readonly book?: TokenBook;
  /** Without it there are no webhooks. */
  readonly hooks?: HookDoor;
  health(): Promise<Health> | Health;
  /** Called when the answer of an operation, or of a webhook, is out. */
  answered?(name: RouteName | 'hook'): void;
}

export interface Gateway {
  /** Binds; throws HOMER_PORT_TAKEN. /livez is answered from here on. */
  listen(): Promise<{ readonly port: number }>;
  /** Mounts the operations. Requests are served from here on; `ready` says when /readyz may say so. */
  open(parts: GatewayParts): Promise<void>;
  ready(): void;
  /** New work is refused (HOMER_DRAINING); everything else is still answered. */
  drain(): void;
  /** Takes no connection any more and ends all within a second. May come at any time, and twice. */
  close(): Promise<void>;
  /** Takes the further names of a new configuration. */
  answerTo(hosts: readonly string[]): void;
  /** HOMER_DRAINING from `drain` on. */
  requireIntake(): void;
  /** The owner's token is another one from now on; what was opened with the old one is closed within a second. */
  replaceOwner(token: string): void;
  /** The bound port; the asked one before `listen`. */
  readonly port: number;
  readonly bind: string;
  readonly openStreams: number;
  /** Who is connected for longer than a request. */
  presence(): readonly PresenceView[];
}

export function createGateway(options: GatewayOptions): Gateway {
  const limits: GatewayLimits = { ...gatewayLimits, ...options.limits };
  const { log } = options;
  const bind = options.bind ?? '127.0.0.1';
  const now = (): number => performance.now();
  const grants = [ownerGrant(options.token), ...(options.grants ?? [])];
  const authenticator = createAuthenticator(grants, now);
  const streams = createStreams(limits);
  const requests = createOpenRequests();
  authenticator.onRevoked((tokenId) => {
    streams.endOf(tokenId);
    requests.cut(tokenId);
    sockets?.revoke(tokenId);
  });
  const requestLog = createRequestLog(log);
  const presence = new Presence(Date.now);
  const callers = new WeakMap<IncomingMessage, Caller>();
  const closing = new AbortController();
  let phase: 'starting' | 'ready' | 'draining' = 'starting';
  let port = options.port;
  let hosts = options.hosts;
  let names = namesOf(port, hosts);
  let parts: GatewayParts | null = null;
  let serve: ((request: IncomingMessage, response: ServerResponse) => void) | null = null;
  let serveHook: ReturnType<typeof createHookRoutes> | null = null;
  let sockets: Sockets | null = null;
  let closed: Promise<void> | null = null;

  const requireIntake = (): void => {
    if (phase === 'draining')
      throw new HomerError('HOMER_DRAINING', 'Homer is stopping and takes no new work.');
  };

  /** The guards that come before any address is looked at, in the order of the contract. */
  const admit = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    checkHost(request, names);
    checkOrigin(request, names);
    const path = pathOf(request);
    if (request.method === 'GET' && path === '/livez') {
      response.setHeader(instanceHeader, options.instanceId);
      return send(response, 200, 'text/plain', 'ok');
    }
    if (request.method === 'GET' && path === '/readyz')
      return send(
        response,
        phase === 'ready' ? 200 : 503,
        'application/json',
        JSON.stringify({ status: phase }),
      );
    const hook = hookNameOf(request);
    if (hook !== null) {
      // Its sender has no token of ours, and needs none.
      if (parts === null) throw starting();
      if (serveHook === null)
        throw new HomerError('HOMER_HOOK_UNKNOWN', 'There is no webhook at this address.');
      return serveHook(hook, request, response);
    }
    const isHealth = request.method === 'GET' && path === '/health';
    const isAnonymous = isHealth && request.headers.authorization === undefined;
    const caller = isAnonymous ? null : authenticator.authenticate(request);
    if (parts === null || serve === null) throw starting();
    if (isHealth) {
      const health = await parts.health();
      const mayRead = caller?.scopes.has('read') === true;
      const type = mayRead ? 'application/health+json' : 'application/json';
      const body = mayRead ? { ...health.report, daemon: health.daemon } : { daemon: health.daemon };
      return send(response, health.daemon === 'down' ? 503 : 200, type, JSON.stringify(body));
    }
    if (caller !== null) {
      callers.set(request, caller);
      requests.add(caller.tokenId, response);
    }
    serve(request, response);
  };

  const listener = createListener({ ...limits, log, bind }, (request, response) => {
    if (closing.signal.aborted) response.setHeader('connection', 'close');
    admit(request, response).catch((error: unknown) => {
      const answer = answerFor(error);
      requestLog.record(request, answer, error);
      if (isBodyEndless(request, limits.bodyBytes)) response.setHeader('connection', 'close');
      sendAnswer(response, answer);
    });
  });

  answerUpgrades(listener.server, {
    names: () => names,
    authenticate: (request) => authenticator.authenticate(request),
    sockets: () => {
      if (sockets === null) throw starting();
      return sockets;
    },
    record: requestLog.record,
  });

  return {
    presence: () => presence.list(),
    get port() {
      return port;
    },
    bind,
    get openStreams() {
      return streams.open;
    },
    async listen() {
      port = await listener.bind(options.port, closing.signal);
      names = namesOf(port, hosts);
      return { port };
    },
    answerTo(configured) {
      hosts = configured;
      names = namesOf(port, hosts);
    },
    requireIntake,
    replaceOwner: (token) => authenticator.replaceOwner(token),
    async open(brought) {
      // Loaded only now: the framework and the schemas must not delay the listener.
      const { createApp } = await import('./app.ts');
      const handle = await createApp(listener.server, {
        ...brought,
        version: options.version,
        bodyLimit: limits.bodyBytes,
        answerStallMs: limits.answerStallMs,
        streams,
        log,
        callerOf(request) {
          const caller = callers.get(request);
          if (caller === undefined) throw new Error('a request passed without authentication');
          return caller;
        },
        peerOf: (request) => peerOf(request.socket.remoteAddress),
        record: requestLog.record,
      });
      if (brought.hooks !== undefined)
        serveHook = createHookRoutes({
          door: brought.hooks,
          now,
          bodyTimeMs: limits.hookBodyMs,
          answerStallMs: limits.answerStallMs,
          requireIntake,
          answered: () => brought.answered?.('hook'),
        });
      const { openSockets } = await import('./ws/open.ts');
      sockets = openSockets(brought, {
        limits,
        now,
        presence,
        server: { version: options.version, instanceId: options.instanceId },
        authenticate: (token, address) => authenticator.authenticateToken(token, address),
        record: requestLog.tell,
        onCount: (known) => {
          // A dashboard that stays open must not take the place of a request.
          listener.server.maxConnections = limits.mostConnections + known;
        },
      });
      if (brought.book !== undefined) authenticator.useBook(brought.book);
      parts = brought;
      serve = handle;
    },
    ready() {
      if (phase === 'starting') phase = 'ready';
    },
    drain() {
      phase = 'draining';
    },
    close() {
      phase = 'draining';
      closing.abort();
      streams.endAll();
      sockets?.close();
      authenticator.close();
      requestLog.flush();
      closed ??= listener.close();
      return closed;
    },
  };
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    ...plainHeaders,
    'content-type': type,
    'content-length': String(Buffer.byteLength(body)),
  });
  response.end(body);
}

function starting(): HomerError {
  return new HomerError('HOMER_STARTING', 'The ledger is not open yet.');
}
