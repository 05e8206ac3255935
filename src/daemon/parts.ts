// What boot has made, for whatever acts on all of it.

import type { Backups } from '../backup/backups.ts';
import type { Engine } from '../engine/engine.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Webhooks } from '../operations/webhooks.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { SkillWatch } from '../skills/watch.ts';
import type { RemoteRuns } from '../worker/remote/remote-runs.ts';
import type { Worker } from '../worker/worker.ts';
import type { CanvasPart } from './canvas.ts';
import type { Outside } from './outside.ts';
import type { Watching } from './watching.ts';

export interface Parts {
  readonly gateway: Gateway;
  readonly canvas: CanvasPart;
  readonly ledger: Ledger;
  readonly engine: Engine;
  readonly worker: Worker;
  readonly remote: RemoteRuns;
  readonly outside: Outside;
  readonly skillWatch: SkillWatch;
  readonly scheduler: Scheduler;
  readonly webhooks: Webhooks;
  readonly backups: Backups;
  readonly watching: Watching;
}
