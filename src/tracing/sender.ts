// Spans in the terms of OpenTelemetry, and its exporter for them (OTLP over HTTP). Loaded only when traces are wanted.

import { createHash } from 'node:crypto';
import { SpanKind, SpanStatusCode, TraceFlags, type HrTime, type SpanContext } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Span } from '../core/spans.ts';

export interface TracedSpan extends Span {
  /** What the id of its trace is made from. */
  readonly trace: string;
}

export interface SpanSender {
  /** Resolves when the collector has taken them; rejects after the exporter's own tries. */
  send(spans: readonly TracedSpan[]): Promise<void>;
  close(): Promise<void>;
}

const timeoutMs = 10_000;

export function openSender(url: string, version: string): SpanSender {
  const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces`, timeoutMillis: timeoutMs });
  const shared = {
    resource: resourceFromAttributes({ 'service.name': 'homer', 'service.version': version }),
    instrumentationScope: { name: 'homer', version },
  };
  return {
    async send(spans) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      exporter.export(
        spans.map((span) => ({ ...readable(span), ...shared })),
        ({ code, error }) => {
          // 0 is its ExportResultCode.SUCCESS, which stands in a package that is not ours to import.
          if ((code as number) === 0) resolve();
          else reject(error ?? new Error('The collector did not take the spans.'));
        },
      );
      await promise;
    },
    close: () => exporter.shutdown(),
  };
}

function readable(span: TracedSpan): Omit<ReadableSpan, 'resource' | 'instrumentationScope'> {
  const { trace, seed, parent, name, from, to, failure, attributes } = span;
  return {
    name,
    kind: parent === null ? SpanKind.SERVER : SpanKind.INTERNAL,
    spanContext: () => contextOf(trace, seed),
    ...(parent === null ? {} : { parentSpanContext: contextOf(trace, parent) }),
    startTime: time(from),
    endTime: time(to),
    duration: time(to - from),
    ended: true,
    status: failure === null ? { code: SpanStatusCode.OK } : { code: SpanStatusCode.ERROR, message: failure },
    attributes: { ...attributes },
    links: [],
    events: [],
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function contextOf(trace: string, seed: string): SpanContext {
  return {
    traceId: digest(`trace ${trace}`, 32),
    spanId: digest(`span ${seed}`, 16),
    traceFlags: TraceFlags.SAMPLED,
  };
}

/** The same from the same, so that nothing is there twice; `length` hexadecimal digits. */
function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** Seconds and nanoseconds of so many ms. */
function time(ms: number): HrTime {
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1_000_000];
}
