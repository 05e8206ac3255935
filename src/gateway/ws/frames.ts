// What goes out over WebSocket, as bytes on the wire: an event is put into JSON once, and framed once, however many read it.

import { matches, type EventFilter } from '../../core/wire.ts';
import type { StreamedEvent } from '../event-stream.ts';

/** A frame ends before it grows over this, in characters; one event may be larger. */
const frameSize = 256 * 1024;

/** A notification of JSON-RPC 2.0. */
export function notification(method: string, params: unknown): Buffer {
  return textFrame(JSON.stringify({ jsonrpc: '2.0', method, params }));
}

/** A whole text message of a server in one frame (RFC 6455, section 5.2): not masked, not compressed. */
function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = 0x81;
  frame[1] = head === 2 ? length : head === 4 ? 126 : 127;
  if (head === 4) frame.writeUInt16BE(length, 2);
  if (head === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.write(text, head);
  return frame;
}

/** The texts of events, each made when it is first asked for and kept as long as its batch. */
export class EventTexts {
  readonly events: readonly StreamedEvent[];
  readonly #generation: string;
  readonly #texts: (string | undefined)[] = [];

  constructor(events: readonly StreamedEvent[], generation: string) {
    this.events = events;
    this.#generation = generation;
  }

  text(index: number): string {
    const event = this.events[index];
    if (event === undefined) throw new RangeError(`there is no event ${index} in this batch`);
    const { seq, at, ...rest } = event;
    const shown = { cursor: this.cursor(seq), at: new Date(at).toISOString(), ...rest };
    return (this.#texts[index] ??= JSON.stringify(shown));
  }

  cursor(seq: number): string {
    return `${this.#generation}.${seq}`;
  }

  /** The frames that tell a topic what concerns it; the last one says that all up to `upTo` was told. Often none. */
  frames(topic: string, filter: EventFilter | null, upTo: number): Buffer[] {
    const wanted = this.events.flatMap((event, index) =>
      event.seq <= upTo && matches(filter, event) ? [index] : [],
    );
    const frames: Buffer[] = [];
    let texts: string[] = [];
    let size = 0;
    for (const [place, index] of wanted.entries()) {
      const text = this.text(index);
      texts.push(text);
      size += text.length;
      const isLast = place === wanted.length - 1;
      if (!isLast && size < frameSize) continue;
      const told = isLast ? upTo : (this.events[index]?.seq ?? upTo);
      frames.push(eventFrame(topic, this.cursor(told), texts));
      texts = [];
      size = 0;
    }
    return frames;
  }
}

/** `texts` are events in JSON; none: only the cursor moves. */
export function eventFrame(topic: string, cursor: string, texts: readonly string[]): Buffer {
  return textFrame(
    `{"jsonrpc":"2.0","method":"events","params":{"topic":${JSON.stringify(topic)},"cursor":"${cursor}","events":[${texts.join(',')}]}}`,
  );
}
