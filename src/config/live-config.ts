// The configuration in use while the daemon runs: taken over when the file is edited, kept when an edit is bad.

import { join } from 'node:path';
import type { Config } from './config.ts';
import { replaceFile } from './change.ts';
import { configFile, readConfigText } from './document.ts';
import { digestOf, loadConfig, loadConfigText, type LoadedConfig, type LoadOptions } from './load.ts';
import { watchConfig } from './reload.ts';
import { awaitingRestart } from './restart.ts';

export interface LiveConfig {
  readonly current: Config;
  readonly warnings: LoadedConfig['warnings'];
  /** Keys of `current` that are in force from the next start only. */
  readonly awaitingRestart: readonly string[];
  /** Reads the file again, as SIGHUP asks. */
  reload(): void;
  /** The file as it is now, and its digest. HOMER_CONFIG_INVALID when it cannot be read. */
  read(): { readonly text: string | null; readonly digest: string };
  /** What would be in force with this text. Throws HOMER_CONFIG_INVALID. */
  check(text: string): LoadedConfig;
  /** Puts the text into the file; resolves when it is on disk and in force, but for what waits for a restart. Throws HOMER_CONFIG_INVALID before anything is written. */
  write(text: string): Promise<LoadedConfig>;
  /**
   * Calls back after every reload, with the error when the file is not used; watches the file until `signal`. What it
   * returns resolves when every part has taken what is new, and does not reject.
   */
  watch(onReload: (error: unknown) => Promise<void>, signal: AbortSignal): void;
}

/** Reads the configuration; HOMER_CONFIG_INVALID when it is bad from the start. */
export function openConfig(home: string, options: LoadOptions): LiveConfig {
  const first = loadConfig(home, options);
  let current = first.config;
  let told: (error: unknown) => Promise<void> = () => Promise.resolve();
  let taken: Promise<void> = Promise.resolve();

  function reload(): void {
    try {
      current = loadConfig(home, options).config;
    } catch (error) {
      taken = told(error);
      return;
    }
    taken = told(null);
  }

  const path = join(home, configFile);
  const check = (text: string): LoadedConfig =>
    loadConfigText({ text, problems: [], warnings: [] }, path, options);

  return {
    read() {
      const { text, problems } = readConfigText(home);
      if (problems.length > 0) loadConfig(home, options);
      return { text, digest: digestOf(text) };
    },
    check,
    async write(text) {
      const loaded = check(text);
      replaceFile(path, text);
      reload();
      await taken;
      return loaded;
    },
    get current() {
      return current;
    },
    warnings: first.warnings,
    get awaitingRestart() {
      return awaitingRestart(first.config, current);
    },
    reload,
    watch(onReload, signal) {
      told = onReload;
      watchConfig(home, { ...options, since: first.digest }, reload, signal);
    },
  };
}
