// The daemon's condition: what keeps it from being well, said once for /health, the status and the log.

import { catalogue, type HomerError, type Problem } from '../core/errors.ts';
import type { Engine } from '../engine/engine.ts';

/** The parts that can be in trouble for a while and get well by themselves or by a person. */
export type Part = 'config' | 'disk' | 'engine' | 'work' | 'telegram' | 'webhooks' | 'backup';

export type DaemonState = 'healthy' | 'degraded' | 'held' | 'draining';

export interface Condition {
  readonly daemon: DaemonState;
  readonly problems: readonly Problem[];
}

export class Troubles {
  readonly #byPart = new Map<Part, HomerError>();

  note(part: Part, error: HomerError): void {
    this.#byPart.set(part, error);
  }

  clear(part: Part): void {
    this.#byPart.delete(part);
  }

  has(part: Part): boolean {
    return this.#byPart.has(part);
  }

  condition(now: { readonly isHeld: boolean; readonly isStopping: boolean }): Condition {
    const problems: Problem[] = [...this.#byPart.values()].map(({ code, message, hint }) => ({
      code,
      message,
      hint,
    }));
    if (now.isHeld) {
      const { title, hint } = catalogue.HOMER_HELD;
      problems.unshift({ code: 'HOMER_HELD', message: title, hint });
    }
    if (now.isStopping) return { daemon: 'draining', problems };
    if (now.isHeld) return { daemon: 'held', problems };
    return { daemon: problems.length === 0 ? 'healthy' : 'degraded', problems };
  }
}

export interface Metrics {
  /** Seconds. */
  readonly uptime: number;
  /** Runs settled since the start. */
  readonly jobsProcessed: number;
  readonly jobsQueued: number;
  /** ISO 8601. */
  readonly lastHeartbeat: string;
}

/** What /health tells: the first word to everybody, the report (health+json) to whoever has a token. */
export interface Health {
  readonly daemon: 'healthy' | 'degraded' | 'down';
  readonly report: Readonly<Record<string, unknown>>;
}

/** `more`: what other parts tell of themselves, such as how each connection with the outside is. */
export function reportHealth(
  { daemon, problems }: Condition,
  version: string,
  engine: Pick<Engine, 'kind' | 'transport'>,
  metrics: Metrics,
  more: Readonly<Record<string, unknown>> = {},
): Health {
  const isWell = daemon === 'healthy' || daemon === 'draining';
  return {
    daemon: isWell ? 'healthy' : 'degraded',
    report: {
      status: isWell ? 'pass' : 'warn',
      version,
      problems,
      engine: { kind: engine.kind, transport: engine.transport() },
      metrics,
      ...more,
    },
  };
}
