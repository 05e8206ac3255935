// A reader of event streams, for tests.

import { request } from 'node:http';
import type { ClientRequest } from 'node:http';
import { ownerToken } from './gateway-fixture.ts';

export interface Got {
  id: string | null;
  event: string | null;
  data: unknown;
}

/** A reader of server-sent events that can be waited on. */
export class Reader {
  readonly got: Got[] = [];
  readonly ended: Promise<void>;
  lastId: string | null = null;
  #wake: (() => void) | null = null;
  readonly #sent: ClientRequest;

  constructor(port: number, path: string, lastId?: string, token = ownerToken) {
    const headers: Record<string, string> = { authorization: `Bearer ${token}` };
    if (lastId !== undefined) headers['last-event-id'] = lastId;
    this.#sent = request({ host: '127.0.0.1', port, path, headers, agent: false });
    this.ended = new Promise((resolve) => {
      this.#sent.on('error', () => resolve());
      this.#sent.on('response', (response) => {
        let rest = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          const blocks = (rest + chunk).split('\n\n');
          rest = blocks.pop() ?? '';
          for (const block of blocks) this.#take(block);
          this.#wake?.();
        });
        // Cut off in the middle is an end too.
        response.on('error', () => undefined);
        response.on('close', () => resolve());
      });
    });
    this.#sent.end();
  }

  #take(block: string): void {
    const field = (name: string): string | null =>
      new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null;
    const data = field('data');
    this.lastId = field('id') ?? this.lastId;
    this.got.push({ id: field('id'), event: field('event'), data: data === null ? null : JSON.parse(data) });
  }

  /** Events that carry data, once there are `count` of them. */
  async events(count: number): Promise<Got[]> {
    for (;;) {
      const events = this.got.filter((each) => each.data !== null);
      if (events.length >= count) return events;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async begun(): Promise<void> {
    while (this.got.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  close(): void {
    this.#sent.destroy();
  }
}
