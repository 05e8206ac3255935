// A row of `deliveries` as a value.

import type { DeliveryKind, DeliveryState, OnUnknown } from '../core/delivery.ts';
import type { DeliveryId, JobId } from '../core/ids.ts';
import type { Row } from './job-record.ts';

export interface DeliveryDraft {
  /** `web`, or `telegram:CHAT[:TOPIC]`. */
  readonly target: string;
  /** The same key is the same message, however often it is added. */
  readonly key: string;
  readonly jobId: JobId | null;
  /** Markdown; for a `file` its caption. */
  readonly text: string;
  /** `text` unless given. */
  readonly kind?: DeliveryKind;
  readonly data?: Readonly<Record<string, unknown>> | null;
  /** Takes the place of the configured policy. */
  readonly onUnknown?: OnUnknown | null;
}

/** Times in ms since the epoch. */
export interface DeliveryRecord {
  readonly seq: number;
  readonly id: DeliveryId;
  readonly key: string;
  readonly target: string;
  readonly line: string;
  readonly kind: DeliveryKind;
  readonly jobId: JobId | null;
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly state: DeliveryState;
  readonly onUnknown: OnUnknown | null;
  /** Parts that are in place. */
  readonly step: number;
  /** The channel's own ids, one per part. */
  readonly messageIds: readonly string[];
  /** Failed ones since the last success. */
  readonly attempts: number;
  readonly dueAt: number | null;
  readonly reason: string | null;
  readonly createdAt: number;
  readonly endedAt: number | null;
}

export interface DeliveryFilter {
  readonly state?: DeliveryState | undefined;
  readonly jobId?: JobId | undefined;
  readonly target?: string | undefined;
  readonly limit: number;
  readonly before?: number | undefined;
}

export function deliveryFromRow(row: Row): DeliveryRecord {
  const text = (name: string): string | null => (typeof row[name] === 'string' ? row[name] : null);
  const integer = (name: string): number | null => (typeof row[name] === 'number' ? row[name] : null);
  return {
    seq: Number(row['seq']),
    id: String(row['id']) as DeliveryId,
    key: String(row['key']),
    target: String(row['target']),
    line: String(row['line']),
    kind: String(row['kind']) as DeliveryKind,
    jobId: text('job_id') as JobId | null,
    text: String(row['text']),
    data: JSON.parse(text('data') ?? '{}') as Readonly<Record<string, unknown>>,
    state: String(row['state']) as DeliveryState,
    onUnknown: text('on_unknown') as OnUnknown | null,
    step: Number(row['step']),
    messageIds: JSON.parse(String(row['message_ids'])) as readonly string[],
    attempts: Number(row['attempts']),
    dueAt: integer('due_at'),
    reason: text('reason'),
    createdAt: Number(row['created_at']),
    endedAt: integer('ended_at'),
  };
}
