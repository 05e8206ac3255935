// The executors there are: those in config.yaml, and the agent CLIs found on this machine.

import { foundExecutor } from '../config/build.ts';
import type { Config, ExecutorConfig } from '../config/config.ts';
import { findAgents } from '../executors/found.ts';

export interface ExecutorRegistry {
  all(): Readonly<Record<string, ExecutorConfig>>;
  /** The one for jobs that name none: as configured, else the first agent CLI found; null: there is none. */
  defaultName(): string | null;
  /** Takes over the configuration and looks for agent CLIs again. */
  refresh(config: Config): Promise<void>;
}

export function createExecutorRegistry(places: {
  readonly path: string;
  readonly home: string;
}): ExecutorRegistry {
  let executors: Readonly<Record<string, ExecutorConfig>> = {};
  let configuredDefault: string | null = null;
  return {
    all: () => executors,
    defaultName() {
      if (configuredDefault !== null) return configuredDefault;
      return Object.entries(executors).find(([, { kind }]) => kind !== 'command')?.[0] ?? null;
    },
    async refresh(config) {
      const found = await findAgents(places);
      const agents = found.map(({ name, kind, bin }) => [name, foundExecutor(kind, bin)] as const);
      executors = { ...Object.fromEntries(agents), ...config.executors };
      configuredDefault = config.defaultExecutor;
    },
  };
}
