// Waiting for what the file system tells, never for time.

import { existsSync, readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Resolves when `sees` is true; it is asked now and whenever something changes in one of the directories. */
export function until(directories: readonly string[], sees: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const watchers = directories.map((directory) => watch(directory, look));
    function look(): void {
      try {
        if (!sees()) return;
        for (const watcher of watchers) watcher.close();
        resolve();
      } catch (error) {
        for (const watcher of watchers) watcher.close();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    }
    look();
  });
}

export function linesOf(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

/** Resolves when a file has this many whole lines. */
export function untilLines(path: string, count: number): Promise<void> {
  return until([dirname(path)], () => linesOf(path).length >= count);
}
