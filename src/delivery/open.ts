// Opens what carries messages out: the outbox, and the messages that follow jobs.

import type { Service } from '../lifecycle/service.ts';
import { Outbox, type OutboxOptions } from './outbox.ts';
import { StatusMessages, type StatusOptions } from './status.ts';
import { Turns } from './turns.ts';

export type DeliveryOptions = Omit<OutboxOptions, 'turns'> & Omit<StatusOptions, 'turns'>;

export interface Delivery {
  /** Stopped when no run can settle any more; the last one first. */
  readonly services: readonly Service[];
  /** A channel was opened, or may do now what it could not. */
  wake(): void;
}

export function openDelivery(options: DeliveryOptions): Delivery {
  const turns = new Turns();
  const outbox = new Outbox({ ...options, turns });
  const status = new StatusMessages({ ...options, turns });
  return { services: [outbox, status], wake: () => outbox.wake() };
}
