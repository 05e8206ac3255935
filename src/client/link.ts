// One connection after the other: opened, greeted, watched, and opened again when it is gone. Needs nothing but the
// WebSocket that browsers and Node have.

import { closeCodes } from '../core/wire.ts';
import { CallError, errorOf } from './call-error.ts';

export interface LinkOptions {
  /** `ws://127.0.0.1:4663/ws`, or how to find it out before each connection. */
  readonly url: string | (() => string | Promise<string>);
  /** Left out where a cookie says who this is. A function is asked before each connection. */
  readonly token?: string | (() => string | Promise<string>);
  /** What the client is called in the list of those present. */
  readonly name?: string;
  /** The longest pause between two attempts; ms. */
  readonly longestPauseMs?: number;
}

export type LinkState = 'connecting' | 'open' | 'waiting' | 'closed';

export interface Hello {
  readonly protocol: number;
  readonly server: { readonly version: string; readonly instanceId: string };
  readonly connection: string;
  readonly tokenId: string;
  readonly scopes: readonly string[];
  readonly cursor: string;
  readonly tickMs: number;
}

export interface RpcMessage {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: unknown;
}

export interface LinkEvents {
  /** It is known who this is: calls can be sent. */
  opened(hello: Hello): void;
  /** The connection is gone; another is tried. */
  lost(): void;
  /** For good, and why. */
  closed(error: CallError): void;
  message(message: RpcMessage): void;
  state(state: LinkState): void;
}

const firstPauseMs = 200;
/** An attempt that takes longer has failed. */
const openMs = 10_000;
/** Nothing else is said to those who come back with the same again. */
const final: ReadonlySet<number> = new Set([
  closeCodes.forbidden,
  closeCodes.malformed,
  closeCodes.binaryRefused,
]);
const helloId = 'hello';

export class Link {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  #socket: WebSocket | null = null;
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: LinkState = 'waiting';
  #tickMs = openMs;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
  }

  get state(): LinkState {
    return this.#state;
  }

  start(): void {
    void this.#open();
  }

  send(message: unknown): void {
    this.#socket?.send(JSON.stringify(message));
  }

  close(error = new CallError('CLOSED', 'The client was closed.')): void {
    if (this.#state === 'closed') return;
    this.#drop();
    this.#become('closed');
    this.#events.closed(error);
  }

  async #open(): Promise<void> {
    this.#become('connecting');
    let url: string;
    let token: string | undefined;
    try {
      url = await valueOf(this.#options.url);
      token = this.#options.token === undefined ? undefined : await valueOf(this.#options.token);
    } catch {
      // Where Homer is cannot be told now; it may be later.
      return this.#again();
    }
    // Closed meanwhile.
    if (this.#state !== 'connecting') return;
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#expect(openMs);
    socket.addEventListener('open', () => {
      const params = { client: this.#options.name, token };
      if (this.#socket === socket) this.send({ jsonrpc: '2.0', id: helloId, method: 'hello', params });
    });
    socket.addEventListener('message', ({ data }: { readonly data: unknown }) => {
      if (this.#socket === socket) this.#take(JSON.parse(String(data)) as RpcMessage);
    });
    socket.addEventListener('close', ({ code }: { readonly code: number }) => {
      if (this.#socket === socket) this.#ended(code);
    });
    // An error is followed by a close, which is what counts.
    socket.addEventListener('error', () => undefined);
  }

  #take(message: RpcMessage): void {
    // Whatever comes shows that the connection lives.
    if (this.#state === 'open') this.#expect(3 * this.#tickMs);
    if (message.id !== helloId || this.#state !== 'connecting') return this.#events.message(message);
    // Refused: the close that follows says whether to try again.
    if (message.error !== undefined) {
      if (errorOf(message.error).code !== 'HOMER_RATE_LIMITED' && typeof this.#options.token !== 'function')
        this.close(errorOf(message.error));
      return;
    }
    const hello = message.result as Hello;
    this.#attempts = 0;
    this.#tickMs = hello.tickMs;
    this.#expect(3 * this.#tickMs);
    this.#become('open');
    this.#events.opened(hello);
  }

  #ended(code: number): void {
    this.#socket = null;
    const isRevoked = code === closeCodes.unauthorized && typeof this.#options.token !== 'function';
    if (final.has(code) || isRevoked)
      return this.close(new CallError('CLOSED', `Homer closed the connection for good (${code}).`));
    this.#again();
  }

  /** Without a word within this time the connection counts as gone, whatever the socket says. */
  #expect(withinMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#drop();
      this.#again();
    }, withinMs);
  }

  #again(): void {
    clearTimeout(this.#timer);
    if (this.#state === 'closed') return;
    const wasOpen = this.#state === 'open';
    this.#become('waiting');
    if (wasOpen) this.#events.lost();
    const longest = this.#options.longestPauseMs ?? 10_000;
    const pause = Math.min(longest, firstPauseMs * 2 ** this.#attempts++);
    // A thousand clients of one daemon must not come back in the same instant.
    this.#timer = setTimeout(() => void this.#open(), pause * (0.5 + Math.random() / 2));
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #become(state: LinkState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#events.state(state);
  }
}

async function valueOf(value: string | (() => string | Promise<string>)): Promise<string> {
  return typeof value === 'string' ? value : value();
}
