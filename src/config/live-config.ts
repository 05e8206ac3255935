// The configuration in use while the daemon runs: taken over when the file is edited, kept when an edit is bad.

import type { Config } from './config.ts';
import { loadConfig, type LoadedConfig, type LoadOptions } from './load.ts';
import { watchConfig } from './reload.ts';

export interface LiveConfig {
  readonly current: Config;
  readonly warnings: LoadedConfig['warnings'];
  /** Reads the file again, as SIGHUP asks. */
  reload(): void;
  /** Calls back after every reload, with the error when the file is not used; watches the file until `signal`. */
  watch(onReload: (error: unknown) => void, signal: AbortSignal): void;
}

/** Reads the configuration; HOMER_CONFIG_INVALID when it is bad from the start. */
export function openConfig(home: string, options: LoadOptions): LiveConfig {
  const first = loadConfig(home, options);
  let current = first.config;
  let told: (error: unknown) => void = () => undefined;

  function reload(): void {
    try {
      current = loadConfig(home, options).config;
    } catch (error) {
      told(error);
      return;
    }
    told(null);
  }

  return {
    get current() {
      return current;
    },
    warnings: first.warnings,
    reload,
    watch(onReload, signal) {
      told = onReload;
      watchConfig(home, { ...options, since: first.digest }, reload, signal);
    },
  };
}
