// What lies in `outbox/` of a workspace: a run puts there what its person is to have. Of a run on another host, what stayed there is noted
// beside the run's other files until it was told.

import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import {
  isLeftName,
  isStayingFile,
  type LeftFile,
  outboxName,
  type StayingFile,
} from '../core/left-files.ts';
import { fileNames } from './files.ts';
import { readPlainFile } from './plain-file.ts';
import { writeFileWhole } from './records.ts';

const mostStayedBytes = 256 * 1024;

/** Its absolute path; null where there is none, or a link in its place that leads elsewhere. */
export function outboxOf(workspace: string): string | null {
  const outbox = join(workspace, outboxName);
  try {
    return realpathSync(outbox) === join(realpathSync(workspace), outboxName) ? outbox : null;
  } catch {
    // There is no outbox, which is how most runs leave it.
    return null;
  }
}

/** The regular files in it that hold something, by name; none where it cannot be read. */
export function readOutbox(workspace: string): readonly LeftFile[] {
  const outbox = outboxOf(workspace);
  if (outbox === null) return [];
  try {
    return readdirSync(outbox)
      .filter(isLeftName)
      .sort()
      .flatMap((name) => {
        const stat = lstatSync(join(outbox, name), { throwIfNoEntry: false });
        if (stat?.isFile() !== true || stat.size === 0) return [];
        return [{ name, size: stat.size, mtimeMs: Math.trunc(stat.mtimeMs) }];
      });
  } catch {
    // Taken away meanwhile, or closed to us: nobody can be sent what nobody can read.
    return [];
  }
}

/** Throws as the file system does. */
export function writeStayed(directory: string, staying: readonly StayingFile[]): void {
  writeFileWhole(join(directory, fileNames.stayed), JSON.stringify(staying));
}

/** Empty for a run of which nothing is noted. */
export function readStayed(directory: string): readonly StayingFile[] {
  try {
    const value: unknown = JSON.parse(
      readPlainFile(join(directory, fileNames.stayed), mostStayedBytes) ?? '[]',
    );
    return Array.isArray(value) ? value.filter(isStayingFile) : [];
  } catch {
    // Not whole, or cannot be read: what is told of a file is not worth the files themselves.
    return [];
  }
}
