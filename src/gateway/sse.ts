// One stream of server-sent events (WHATWG HTML, section 9.2): written under back pressure, kept alive, ended in time.

import type { ServerResponse } from 'node:http';
import { HomerError } from '../core/errors.ts';
import { plainHeaders } from './problem-details.ts';

export interface StreamLimits {
  /** A comment goes out this often, so that both ends see a dead connection; ms. */
  readonly heartbeatMs: number;
  /**
   * A reader for whom more than this many bytes wait when the next message comes is cut off; it can go on from the last
   * id it got. One message may be larger: it would be as large when the reader comes back.
   */
  readonly bufferBytes: number;
  readonly mostStreams: number;
  /** Of one token, or of one canvas. */
  readonly mostStreamsEach: number;
}

export const streamLimits: StreamLimits = {
  heartbeatMs: 15_000,
  bufferBytes: 1024 * 1024,
  mostStreams: 128,
  mostStreamsEach: 64,
};

export interface Message {
  readonly id?: string;
  readonly event?: string;
  /** Sent as JSON. A message without data only moves the reader's last id. */
  readonly data?: unknown;
}

export interface Stream {
  /** Fires when the reader has gone, or was cut off, or the stream was ended. */
  readonly closed: AbortSignal;
  /** Sends a message; resolves when more may be sent. After `closed` it does nothing. */
  send(message: Message): Promise<void>;
  /** Ends the stream in order. */
  end(): void;
}

export interface Streams {
  /** Writes the head of the answer; `owner` is the id of the token, or the name of the canvas, whose stream it is. */
  begin(response: ServerResponse, owner: string): Stream;
  /** Throws HOMER_RATE_LIMITED when there are as many streams as there may be, of this owner or of all. */
  requireRoom(owner: string): void;
  readonly open: number;
  /** Ends those of one owner in order. */
  endOf(owner: string): void;
  /** Ends all of them in order, telling the readers to come back. */
  endAll(): void;
}

export function createStreams(limits: StreamLimits): Streams {
  const streams = new Map<Stream, string>();
  return {
    get open() {
      return streams.size;
    },
    requireRoom(owner) {
      const own = [...streams.values()].filter((each) => each === owner).length;
      if (own >= limits.mostStreamsEach) throw tooMany(`${own} open streams of ${owner}`);
      if (streams.size >= limits.mostStreams) throw tooMany(`${streams.size} open streams`);
    },
    begin(response, owner) {
      const stream = beginStream(response, limits);
      streams.set(stream, owner);
      stream.closed.addEventListener('abort', () => streams.delete(stream), { once: true });
      return stream;
    },
    endOf(owner) {
      for (const [stream, each] of streams) if (each === owner) stream.end();
    },
    endAll() {
      for (const stream of streams.keys()) stream.end();
    },
  };
}

function tooMany(what: string): HomerError {
  return new HomerError('HOMER_RATE_LIMITED', `There are ${what}, which is the limit.`, {
    details: { retryAfter: 5 },
    hint: 'Close streams that are not needed any more.',
  });
}

function beginStream(response: ServerResponse, limits: StreamLimits): Stream {
  const closing = new AbortController();
  let room: PromiseWithResolvers<void> | null = null;
  let wasBlocked = false;

  const close = (): void => {
    clearInterval(heartbeat);
    closing.abort();
    room?.resolve();
  };
  const write = (text: string): void => {
    if (closing.signal.aborted) return;
    // What piles up here is memory of the daemon; the ledger keeps the same events for nothing.
    if (response.writableLength > limits.bufferBytes) response.destroy();
    else if (!response.write(text) && room === null) room = Promise.withResolvers();
  };
  const heartbeat = setInterval(() => {
    // Nothing was taken for a whole beat: nobody reads at the other end.
    if (room !== null && wasBlocked) response.destroy();
    wasBlocked = room !== null;
    if (room === null) write(': alive\n\n');
  }, limits.heartbeatMs);

  response.on('drain', () => {
    wasBlocked = false;
    room?.resolve();
    room = null;
  });
  response.once('close', close);
  response.once('error', close);
  response.writeHead(200, {
    ...plainHeaders,
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
  if (response.destroyed) close();

  return {
    closed: closing.signal,
    async send(message) {
      write(formatMessage(message));
      if (room !== null && !closing.signal.aborted) await room.promise;
    },
    end() {
      if (closing.signal.aborted) return;
      response.end('retry: 1000\n\n');
      close();
    },
  };
}

/** Event names and ids are ours or were checked; JSON has no line breaks. */
function formatMessage(message: Message): string {
  const id = message.id === undefined ? '' : `id: ${message.id}\n`;
  const event = message.event === undefined ? '' : `event: ${message.event}\n`;
  const data = message.data === undefined ? '' : `data: ${JSON.stringify(message.data)}\n`;
  return `${id}${event}${data}\n`;
}
