// Tells of changes in a directory, also on a system that has no watch left to give: inotify allows a user so many
// (max_user_instances, 128 by default, and max_user_watches; inotify(7)), and editors and builds use them up.

import { watch } from 'node:fs';

export interface DirectoryWatch {
  close(): void;
}

/** What the system says when it has no watch, or no descriptor for one; its ENOSPC is no full disk. */
const scarce: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOSPC', 'ENOMEM']);
/** Between two looks without a watch, ms. */
const lookEveryMs = 1_000;

/**
 * Calls `onChange` when something in the directory may have changed: with its name, or null when that is not known. Where the
 * system has no watch to give, it is called once a second instead, only until closed. `onFailed` is told when no change
 * can be seen any more. Throws as watch(2) does for a directory that cannot be watched, never for scarcity.
 */
export function watchDirectory(
  path: string,
  onChange: (name: string | null) => void,
  onFailed: (error: Error) => void,
): DirectoryWatch {
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const look = (): void => {
    if (!isClosed) timer ??= setInterval(() => onChange(null), lookEveryMs);
  };
  const close = (): void => {
    isClosed = true;
    clearInterval(timer);
  };
  try {
    const watcher = watch(path, (_, name) => onChange(name));
    watcher.on('error', (error) => {
      watcher.close();
      if (isScarce(error)) look();
      else onFailed(error);
    });
    return {
      close() {
        close();
        watcher.close();
      },
    };
  } catch (error) {
    if (!isScarce(error)) throw error;
    look();
    return { close };
  }
}

function isScarce(error: unknown): boolean {
  return scarce.has((error as NodeJS.ErrnoException).code);
}
