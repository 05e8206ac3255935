// The daemon's log: that it is bounded, and what it has to tell.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { defaultLogLimits } from '../../core/log-limits.ts';
import { logName } from '../../lifecycle/log-file.ts';
import { isAtLeast, parseLogLine } from '../../lifecycle/log-line.ts';
import type { Check } from '../check.ts';
import { lookAt, namesIn, sizeText } from '../files.ts';
import { note, ok } from '../report.ts';

const about = 'logs';
const dayMs = 86_400_000;
/** This much of the end of the log is looked at. */
const endBytes = 512 * 1024;

export const logChecks: readonly Check[] = [
  {
    id: 'log-size',
    about,
    severity: 'note',
    why: 'Homer bounds its own log; what others put beside it grows on.',
    look({ home, config }) {
      const names = namesIn(home, 'logs');
      if (names.length === 0) return null;
      const bytes = names.reduce((sum, name) => sum + (lookAt(join(home, 'logs', name))?.size ?? 0), 0);
      const { maxBytes, keep } = config?.logs ?? defaultLogLimits;
      if (bytes <= maxBytes * (keep + 2)) return ok(`Logs take ${sizeText(bytes)}.`);
      return note(
        `Logs take ${sizeText(bytes)}, more than \`logs\` in config.yaml lets them.`,
        `Look into ${join(home, 'logs')} and remove what is not Homer’s.`,
      );
    },
  },
  {
    id: 'log-errors',
    about,
    severity: 'note',
    why: 'What went wrong and was gone over is often the first sign of what will not be.',
    look({ home, now }) {
      const text = readEnd(join(home, 'logs', logName));
      if (text === null) return null;
      const errors = text
        .split('\n')
        .filter((line) => line !== '')
        .map(parseLogLine)
        .filter((line) => line.at !== null && isAtLeast(line, 'error') && now - Date.parse(line.at) < dayMs);
      return errors.length === 0
        ? ok('No error was logged within a day.')
        : note(`Errors logged within a day: ${errors.length}.`, {
            command: 'homer logs --level error --since 24h',
          });
    },
  },
];

function readEnd(path: string): string | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    // Nothing was logged yet.
    return null;
  }
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, endBytes));
    readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    const text = bytes.toString('utf8');
    return bytes.length < size ? text.slice(text.indexOf('\n') + 1) : text;
  } finally {
    closeSync(fd);
  }
}
