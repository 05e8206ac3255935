// A client of Homer's control plane, for programs and pages: typed calls and topics over one WebSocket that comes back
// by itself. `import { connect } from 'homer/client'`.

import { CallError, errorOf } from './call-error.ts';
import { readOnly, type Calls } from './calls.ts';
import { Link, type Hello, type LinkOptions, type LinkState, type RpcMessage } from './link.ts';
import { Listeners, type Listener, type Listening, type Outcome } from './listeners.ts';
import type { MessageOf, Topic } from './topics.ts';

export interface ClientOptions extends LinkOptions {
  /** How long a call may take, waiting for a connection included, unless it says otherwise; ms. */
  readonly timeoutMs?: number;
  readonly onState?: (state: LinkState) => void;
}

export interface CallOptions {
  readonly timeoutMs?: number;
  /** Ends the waiting; what was asked for may be done all the same. */
  readonly signal?: AbortSignal;
}

export type CallName = keyof Calls;
/** The input may be left out where nothing in it is needed. */
export type CallArguments<Name extends CallName> =
  Record<string, never> extends Calls[Name]['input']
    ? [input?: Calls[Name]['input'], options?: CallOptions]
    : [input: Calls[Name]['input'], options?: CallOptions];

export interface Client {
  /**
   * Asks for an operation. Rejects with a CallError: as Homer refused it, or TIMED_OUT, CLOSED, CONNECTION_LOST. What only
   * reads, or carries a `key`, is asked again when the connection broke off before the answer.
   */
  call<Name extends CallName>(name: Name, ...args: CallArguments<Name>): Promise<Calls[Name]['output']>;
  /** Listens until it is told to stop, over every reconnect, from `since` on or from now. One listener per topic. */
  subscribe<Name extends Topic>(topic: Name, listener: Listener<MessageOf<Name>>, since?: string): Listening;
  readonly state: LinkState;
  /** What Homer said of itself and of this client; null before the first connection. */
  readonly hello: Hello | null;
  close(): void;
}

interface Waiting {
  readonly name: string;
  readonly params: unknown;
  readonly mayRepeat: boolean;
  isSent: boolean;
  settle(outcome: Outcome): void;
}

const usualMs = 30_000;

/** Begins to connect at once; calls wait until it is. */
export function connect(options: ClientOptions): Client {
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  let hello: Hello | null = null;
  const link: Link = new Link(options, {
    opened(said) {
      hello = said;
      for (const [id, call] of waiting) if (!call.isSent) send(id, call);
      listeners.renew();
    },
    lost() {
      for (const call of waiting.values()) {
        if (call.mayRepeat || !call.isSent) call.isSent = false;
        else call.settle({ error: lostError(call.name) });
      }
    },
    closed(error) {
      for (const call of waiting.values()) call.settle({ error });
      listeners.stop();
    },
    message: take,
    state: (state) => options.onState?.(state),
  });
  const listeners = new Listeners({
    ask: (method, params, settle) => void begin(method, params, true, usualMs, settle),
    isOpen: () => link.state === 'open',
  });

  function send(id: number, call: Waiting): void {
    call.isSent = true;
    link.send({ jsonrpc: '2.0', id, method: call.name, params: call.params });
  }

  function take(message: RpcMessage): void {
    if (message.method !== undefined) return listeners.take(message.method, message.params ?? {});
    const call = typeof message.id === 'number' ? waiting.get(message.id) : undefined;
    if (message.error === undefined) call?.settle({ result: message.result });
    else call?.settle({ error: errorOf(message.error) });
  }

  /** `settle` is called once, in the very turn in which the answer comes; what is returned ends the waiting without it. */
  function begin(
    name: string,
    params: unknown,
    mayRepeat: boolean,
    timeoutMs: number,
    settle: (outcome: Outcome) => void,
  ): () => void {
    const id = nextId++;
    const end = (): void => {
      clearTimeout(timer);
      waiting.delete(id);
    };
    const call: Waiting = {
      name,
      params,
      mayRepeat,
      isSent: false,
      settle: (outcome) => {
        end();
        settle(outcome);
      },
    };
    const timer = setTimeout(
      () =>
        call.settle({
          error: new CallError('TIMED_OUT', `${name}: no answer within ${timeoutMs / 1000} s.`),
        }),
      timeoutMs,
    );
    waiting.set(id, call);
    if (link.state === 'open') send(id, call);
    return end;
  }

  async function ask(
    name: string,
    params: unknown,
    mayRepeat: boolean,
    given: CallOptions,
  ): Promise<unknown> {
    if (link.state === 'closed') throw new CallError('CLOSED', 'The client was closed.');
    const { signal } = given;
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const end = begin(name, params, mayRepeat, given.timeoutMs ?? options.timeoutMs ?? usualMs, (outcome) => {
      if ('error' in outcome) reject(outcome.error);
      else resolve(outcome.result);
    });
    const abort = (): void => {
      end();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', abort, { once: true });
    return promise.finally(() => signal?.removeEventListener('abort', abort));
  }

  link.start();
  return {
    async call<Name extends CallName>(name: Name, ...[input = {}, given = {}]: CallArguments<Name>) {
      const mayRepeat = readOnly.has(name) || ('key' in input && input.key !== undefined);
      return (await ask(name, input, mayRepeat, given)) as Calls[Name]['output'];
    },
    subscribe: (topic, listener, since) => listeners.add(topic, listener, since),
    get state() {
      return link.state;
    },
    get hello() {
      return hello;
    },
    close: () => link.close(),
  };
}

function lostError(name: string): CallError {
  return new CallError(
    'CONNECTION_LOST',
    `${name}: the connection broke off; whether it was done is not known.`,
  );
}
