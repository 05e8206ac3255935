// Operations that look at the daemon's parts: runs, channels, its log, its ledger.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { TelegramDoor } from '../channels/door.ts';
import { HomerError } from '../core/errors.ts';
import { isRunId } from '../core/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { listOldLogs, logName } from '../lifecycle/log-file.ts';
import { isAtLeast, logLevels, parseLogLine, type LogLevel, type LogLine } from '../lifecycle/log-line.ts';
import { fromDigits } from './from-digits.ts';
import { runView, viewRun } from './job-view.ts';
import { defineOperation, type Operation } from './operation.ts';

export interface InsightOptions {
  readonly ledger: Ledger;
  /** Absolute path of the state directory. */
  readonly home: string;
  readonly telegram: TelegramDoor;
}

/** This much of the end of the log is looked at. */
const logBytes = 2 * 1024 * 1024;

const logLine = z.object({
  at: z.iso.datetime().nullable(),
  level: z.enum(logLevels),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()),
});

export function insightOperations({ ledger, home, telegram }: InsightOptions): readonly Operation[] {
  return [
    defineOperation({
      name: 'runs.get',
      input: z.strictObject({ id: z.string().refine(isRunId, 'is not the id of a run') }),
      output: z.object({ run: runView.extend({ jobId: z.string(), lane: z.string() }) }),
      async handle({ id }) {
        const run = ledger.claims.findRun(id);
        if (run === null) throw new HomerError('HOMER_RUN_UNKNOWN', `There is no run ${id}.`);
        return { output: { run: { ...viewRun(run), jobId: run.jobId, lane: run.lane } } };
      },
    }),
    defineOperation({
      name: 'channels.list',
      input: z.strictObject({}),
      output: z.object({
        channels: z.array(
          z.object({
            name: z.string(),
            state: z.enum(['off', 'connecting', 'connected', 'failing']),
            /** The name under which it is found there. */
            address: z.string().nullable(),
          }),
        ),
      }),
      async handle() {
        const { state, bot } = telegram.look();
        return {
          output: {
            channels: [
              { name: 'telegram', state, address: bot },
              { name: 'web', state: 'connected' as const, address: null },
            ],
          },
        };
      },
    }),
    defineOperation({
      name: 'logs.tail',
      input: z.strictObject({
        limit: z.preprocess(fromDigits, z.int().min(1).max(1_000)).default(200),
        level: z.enum(logLevels).default('debug'),
      }),
      output: z.object({
        /** Null: nothing was logged yet. */
        path: z.string().nullable(),
        lines: z.array(logLine),
      }),
      async handle({ limit, level }) {
        const lines = readNewest(home, limit, level);
        return { output: { path: lines === null ? null : join(home, 'logs', logName), lines: lines ?? [] } };
      },
    }),
  ];
}

/** The newest lines of the log that are weighty enough, oldest first; null: there is no log. */
function readNewest(home: string, limit: number, level: LogLevel): LogLine[] | null {
  const directory = join(home, 'logs');
  const paths = [join(directory, logName), ...listOldLogs(directory).toReversed()];
  let lines: LogLine[] | null = null;
  let left = logBytes;
  for (const path of paths) {
    const text: string | null = readEnd(path, left);
    if (text === null) continue;
    left -= text.length;
    const found = text
      .split('\n')
      .filter((line) => line !== '')
      .map(parseLogLine)
      .filter((line) => isAtLeast(line, level));
    lines = [...found, ...(lines ?? [])];
    if (left <= 0 || lines.length >= limit) break;
  }
  return lines === null ? null : lines.slice(-limit);
}

/** From the beginning of a line on; null: there is no such file. */
function readEnd(path: string, most: number): string | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    // Nothing was logged yet, or it went meanwhile.
    return null;
  }
  try {
    const { size } = fstatSync(descriptor);
    const length = Math.min(size, most);
    const bytes = Buffer.alloc(length);
    readSync(descriptor, bytes, 0, length, size - length);
    const text = bytes.toString('utf8');
    return length < size ? text.slice(text.indexOf('\n') + 1) : text;
  } finally {
    closeSync(descriptor);
  }
}
