// The address that Prometheus asks. What is behind it is loaded with the first request.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Scope } from '../core/scope.ts';
import type { Caller } from '../operations/operation.ts';
import { plainHeaders } from './problem-details.ts';

export interface MetricsPart {
  /** In the text format of Prometheus; left out, there are none. */
  readonly metrics?: (() => Promise<string>) | undefined;
}

export interface MetricsRouteOptions extends MetricsPart {
  /** The guards from scope to size, as every route has them. */
  guard(request: FastifyRequest, scope: Scope): Caller;
  takeRate(caller: Caller): void;
}

export const metricsPath = '/metrics';
/** https://prometheus.io/docs/instrumenting/exposition_formats */
const contentType = 'text/plain; version=0.0.4; charset=utf-8';

export function mountMetrics(app: FastifyInstance, options: MetricsRouteOptions): void {
  const { metrics } = options;
  if (metrics === undefined) return;
  app.get(metricsPath, async (request, reply) => {
    options.takeRate(options.guard(request, 'read'));
    const text = await metrics();
    return reply.headers(plainHeaders).header('content-type', contentType).send(Buffer.from(text));
  });
}
