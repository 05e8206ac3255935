// Writing to one WebSocket under back pressure: what waits is bounded, and one that takes nothing is closed.

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { closeCodes } from '../../core/wire.ts';

export interface OutletLimits {
  readonly fullBytes: number;
  /** When more than this waits as the next message comes, the reader is cut off. */
  readonly bufferBytes: number;
}

export class Outlet {
  readonly #socket: WebSocket;
  readonly #wire: Socket;
  readonly #limits: OutletLimits;
  readonly #closing = new AbortController();
  #room: PromiseWithResolvers<void> | null = null;
  #wasStuck = false;

  /** `wire` is the connection under the socket. */
  constructor(socket: WebSocket, wire: Socket, limits: OutletLimits) {
    this.#socket = socket;
    this.#wire = wire;
    this.#limits = limits;
    wire.on('drain', () => this.#makeRoom());
    socket.once('close', () => this.#shut());
  }

  /** Fires when the reader has gone or was told to go: nothing is sent any more. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  get isFull(): boolean {
    return this.#wire.writableLength >= this.#limits.fullBytes;
  }

  /** A text, for this reader alone. */
  send(message: string): void {
    // A failed write is a connection that closes, which is heard of below.
    this.#write(() => this.#socket.send(message, { binary: false }, () => undefined));
  }

  /**
   * A frame that many share goes to the connection as it is, in one write: the library would make its head anew for each of
   * them. It keeps nothing back that could come later, since nothing is compressed.
   */
  sendFrame(frame: Buffer): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#write(() => this.#wire.write(frame));
  }

  #write(write: () => void): void {
    if (this.#closing.signal.aborted) return;
    // What piles up here is memory of the daemon; the ledger keeps the same events for nothing.
    if (this.#wire.writableLength > this.#limits.bufferBytes)
      return this.close(closeCodes.slowReader, 'what was sent is not read');
    write();
    if (!this.isFull) return;
    // Whoever does not read its answers is not read either.
    this.#room ??= Promise.withResolvers();
    this.#socket.pause();
  }

  /** Resolves when it is not full, or closed. */
  async drained(): Promise<void> {
    if (this.isFull && this.#room === null && !this.closed.aborted) this.#room = Promise.withResolvers();
    await this.#room?.promise;
  }

  /** Looks, once a beat, whether anything was taken since the last look. */
  beat(): void {
    if (this.#room !== null && this.#wasStuck) this.close(closeCodes.slowReader, 'what was sent is not read');
    this.#wasStuck = this.#room !== null;
  }

  /** Says why, and waits no longer for the answer than the server's closeTimeout. */
  close(code: number, reason: string): void {
    if (this.#closing.signal.aborted) return;
    this.#shut();
    // Its own answer must be heard, or the connection lives until the timeout.
    this.#socket.resume();
    this.#socket.close(code, reason.slice(0, 120));
  }

  #makeRoom(): void {
    this.#wasStuck = false;
    this.#room?.resolve();
    this.#room = null;
    this.#socket.resume();
  }

  #shut(): void {
    this.#closing.abort();
    this.#room?.resolve();
    this.#room = null;
  }
}
