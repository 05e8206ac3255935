// The embedded engine: claims straight from the ledger, inside the very commit that made them possible. A job that is
// accepted while a slot is free is claimed by the same fsync that accepts it; a settlement frees the slot and fills it
// again in one. Claims never end by time.

import type { JobId } from '../core/ids.ts';
import type {
  Capabilities,
  Claim,
  Consumer,
  Engine,
  EngineOptions,
  LaneDepth,
  SlotConsumer,
} from './engine.ts';
import { Grants } from './grants.ts';

export class EmbeddedEngine implements Engine {
  readonly kind = 'embedded';
  static readonly capabilities: Capabilities = {
    crossHost: false,
    timedClaims: false,
    ageing: true,
    strictRate: true,
  };
  readonly capabilities = EmbeddedEngine.capabilities;
  readonly #grants: Grants;

  constructor(options: EngineOptions) {
    this.#grants = new Grants(options);
  }

  async offer(_jobIds: readonly JobId[]): Promise<void> {
    // Nothing to do: the commit that queued the jobs has looked at their lanes already.
  }

  receive(consumer: Consumer, onSlot?: SlotConsumer, only?: string): Promise<void> {
    return this.#grants.receive(consumer, onSlot, only);
  }

  async extend(_claim: Claim): Promise<'kept'> {
    return 'kept';
  }

  handBack(claim: Claim, delayMs: number): Promise<void> {
    return this.#grants.handBack(claim, delayMs);
  }

  async withdraw(_jobId: JobId): Promise<void> {
    // Nothing to do: a job that is not queued in the ledger is never claimed.
  }

  refresh(): Promise<void> {
    return this.#grants.refresh();
  }

  depth(): Promise<readonly LaneDepth[]> {
    return this.#grants.depth();
  }

  async close(): Promise<void> {
    this.#grants.close();
  }

  nativeQueues(): [] {
    return [];
  }

  transport(): null {
    return null;
  }
}
