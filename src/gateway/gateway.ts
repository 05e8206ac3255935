// The gateway: one listener, on this machine unless `bind` says otherwise. It listens before the ledger is open, refuses what has no business here,
// and hands the rest to the operations.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { HomerError } from '../core/errors.ts';
import type { Caller } from '../operations/operation.ts';
import type { PresenceView } from '../operations/presence.ts';
import { createAuthenticator, ownerGrant } from './auth.ts';
import {
  gatewayLimits,
  type GatewayLimits,
  type GatewayOptions,
  type GatewayParts,
} from './gateway-options.ts';
import { checkHost, checkOrigin, isBodyEndless, namesOf } from './guards.ts';
import { createListener } from './listener.ts';
import { createHookRoutes, hookNameOf } from './hook-routes.ts';
import { createFrontDoor, isFrontDoor } from './front-door.ts';
import { createConnectionShares } from './connection-shares.ts';
import { createOpenRequests } from './open-requests.ts';
import { createPeers } from './peer.ts';
import { instanceHeader } from '../lifecycle/port-holder.ts';
import { arriveByStream, Presence } from './presence.ts';
import { answerFor, sendAnswer, sendPlain } from './problem-details.ts';
import { createRequestLog, pathOf } from './request-log.ts';
import { createStreams } from './sse.ts';
import { createSocketDoor } from './upgrade.ts';
import { createUpdateRoute, isUpdate } from './update-route.ts';

export interface Gateway {
  /** Binds; throws HOMER_PORT_TAKEN. /livez is answered from here on. */
  listen(): Promise<{ readonly port: number }>;
  /** Mounts the operations. Requests are served from here on; `ready` says when /readyz may say so. */
  open(parts: GatewayParts): Promise<void>;
  ready(): void;
  /** From here on everything but /livez and /readyz is answered with this error; null: no longer. */
  hold(why: HomerError | null): void;
  /** New work is refused (HOMER_DRAINING); everything else is still answered. */
  drain(): void;
  /** Takes no connection any more and ends all within a second. May come at any time, and twice. */
  close(): Promise<void>;
  /** Takes the further names of a new configuration. */
  answerTo(hosts: readonly string[]): void;
  /** Takes the proxies of a new configuration. */
  trust(proxies: readonly string[]): void;
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
  const { log, redact = (text: string) => text } = options;
  const bind = options.bind ?? '127.0.0.1';
  const now = (): number => performance.now();
  const grants = [ownerGrant(options.token), ...(options.grants ?? [])];
  const peers = createPeers(options.proxies ?? []);
  const authenticator = createAuthenticator({
    grants,
    now,
    peerOf: (request) => peers.of(request),
    port: () => port,
  });
  const front = createFrontDoor({
    authenticator,
    peers,
    port: () => port,
    desk() {
      if (parts === null) throw starting();
      return parts.logins ?? null;
    },
  });
  const streams = createStreams(limits);
  const requests = createOpenRequests();
  const shares = createConnectionShares(limits.mostConnectionsEach);
  authenticator.onRevoked((tokenId) => {
    streams.endOf(tokenId);
    requests.cut(tokenId);
    sockets.revoke(tokenId);
  });
  const requestLog = createRequestLog(log);
  const presence = new Presence(Date.now);
  const callers = new WeakMap<IncomingMessage, Caller>();
  const closing = new AbortController();
  let phase: 'starting' | 'ready' | 'draining' = 'starting';
  let held: HomerError | null = null;
  let port = options.port;
  let hosts = options.hosts;
  let names = namesOf(port, hosts);
  let parts: GatewayParts | null = null;
  let serve: ((request: IncomingMessage, response: ServerResponse) => void) | null = null;
  let sendApiPage: ((response: ServerResponse) => void) | null = null;
  let serveHook: ReturnType<typeof createHookRoutes> | null = null;
  let serveUpdate: ReturnType<typeof createUpdateRoute> | null = null;
  let closed: Promise<void> | null = null;

  const requireIntake = (): void => {
    if (phase === 'draining')
      throw new HomerError('HOMER_DRAINING', 'Homer is stopping and takes no new work.');
  };

  const requireOpen = (): void => {
    if (held !== null) throw held;
  };

  /** The guards that come before any address is looked at, in the order of the contract. */
  const admit = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    checkHost(request, names);
    checkOrigin(request, names);
    const path = pathOf(request);
    if (request.method === 'GET' && path === '/livez') {
      response.setHeader(instanceHeader, options.instanceId);
      return sendPlain(response, 200, 'text/plain', 'ok');
    }
    if (request.method === 'GET' && path === '/readyz') {
      const isReady = phase !== 'ready' || ((await parts?.isReady?.()) ?? true);
      const status = held !== null ? 'trial' : isReady ? phase : 'unready';
      const code = status === 'ready' ? 200 : 503;
      return sendPlain(response, code, 'application/json', JSON.stringify({ status }));
    }
    requireOpen();
    if (request.method === 'GET' && path === '/docs/api') {
      if (sendApiPage === null) throw starting();
      return sendApiPage(response);
    }
    const hook = hookNameOf(request);
    if (hook !== null) {
      // Its sender has no token of ours, and needs none.
      if (parts === null) throw starting();
      if (serveHook === null)
        throw new HomerError('HOMER_HOOK_UNKNOWN', 'There is no webhook at this address.');
      return serveHook(hook, request, response);
    }
    if (isUpdate(request) && serveUpdate !== null) return serveUpdate(request, response);
    if (request.method === 'GET' && isFrontDoor(path)) return front(request, response, path);
    const isHealth = request.method === 'GET' && path === '/health';
    const isAnonymous = isHealth && request.headers.authorization === undefined;
    const caller = isAnonymous ? null : authenticator.authenticate(request);
    if (caller !== null) shares.take(caller.tokenId, request.socket);
    if (parts === null || serve === null) throw starting();
    if (isHealth) {
      const health = await parts.health();
      const mayRead = caller?.scopes.has('read') === true;
      const type = mayRead ? 'application/health+json' : 'application/json';
      const body = mayRead ? { ...health.report, daemon: health.daemon } : { daemon: health.daemon };
      return sendPlain(response, health.daemon === 'down' ? 503 : 200, type, JSON.stringify(body));
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
      const answer = answerFor(error, redact);
      requestLog.record(request, answer, error);
      // Whoever has, or asks for, too much is not given a connection to wait on.
      if (answer.status === 429 || isBodyEndless(request, limits.bodyBytes))
        response.setHeader('connection', 'close');
      sendAnswer(response, answer);
    });
  });

  const sockets = createSocketDoor(listener.server, {
    names: () => names,
    authenticate: (request) => {
      requireOpen();
      return authenticator.authenticate(request);
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
    trust: (proxies) => peers.trust(proxies),
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
        peerOf: (request) => peers.of(request),
        redact,
        arrive: (...stream) => arriveByStream(presence, peers, ...stream),
        record: requestLog.record,
      });
      const outer = {
        now,
        bodyTimeMs: limits.hookBodyMs,
        answerStallMs: limits.answerStallMs,
        requireIntake,
      };
      const { createApiPage } = await import('./api-page.ts');
      sendApiPage = createApiPage(brought.performer.operations);
      if (brought.hooks !== undefined)
        serveHook = createHookRoutes({
          ...outer,
          door: brought.hooks,
          answered: () => brought.answered?.('hook'),
        });
      sockets.open(async () => {
        const { openSockets } = await import('./ws/open.ts');
        return openSockets(brought, {
          limits,
          now,
          presence,
          peerOf: (request) => peers.of(request),
          server: { version: options.version, instanceId: options.instanceId },
          authenticate: (token, address) => authenticator.authenticateToken(token, address),
          redact,
          record: requestLog.tell,
          onCount: (known) => listener.allowBeside(known),
        });
      });
      if (brought.book !== undefined) authenticator.useBook(brought.book);
      if (brought.updates !== undefined)
        serveUpdate = createUpdateRoute({ ...outer, door: brought.updates, bodyBytes: limits.bodyBytes });
      parts = brought;
      serve = handle;
    },
    ready() {
      if (phase === 'starting') phase = 'ready';
    },
    hold(why) {
      held = why;
    },
    drain() {
      phase = 'draining';
    },
    close() {
      phase = 'draining';
      closing.abort();
      streams.endAll();
      sockets.close();
      authenticator.close();
      requestLog.flush();
      closed ??= listener.close();
      return closed;
    },
  };
}

function starting(): HomerError {
  return new HomerError('HOMER_STARTING', 'The ledger is not open yet.');
}
