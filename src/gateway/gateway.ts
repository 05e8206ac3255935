// The gateway: one listener on this machine. It listens before the ledger is open, refuses what has no business here,
// and hands the rest to the operations.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { HomerError } from '../core/errors.ts';
import type { Health } from '../health/condition.ts';
import type { HookDoor } from '../intake/hook-door.ts';
import type { Caller } from '../operations/operation.ts';
import type { Performer } from '../operations/perform.ts';
import type { RouteName } from '../operations/routes.ts';
import type { LoginDesk } from '../operations/logins.ts';
import { createAuthenticator, ownerGrant } from './auth.ts';
import type { Grant, TokenBook } from './auth.ts';
import type { EventLog } from './event-stream.ts';
import { checkHost, checkOrigin, isBodyEndless, namesOf } from './guards.ts';
import { bindListener, closeListener, createListener } from './listener.ts';
import { createHookRoutes, hookNameOf } from './hook-routes.ts';
import type { Log } from './log.ts';
import { createFrontDoor, isFrontDoor } from './front-door.ts';
import { createOpenRequests } from './open-requests.ts';
import { createPeers } from './peer.ts';
import { instanceHeader } from './port-holder.ts';
import { createRefusalLog } from './refusal-log.ts';
import { describeRequest, pathOf, stackOf } from './request-log.ts';
import { answerFor, plainHeaders, sendAnswer } from './problem-details.ts';
import type { Answer } from './problem-details.ts';
import type { RunStream } from './run-stream.ts';
import { createStreams, streamLimits } from './sse.ts';
import type { StreamLimits } from './sse.ts';

export interface GatewayOptions {
  /** 0: any free one. */
  readonly port: number;
  /** Further names to answer to, lower case. */
  readonly hosts: readonly string[];
  /** Addresses and networks of proxies, which are believed when they say for whom they ask. */
  readonly proxies?: readonly string[];
  /** The owner's. */
  readonly token: string;
  /** Tokens beside the owner's. */
  readonly grants?: readonly Grant[];
  readonly log: Log;
  readonly instanceId: string;
  readonly version: string;
  readonly limits?: Partial<GatewayLimits>;
  /** Takes secrets out of what is told of an error. */
  readonly redact?: (text: string) => string;
}

export interface GatewayLimits extends StreamLimits {
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
  bodyBytes: 1024 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  portWaitMs: 90_000,
  mostConnections: 512,
  answerStallMs: 30_000,
  hookBodyMs: 10_000,
};

/** What the daemon brings once its ledger is open. */
export interface GatewayParts {
  readonly performer: Performer;
  readonly events: EventLog;
  readonly runs: RunStream;
  /** Without it nobody but the owner has a token. */
  readonly book?: TokenBook;
  /** Without it no browser can log in. */
  readonly logins?: LoginDesk;
  /** Without it there are no webhooks. */
  readonly hooks?: HookDoor;
  health(): Promise<Health> | Health;
  /** Called when the answer of an operation, or of a webhook, is out. */
  answered?(name: RouteName | 'hook'): void;
}

export interface Gateway {
  /** Binds 127.0.0.1; throws HOMER_PORT_TAKEN. /livez is answered from here on. */
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
  /** Takes the proxies of a new configuration. */
  trust(proxies: readonly string[]): void;
  /** HOMER_DRAINING from `drain` on. */
  requireIntake(): void;
  /** The owner's token is another one from now on; what was opened with the old one is closed within a second. */
  replaceOwner(token: string): void;
  /** The bound port; the asked one before `listen`. */
  readonly port: number;
  readonly openStreams: number;
}

export function createGateway(options: GatewayOptions): Gateway {
  const limits: GatewayLimits = { ...gatewayLimits, ...options.limits };
  const { log, redact = (text: string) => text } = options;
  const now = (): number => performance.now();
  const grants = [ownerGrant(options.token), ...(options.grants ?? [])];
  const peers = createPeers(options.proxies ?? []);
  const authenticator = createAuthenticator({ grants, now, peerOf: peers.of, port: () => port });
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
  authenticator.onRevoked((tokenId) => {
    streams.endOf(tokenId);
    requests.cut(tokenId);
  });
  const refusals = createRefusalLog(log);
  const callers = new WeakMap<IncomingMessage, Caller>();
  const closing = new AbortController();
  let phase: 'starting' | 'ready' | 'draining' = 'starting';
  let port = options.port;
  let hosts = options.hosts;
  let names = namesOf(port, hosts);
  let parts: GatewayParts | null = null;
  let serve: ((request: IncomingMessage, response: ServerResponse) => void) | null = null;
  let serveHook: ReturnType<typeof createHookRoutes> | null = null;
  let closed: Promise<void> | null = null;

  const record = (request: IncomingMessage, answer: Answer, error: unknown): void => {
    const fields = describeRequest(request, answer);
    if (answer.faultId === null) refusals.tell(fields);
    else log.error({ ...fields, faultId: answer.faultId, error: stackOf(error) }, 'request failed');
  };

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
    if (request.method === 'GET' && isFrontDoor(path)) return front(request, response, path);
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

  const server = createListener({ ...limits, log }, (request, response) => {
    if (closing.signal.aborted) response.setHeader('connection', 'close');
    admit(request, response).catch((error: unknown) => {
      const answer = answerFor(error, redact);
      record(request, answer, error);
      if (isBodyEndless(request, limits.bodyBytes)) response.setHeader('connection', 'close');
      sendAnswer(response, answer);
    });
  });

  return {
    get port() {
      return port;
    },
    get openStreams() {
      return streams.open;
    },
    async listen() {
      port = await bindListener(server, options.port, { ...limits, log }, closing.signal);
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
      const handle = await createApp(server, {
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
        peerOf: peers.of,
        redact,
        record,
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
      authenticator.close();
      refusals.flush();
      closed ??= closeListener(server);
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
