// Whether a directory lies in a git repository, without asking git: what a repository says must not be run at intake.

import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** True when the directory or one above it has a `.git`: a directory that git would take, or (in a worktree or submodule) a file. */
export function isInRepository(directory: string): boolean {
  for (let place = directory; ; place = dirname(place)) {
    const found = join(place, '.git');
    if (existsSync(join(found, 'HEAD')) || statSync(found, { throwIfNoEntry: false })?.isFile() === true)
      return true;
    if (place === dirname(place)) return false;
  }
}
