// The executors there are: those in config.yaml, and the agent CLIs found on this machine.

import { foundExecutor } from '../config/build.ts';
import type { Config, ExecutorConfig } from '../config/config.ts';
import { findAgents } from '../executors/found.ts';

/** So that whoever asks again and again for what there is not costs a few looks at some directories, not thousands. */
const restMs = 2_000;

export interface ExecutorRegistry {
  all(): Readonly<Record<string, ExecutorConfig>>;
  /** The one for jobs that name none: as configured, else the first agent CLI found; null: there is none. */
  defaultName(): string | null;
  /** Takes over the configuration and looks for agent CLIs again. */
  refresh(config: Config): Promise<void>;
  /**
   * Looks for agent CLIs again, which may have been installed since, unless that was done a moment ago. True when there are
   * others than before; callers at the same time share one look.
   */
  lookAgain(): Promise<boolean>;
}

export function createExecutorRegistry(places: {
  readonly path: string;
  readonly home: string;
  /** ms, only ever growing. */
  readonly now?: () => number;
}): ExecutorRegistry {
  const now = places.now ?? ((): number => performance.now());
  let last: Config | null = null;
  let lookedAt = -Infinity;
  let looking: Promise<boolean> | null = null;
  let executors: Readonly<Record<string, ExecutorConfig>> = {};
  let configuredDefault: string | null = null;
  const look = async (config: Config): Promise<void> => {
    const found = await findAgents(places);
    // A reload during the look has done it with the newer configuration.
    if (config !== last) return;
    const agents = found.map(({ name, kind, bin }) => [name, foundExecutor(kind, bin)] as const);
    executors = { ...Object.fromEntries(agents), ...config.executors };
    configuredDefault = config.defaultExecutor;
    lookedAt = now();
  };
  const lookForOthers = async (config: Config): Promise<boolean> => {
    const before = Object.keys(executors).join('\n');
    await look(config);
    return Object.keys(executors).join('\n') !== before;
  };
  return {
    all: () => executors,
    defaultName() {
      if (configuredDefault !== null) return configuredDefault;
      return Object.entries(executors).find(([, { kind }]) => kind !== 'command')?.[0] ?? null;
    },
    async refresh(config) {
      last = config;
      await look(config);
    },
    async lookAgain() {
      if (looking !== null) return looking;
      if (last === null || now() - lookedAt < restMs) return false;
      looking = lookForOthers(last).finally(() => (looking = null));
      return looking;
    },
  };
}
