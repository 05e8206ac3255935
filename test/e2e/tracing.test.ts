// The path of a task as a collector of OpenTelemetry gets it: a real daemon, and a collector that writes down what it is sent.

import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRoom, type Room } from './cli-process.ts';

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

let room: Room;
let collector: Server;
const spans: SentSpan[] = [];
let came = Promise.withResolvers<void>();

beforeEach(async () => {
  room = await openRoom();
  spans.length = 0;
  collector = createServer((request, response) => {
    void text(request).then((body) => {
      expect(request.url).toBe('/v1/traces');
      const sent = JSON.parse(body) as Sent;
      spans.push(
        ...sent.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
      );
      response.setHeader('content-type', 'application/json').end('{}');
      came.resolve();
      came = Promise.withResolvers();
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
});
afterEach(async () => {
  await room.close();
  collector.closeAllConnections();
  collector.close();
});

function configure(isOn: boolean): void {
  const { port } = collector.address() as { port: number };
  const tracing = isOn ? { tracing: { url: `http://127.0.0.1:${port}/` } } : {};
  mkdirSync(room.home, { recursive: true, mode: 0o700 });
  writeFileSync(join(room.home, 'config.yaml'), JSON.stringify(tracing), { mode: 0o600 });
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await came.promise;
}

const named = (name: string): SentSpan[] => spans.filter((span) => span.name === name);
const attribute = (span: SentSpan | undefined, key: string): string | undefined =>
  span?.attributes.find((each) => each.key === key)?.value.stringValue;

test('a job is a trace of its wait and its run, and a failure says its code', async () => {
  configure(true);
  expect((await room.run(['run', '-x', 'shell', 'true'])).code).toBe(0);
  await until(() => named('job').length === 1);
  const [job] = named('job');
  expect(job).toMatchObject({ status: { code: 1 } });
  expect(job?.parentSpanId).toBeUndefined();
  const parts = spans.filter(({ parentSpanId }) => parentSpanId === job?.spanId);
  expect(parts.map(({ name }) => name).toSorted()).toEqual(['run', 'wait']);
  for (const { traceId, startTimeUnixNano, endTimeUnixNano } of spans) {
    expect(traceId).toBe(job?.traceId);
    expect(BigInt(startTimeUnixNano)).toBeLessThanOrEqual(BigInt(endTimeUnixNano));
  }
  expect(attribute(job, 'homer.executor')).toBe('shell');

  expect((await room.run(['run', '-x', 'shell', 'exit 3'])).code).toBe(1);
  await until(() => named('job').length === 2);
  expect(named('job')[1]).toMatchObject({ status: { code: 2, message: 'HOMER_AGENT_ERROR' } });
  expect(named('job')[1]?.traceId).not.toBe(job?.traceId);
  // What was asked and answered is nobody's business there.
  expect(JSON.stringify(spans)).not.toContain('exit 3');
});

test('a collector that is away costs one line, and no job', async () => {
  configure(true);
  const { port } = collector.address() as { port: number };
  collector.close();
  for (const task of ['echo one', 'echo two'])
    expect(await room.run(['run', '-x', 'shell', task])).toMatchObject({ code: 0 });
  collector.listen(port, '127.0.0.1');
  await once(collector, 'listening');
  const logs = await room.run(['logs', '--json', '--level', 'warn']);
  expect(logs.stdout.split('traces do not arrive').length).toBeLessThanOrEqual(2);
});
