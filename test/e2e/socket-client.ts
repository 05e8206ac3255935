// A client of /ws that is as rude as it is told to be, and can be waited on.

import { WebSocket, type ClientOptions } from 'ws';
import { ownerToken } from './gateway-fixture.ts';

export interface Told {
  readonly jsonrpc: string;
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params: Record<string, unknown>;
  readonly result: Record<string, unknown>;
  readonly error: { readonly code: number; readonly message: string; readonly data: Record<string, unknown> };
}

export class SocketClient {
  readonly told: Told[] = [];
  readonly socket: WebSocket;
  /** The code and reason of the end. */
  readonly closed: Promise<{ code: number; reason: string }>;
  #isClosed = false;
  #wake = Promise.withResolvers<void>();
  #nextId = 1;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.told.push(JSON.parse(data.toString('utf8')) as Told);
      this.#wake.resolve();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.#isClosed = true;
        this.#wake.resolve();
        resolve({ code, reason: reason.toString('utf8') });
      });
    });
    // A connection that is cut is closed too.
    socket.on('error', () => undefined);
  }

  /** Resolves once it is open; rejects with the status of a refusal, `{ status, body }`. */
  static async open(port: number, options: ClientOptions & { path?: string } = {}): Promise<SocketClient> {
    const { path = '/ws', ...rest } = options;
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false, ...rest });
    const client = new SocketClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
        response.on('end', () =>
          reject(Object.assign(new Error('refused'), { status: response.statusCode, body })),
        );
      });
    });
    return client;
  }

  /** Open, and known to be the owner or whose token it is. */
  static async enter(port: number, token = ownerToken): Promise<SocketClient> {
    return SocketClient.open(port, { headers: { authorization: `Bearer ${token}` } });
  }

  send(value: unknown): void {
    this.socket.send(typeof value === 'string' ? value : JSON.stringify(value));
  }

  /** The answer to one call. */
  async ask(method: string, params: Record<string, unknown> = {}): Promise<Told> {
    const id = this.#nextId++;
    this.send({ jsonrpc: '2.0', id, method, params });
    return this.until((message) => message.id === id);
  }

  /** The first message that fits, be it there already; rejects when the connection ends before. */
  async until(fits: (message: Told) => boolean): Promise<Told> {
    for (let seen = 0; ;) {
      for (; seen < this.told.length; seen++) {
        const message = this.told[seen];
        if (message !== undefined && fits(message)) return message;
      }
      if (this.#isClosed) throw new Error(`closed before: ${JSON.stringify(await this.closed)}`);
      this.#wake = Promise.withResolvers();
      await this.#wake.promise;
    }
  }

  /** Events of a topic in the order in which they came, once there are `count`. */
  async events(topic: string, count: number): Promise<{ cursor: string; type: string; data: unknown }[]> {
    const all = (): { cursor: string; type: string; data: unknown }[] =>
      this.told
        .filter(({ method, params }) => method === 'events' && params['topic'] === topic)
        .flatMap(({ params }) => params['events'] as { cursor: string; type: string; data: unknown }[]);
    await this.until(() => all().length >= count);
    return all();
  }
}
