// Opens what carries messages out: the outbox, and the messages that follow jobs.

import type { Service } from '../lifecycle/service.ts';
import { Digester, type DigestOptions } from './digest.ts';
import { Outbox, type OutboxOptions } from './outbox.ts';
import { StatusMessages, type StatusOptions } from './status.ts';
import { Turns } from './turns.ts';

export type DeliveryOptions = Omit<OutboxOptions, 'turns'> &
  Omit<StatusOptions, 'turns'> & { readonly digest: Pick<DigestOptions, 'config' | 'hasChannel'> };

export interface Delivery {
  /** Stopped when no run can settle any more; the last one first. */
  readonly services: readonly Service[];
  /** A channel was opened, or may do now what it could not. */
  wake(): void;
  /** A person said or did something; `source` as of a job. */
  personIsHere(source: string, isOwner: boolean): void;
}

export function openDelivery(options: DeliveryOptions): Delivery {
  const turns = new Turns();
  const outbox = new Outbox({ ...options, turns });
  const status = new StatusMessages({ ...options, turns });
  const digester = new Digester({ ...options, ...options.digest });
  return {
    services: [outbox, status, digester],
    wake: () => outbox.wake(),
    personIsHere: (source, isOwner) => digester.personIsHere(source, isOwner),
  };
}
