// Operations that look at the daemon's parts: runs, channels, its log.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { TelegramDoor } from '../channels/door.ts';
import { HomerError } from '../core/errors.ts';
import { isRunId } from '../core/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
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
/** As pino numbers them. */
const levels = { debug: 20, info: 30, warn: 40, error: 50 } as const;

const logLine = z.object({
  at: z.iso.datetime().nullable(),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()),
});

type LogLine = z.infer<typeof logLine>;

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
        level: z.enum(['debug', 'info', 'warn', 'error']).default('debug'),
      }),
      output: z.object({
        /** Null: this daemon writes to where it was started from, not into a file. */
        path: z.string().nullable(),
        lines: z.array(logLine),
      }),
      async handle({ limit, level }) {
        const path = join(home, 'logs', 'daemon.log');
        const text = readEnd(path, logBytes);
        if (text === null) return { output: { path: null, lines: [] } };
        const lines = text
          .split('\n')
          .filter((line) => line !== '')
          .map(readLine)
          .filter((line) => levels[line.level] >= levels[level]);
        return { output: { path, lines: lines.slice(-limit) } };
      },
    }),
  ];
}

/** From the beginning of a line on; null: there is no such file. */
function readEnd(path: string, most: number): string | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    // It was started in the foreground, or by a service that keeps its own log.
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

/** A line that is none of the log's own (a crash of Node writes such) is an error. */
function readLine(line: string): LogLine {
  try {
    const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
    const number = typeof level === 'number' ? level : levels.error;
    const name = (['error', 'warn', 'info'] as const).find((each) => number >= levels[each]) ?? 'debug';
    const at = typeof time === 'number' || typeof time === 'string' ? new Date(time) : null;
    const isTime = at !== null && !Number.isNaN(at.getTime());
    return {
      at: isTime ? at.toISOString() : null,
      level: name,
      message: typeof msg === 'string' ? msg : '',
      fields,
    };
  } catch {
    // As it stands.
    return { at: null, level: 'error', message: line.slice(0, 2_000), fields: {} };
  }
}
