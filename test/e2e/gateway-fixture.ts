// A gateway with small operations of its own, and the means to talk to it as rudely as a socket allows.

import { request } from 'node:http';
import type { Agent, IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { z } from 'zod';
import { HomerError } from '../../src/core/errors.ts';
import { isJobId } from '../../src/core/ids.ts';
import type { EventLog, StreamedEvent } from '../../src/gateway/event-stream.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import type { GatewayLimits, GatewayParts } from '../../src/gateway/gateway-options.ts';
import type { Health } from '../../src/health/components.ts';
import type { RunStream } from '../../src/gateway/run-stream.ts';
import type { Operation } from '../../src/operations/operation.ts';
import { createPerformer, type Performer, type PerformerOptions } from '../../src/operations/perform.ts';

export const ownerToken = 'owner-token-owner-token-owner-token-owner-t';
export const readToken = 'read-token-read-token-read-token-read-token';
export const jobId = 'j0123456789abcdefghj';
export const runId = 'r0123456789abcdefghj';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** An event log in memory, with the one method that real ones keep to themselves. */
export class MemoryEvents implements EventLog {
  readonly events: StreamedEvent[] = [];
  readonly generation: string;
  #last = 0;
  readonly #listeners = new Set<() => void>();
  readonly #waiting: (() => void)[] = [];

  constructor(generation = 'g1') {
    this.generation = generation;
  }

  append(type: string, data: unknown = null): void {
    this.events.push({ seq: ++this.#last, at: 1, type, jobId, runId: null, data });
    for (const listener of this.#listeners) listener();
  }

  prune(count: number): void {
    this.events.splice(0, count);
  }

  read(seq: number, limit: number): StreamedEvent[] {
    return this.events.filter((event) => event.seq > seq).slice(0, limit);
  }

  oldestSeq(): number {
    return this.events[0]?.seq ?? 0;
  }

  lastSeq(): number {
    return this.#last;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      for (const wake of this.#waiting.splice(0)) wake();
    };
  }

  /** Resolves when at most `left` streams still listen. */
  async gone(left = 0): Promise<void> {
    while (this.#listeners.size > left) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

const createInput = z.strictObject({
  prompt: z.string().min(1),
  lane: z.string().optional(),
  key: z.string().max(200).optional(),
});
const byId = z.strictObject({ id: z.string().refine(isJobId, 'is not the id of a job') });

/** What the operations were given, in order. */
export function toyOperations(seen: unknown[]): Operation[] {
  return [
    {
      name: 'jobs.create',
      input: createInput,
      output: z.object({ job: z.object({ id: z.string() }) }),
      handle: async (input) => {
        seen.push(input);
        return { output: { job: { id: jobId } }, status: 202 };
      },
    },
    {
      name: 'jobs.list',
      input: z.strictObject({ state: z.string().optional() }),
      output: z.object({ jobs: z.array(z.string()) }),
      handle: async () => ({ output: { jobs: [] } }),
    },
    {
      name: 'jobs.get',
      input: byId,
      output: z.object({ id: z.string() }),
      handle: async (input) => {
        throw new HomerError('HOMER_JOB_UNKNOWN', `There is no job ${(input as { id: string }).id}.`);
      },
    },
    {
      name: 'jobs.cancel',
      input: byId,
      output: z.object({ id: z.string() }),
      handle: async (input) => ({ output: input }),
    },
    {
      name: 'lanes.list',
      input: z.strictObject({}),
      output: z.object({}),
      handle: async () => {
        throw new Error('SQLITE_ERROR near "SELECT secret FROM /home/ann/.homer/homer.db"');
      },
    },
  ];
}

export interface Fixture {
  readonly gateway: Gateway;
  readonly port: number;
  readonly events: MemoryEvents;
  readonly lines: LogLine[];
  readonly seen: unknown[];
  health: Health;
}

export const noRuns: RunStream = {
  open: async (id) => {
    throw new HomerError('HOMER_RUN_UNKNOWN', `There is no run ${id}.`);
  },
};

/** The performer of toy operations. */
export function performerOf(options: Partial<PerformerOptions>): Performer {
  return createPerformer({
    operations: [],
    requireIntake: () => undefined,
    now: () => performance.now(),
    ...options,
  });
}

interface FixtureParts extends Partial<GatewayParts>, Pick<Partial<PerformerOptions>, 'rate' | 'operations'> {
  port?: number;
  hosts?: string[];
  bind?: string;
  isStarting?: boolean;
}

export async function startFixture(
  limits: Partial<GatewayLimits> = {},
  parts: FixtureParts = {},
): Promise<Fixture> {
  const lines: LogLine[] = [];
  const line =
    (level: LogLine['level']) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void =>
      void lines.push({ level, fields, message });
  const gateway = createGateway({
    port: parts.port ?? 0,
    ...(parts.bind === undefined ? {} : { bind: parts.bind }),
    hosts: parts.hosts ?? [],
    token: ownerToken,
    grants: [
      {
        token: readToken,
        caller: { tokenId: 'reader', scopes: new Set(['read']), isOwner: false, source: 'http:reader' },
      },
    ],
    log: { info: line('info'), warn: line('warn'), error: line('error') },
    instanceId: 'i-test',
    version: '0.0.0',
    limits,
  });
  const { port } = await gateway.listen();
  const seen: unknown[] = [];
  const events = new MemoryEvents();
  const fixture: Fixture = {
    gateway,
    port,
    events,
    lines,
    seen,
    health: { daemon: 'healthy', report: { status: 'pass', metrics: { uptime: 1 } } },
  };
  if (parts.isStarting === true) return fixture;
  await gateway.open({
    performer: performerOf({
      operations: parts.operations ?? toyOperations(seen),
      requireIntake: () => gateway.requireIntake(),
      ...(parts.rate === undefined ? {} : { rate: parts.rate }),
    }),
    events,
    runs: noRuns,
    health: () => fixture.health,
    ...parts,
  });
  gateway.ready();
  return fixture;
}

export interface Ask {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | undefined;
  /** Where to connect; 127.0.0.1. */
  address?: string;
  /** Keeps connections; without one each request has its own. */
  agent?: Agent;
}

export interface Said {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** One request on a connection of its own; the owner's token unless another `authorization` (or '' for none) is given. */
export function ask(port: number, options: Ask = {}): Promise<Said> {
  const headers: Record<string, string> = {
    authorization: `Bearer ${ownerToken}`,
    ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...options.headers,
  };
  for (const name of Object.keys(headers)) if (headers[name] === '') delete headers[name];
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: options.address ?? '127.0.0.1',
        port,
        path: options.path ?? '/livez',
        method: options.method ?? 'GET',
        headers,
        agent: options.agent ?? false,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          let json: Record<string, unknown> = {};
          if (text !== '' && String(response.headers['content-type']).includes('json'))
            json = JSON.parse(text) as Record<string, unknown>;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}

/** Writes bytes as they are and resolves with all that came back once the other side has closed. */
export function tell(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (answer += chunk));
    // A reset after the answer is a close too.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
    socket.write(text);
  });
}
