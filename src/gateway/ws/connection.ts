// One client on /ws: it says who it is, asks for operations, listens to topics.

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { HomerError, isHomerError } from '../../core/errors.ts';
import { closeCodes, wireVersion } from '../../core/wire.ts';
import type { Caller } from '../../operations/operation.ts';
import { checkInput } from '../../operations/check-input.ts';
import type { Performer } from '../../operations/perform.ts';
import { requireScope } from '../../operations/rights.ts';
import { loggable } from '../../core/loggable.ts';
import type { Attendance, Presence } from '../presence.ts';
import type { Answer } from '../problem-details.ts';
import type { RunStream } from '../run-stream.ts';
import { createBucket } from '../../core/token-bucket.ts';
import type { EventHub } from './event-hub.ts';
import type { SocketLimits } from './limits.ts';
import { Outlet } from './outlet.ts';
import { errorMessage, invalidMessage, readMessage, resultMessage } from './rpc.ts';
import type { CallId, RpcRequest } from './rpc.ts';
import { Subscriptions } from './subscriptions.ts';

/** What every connection works with. */
export interface Desk {
  readonly limits: SocketLimits & { readonly bufferBytes: number };
  readonly hub: EventHub;
  readonly runs: RunStream;
  readonly presence: Presence;
  readonly performer: Performer;
  readonly server: { readonly version: string; readonly instanceId: string };
  /** ms of a clock that only goes forward. */
  readonly now: () => number;
  /** Throws as the authentication of a request does. */
  authenticate(token: string, address: string): Caller;
  /** Writes a refusal or a fault to the log. */
  record(fields: Readonly<Record<string, unknown>>, answer: Answer, error: unknown): void;
  /** Takes secrets out of what is told of an error. */
  redact(text: string): string;
  /** The answer of an operation is out. */
  answered(name: string): void;
  /** Throws HOMER_RATE_LIMITED when there are as many connections of this token as there may be. */
  requireRoom(tokenId: string): void;
  /** It is known now who that is. */
  admitted(): void;
}

export interface ConnectionOptions {
  readonly socket: WebSocket;
  readonly wire: Socket;
  readonly address: string;
  readonly userAgent: string | undefined;
  /** Whom the token of the upgrade stands for; null: the first message says. */
  readonly caller: Caller | null;
  readonly desk: Desk;
}

/** Unknown keys are passed over here, since clients newer than Homer may say more; what they claim has no effect. */
const helloInput = z.object({
  token: z.string().min(1).max(1_000).optional(),
  client: z.string().min(1).max(100).optional(),
});
const subscribeInput = z.strictObject({
  topic: z.string().max(200),
  since: z.string().max(200).optional(),
});
const unsubscribeInput = z.strictObject({ topic: z.string().max(200) });
/** Before it is known who speaks, nobody has to say more than a token. */
const longestHello = 4_096;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #outlet: Outlet;
  readonly #subscriptions: Subscriptions;
  readonly #underWay = new Set<CallId>();
  readonly #bucket;
  #caller: Caller | null = null;
  #attendance: Attendance | null = null;
  #late: NodeJS.Timeout | null = null;
  #isAlive = true;
  #wasGreeted = false;

  constructor(options: ConnectionOptions) {
    const { socket, wire, desk, caller } = options;
    this.#options = options;
    this.#bucket = createBucket(desk.limits.messages, desk.now);
    this.#outlet = new Outlet(socket, wire, desk.limits);
    const outlet = this.#outlet;
    this.#subscriptions = new Subscriptions({
      ...desk,
      mostTopics: desk.limits.mostTopics,
      reader: {
        closed: outlet.closed,
        get isFull() {
          return outlet.isFull;
        },
        send: (frame) => outlet.sendFrame(frame),
        drained: () => outlet.drained(),
        fail: (error) => this.#fail(null, 'events', error),
      },
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#take(data, isBinary));
    socket.on('ping', () => void this.#mayPass());
    socket.on('pong', () => {
      if (!this.#mayPass()) return;
      this.#isAlive = true;
      this.#attendance?.seen();
    });
    // What breaks the protocol of WebSocket, and a message over the limit: the library closes with the code for it.
    socket.on('error', () => undefined);
    outlet.closed.addEventListener('abort', () => this.#leave(), { once: true });
    if (caller !== null) this.#admit(caller);
    else
      this.#late = setTimeout(
        () => outlet.close(closeCodes.authenticationLate, 'nobody said who this is'),
        desk.limits.authenticateMs,
      );
  }

  /** null: not known yet. */
  get tokenId(): string | null {
    return this.#caller?.tokenId ?? null;
  }

  close(code: number, reason: string): void {
    this.#outlet.close(code, reason);
  }

  /** Once a beat: is anybody there, and does it read? */
  beat(): void {
    const { socket } = this.#options;
    this.#outlet.beat();
    if (!this.#isAlive) return socket.terminate();
    this.#isAlive = false;
    if (!this.#outlet.closed.aborted) socket.ping();
  }

  tick(frame: Buffer): void {
    if (this.#caller !== null && !this.#outlet.isFull) this.#outlet.sendFrame(frame);
  }

  #admit(caller: Caller): void {
    const { desk, address, userAgent } = this.#options;
    if (this.#late !== null) clearTimeout(this.#late);
    this.#late = null;
    this.#caller = caller;
    desk.admitted();
    const client = loggable(userAgent);
    this.#attendance = desk.presence.arrive({ kind: 'websocket', caller, client, address });
  }

  #leave(): void {
    if (this.#late !== null) clearTimeout(this.#late);
    this.#subscriptions.endAll();
    this.#attendance?.leave();
  }

  #mayPass(): boolean {
    if (this.#outlet.closed.aborted) return false;
    if (this.#bucket.take() === 0) return true;
    this.close(closeCodes.tooManyMessages, 'too many messages');
    return false;
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (!this.#mayPass()) return;
    this.#isAlive = true;
    this.#attendance?.seen();
    if (isBinary) return this.close(closeCodes.binaryRefused, 'only text is taken');
    if (this.#caller === null && data.length > longestHello)
      return this.close(closeCodes.tooLarge, 'the first message says who this is, and no more');
    const message = readMessage(data);
    if (message.is === 'malformed') return this.close(closeCodes.malformed, message.why);
    if (this.#caller === null && (message.is !== 'request' || message.request.method !== 'hello'))
      return this.close(closeCodes.unauthorized, 'the first message must be hello, with a token');
    if (message.is === 'invalid') return this.#outlet.send(invalidMessage(message.id, message.why));
    const { request } = message;
    if (this.#underWay.has(request.id))
      return this.#outlet.send(invalidMessage(request.id, 'A call with this id is under way.'));
    this.#underWay.add(request.id);
    this.#answer(request)
      .catch((error: unknown) => this.#fail(request.id, request.method, error))
      .finally(() => this.#underWay.delete(request.id));
  }

  async #answer(request: RpcRequest): Promise<void> {
    const { id, method, params } = request;
    if (method === 'hello') return this.#greet(id, params);
    const caller = this.#caller;
    if (caller === null) throw new Error('a call passed before it was known who calls');
    const { desk } = this.#options;
    if (this.#underWay.size > desk.limits.mostCalls)
      throw new HomerError(
        'HOMER_RATE_LIMITED',
        `${desk.limits.mostCalls} calls of this connection are under way.`,
        {
          details: { retryAfter: 1 },
        },
      );
    if (method === 'ping') return this.#outlet.send(resultMessage(id, { at: new Date().toISOString() }));
    if (method === 'subscribe') return this.#subscribe(id, params, caller);
    if (method === 'unsubscribe') {
      const { topic } = checkInput(unsubscribeInput, params);
      const ended = this.#subscriptions.end(topic);
      this.#attendance?.subscribed(this.#subscriptions.topics);
      return this.#outlet.send(resultMessage(id, { ended }));
    }
    const from = { face: 'ws', peer: this.#options.address };
    const gone = this.#outlet.closed;
    const { output } = await desk.performer.perform({ name: method, input: params, caller, from, gone });
    this.#outlet.send(resultMessage(id, output));
    desk.answered(method);
  }

  async #subscribe(id: CallId, params: RpcRequest['params'], caller: Caller): Promise<void> {
    const { topic, since } = checkInput(subscribeInput, params);
    requireScope(caller, 'read');
    const begun = await this.#subscriptions.begin(topic, since);
    if (this.#outlet.closed.aborted) return this.#subscriptions.endAll();
    this.#attendance?.subscribed(this.#subscriptions.topics);
    this.#outlet.send(resultMessage(id, begun.result));
    begun.go();
  }

  #greet(id: CallId, params: RpcRequest['params']): void {
    const { desk, address } = this.#options;
    const { token, client } = checkInput(helloInput, params);
    if (this.#wasGreeted || (this.#caller !== null && token !== undefined))
      throw new HomerError('HOMER_INPUT_INVALID', 'It is known who this is.');
    if (this.#caller === null) {
      if (token === undefined)
        throw new HomerError('HOMER_TOKEN_MISSING', 'Neither the upgrade nor hello carried a token.');
      const caller = requireLasting(desk.authenticate(token, address));
      desk.requireRoom(caller.tokenId);
      this.#admit(caller);
    }
    this.#wasGreeted = true;
    const name = loggable(client);
    if (name !== null) this.#attendance?.named(name);
    const { limits, server } = desk;
    this.#outlet.send(
      resultMessage(id, {
        protocol: wireVersion,
        server,
        connection: this.#attendance?.id,
        tokenId: this.#caller?.tokenId,
        // What the token may do, whatever the client said it wants.
        scopes: [...(this.#caller?.scopes ?? [])],
        cursor: desk.hub.cursor,
        tickMs: limits.tickMs,
      }),
    );
  }

  #fail(id: CallId | null, method: string, error: unknown): void {
    const { desk, address } = this.#options;
    const { text, answer } = errorMessage(id, error, (text) => desk.redact(text));
    desk.record({ method: 'WS', path: `/ws ${loggable(method)}`, address }, answer, error);
    if (id === null) return this.close(closeCodes.internal, answer.problem.detail);
    this.#outlet.send(text);
    if (this.#caller !== null) return;
    const isLimited = isHomerError(error, 'HOMER_RATE_LIMITED');
    const refused = answer.status === 403 ? closeCodes.forbidden : closeCodes.unauthorized;
    this.close(isLimited ? closeCodes.tooManyMessages : refused, answer.problem.detail);
  }
}

/** Throws HOMER_SCOPE_MISSING for a run: its token is good while it lives, which is looked at with every request of HTTP. */
export function requireLasting(caller: Caller): Caller {
  if (caller.run === undefined) return caller;
  throw new HomerError('HOMER_SCOPE_MISSING', 'The token of a run is not for WebSocket.', {
    hint: 'A run asks over HTTP.',
  });
}
