// Tells when config.yaml was edited. A bad edit is told as an error; keeping the last good one is the caller's part.

import { watch } from 'node:fs';
import { configFile } from './document.ts';
import { configDigest, loadConfig } from './load.ts';
import type { LoadedConfig, LoadOptions } from './load.ts';

export type ConfigChange =
  { readonly ok: true; readonly loaded: LoadedConfig } | { readonly ok: false; readonly error: unknown };

/** Editors write in several steps; a change is read once the file was left alone for this long. */
const settleMs = 100;

/**
 * Watches the directory, not the file, since most editors put a new file in its place. Calls `onChange` with the new
 * configuration, or with the error (HOMER_CONFIG_INVALID, or that of a watch that broke), once per text: a rewrite of
 * the same text is no change. `since` is the digest of the configuration in use, so that an edit made before the watch
 * began is not lost. A link's target is not watched; SIGHUP is for that. Ends with `signal`.
 */
export function watchConfig(
  home: string,
  options: LoadOptions & { readonly since: string },
  onChange: (change: ConfigChange) => void,
  signal: AbortSignal,
): void {
  if (signal.aborted) return;
  let known = options.since;
  let timer: NodeJS.Timeout | undefined;
  const check = (): void => {
    if (signal.aborted) return;
    const now = configDigest(home);
    if (now === known) return;
    known = now;
    onChange(read(home, options));
  };
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(check, settleMs);
  };
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  const watcher = watch(home, { signal, persistent: false }, (_event, name) => {
    if (name === null || name === configFile) soon();
  });
  watcher.on('error', (error) => onChange({ ok: false, error }));
  soon();
}

function read(home: string, options: LoadOptions): ConfigChange {
  try {
    return { ok: true, loaded: loadConfig(home, options) };
  } catch (error) {
    return { ok: false, error };
  }
}
