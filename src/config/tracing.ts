// `tracing` in config.yaml: where the path of each task is sent to, as OpenTelemetry has it.

import { z } from 'zod';

export interface TracingConfig {
  /** Base address of a collector that takes OTLP over HTTP, without a slash at its end; null: off. */
  readonly url: string | null;
}

type Mapping = <Shape extends z.ZodRawShape>(shape: Shape) => z.ZodObject<Shape, z.core.$strict>;

export function tracingSchema(mapping: Mapping) {
  return mapping({
    url: z.url({ protocol: /^https?$/, error: 'is not an address that begins with http:// or https://' }),
  });
}

/** Pure. */
export function buildTracing(file?: { readonly url: string }): TracingConfig {
  return { url: file?.url.replace(/\/+$/, '') ?? null };
}
