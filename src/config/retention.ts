// `retention` in config.yaml: how long what has ended is kept.

import { z } from 'zod';
import { defaultRetention, type Retention } from '../core/retention.ts';
import { parseSpan } from '../core/span.ts';

type Mapping = <Shape extends z.ZodRawShape>(shape: Shape) => z.ZodObject<Shape, z.core.$strict>;

const dayMs = 86_400_000;
const time = z
  .string()
  .refine(
    (text) => text === 'off' || (parseSpan(text) ?? 0) >= dayMs,
    'is not "off" or a time of at least a day, like "30d"',
  )
  .optional();

export function retentionSchema(mapping: Mapping) {
  return mapping({ jobs: time, events: time, deliveries: time, journals: time });
}

/** Pure. */
export function buildRetention(
  file: { readonly [Key in 'jobs' | 'events' | 'deliveries' | 'journals']?: string | undefined } = {},
): Retention {
  const read = (text: string | undefined, otherwise: number | null): number | null =>
    text === undefined ? otherwise : parseSpan(text);
  return {
    jobsMs: read(file.jobs, defaultRetention.jobsMs),
    eventsMs: read(file.events, defaultRetention.eventsMs),
    deliveriesMs: read(file.deliveries, defaultRetention.deliveriesMs),
    journalsMs: read(file.journals, defaultRetention.journalsMs),
  };
}
