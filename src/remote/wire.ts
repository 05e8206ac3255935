// The port to what carries messages between a daemon and its workers: named streams of text that anybody may read, lose, repeat
// or write to. What a message is worth is decided by its seal (seal.ts), never by where it came from.

import type { HomerError } from '../core/errors.ts';

/** Where a daemon and one of its workers meet. */
export interface WorkerAddress {
  /** Of every key in Redis. */
  readonly prefix: string;
  /** Of the ledger: a restored or copied one has another, and other workers. */
  readonly generation: string;
  readonly name: string;
}

export type Direction = 'up' | 'down';

export function streamName({ prefix, generation, name }: WorkerAddress, direction: Direction): string {
  return `${prefix}:${generation}:worker:${name}:${direction}`;
}

export interface Wire {
  /** Never rejects: a wire that takes nothing any more ends. */
  send(stream: string, text: string): void;
  /** Resolves with the reason when it is of no use any more; who wants to go on opens another. */
  readonly ended: Promise<HomerError>;
  end(reason: unknown): void;
  /** Leaves nothing of it running. */
  close(): Promise<void>;
}

export interface WireOptions {
  /** What is read; asked again every second or so. What was left there before is handed on too. */
  readonly streams: () => readonly string[];
  readonly onText: (stream: string, text: string) => void;
}

/** Opens one; HOMER_REDIS when it cannot be had. */
export type OpenWire = (options: WireOptions, signal: AbortSignal) => Promise<Wire>;
