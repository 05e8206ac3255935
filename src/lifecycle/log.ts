// The daemon's log: JSON lines into its state directory, and on standard error for whoever started it in the foreground.

import { join } from 'node:path';
import { pino } from 'pino';
import type { LogLimits } from '../core/log-limits.ts';
import { LogFile } from './log-file.ts';
import { spelt } from './log-line.ts';

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** What is held while the log cannot be written. */
const heldBytes = 2 ** 20;
export interface LogOptions {
  /** As HOMER_LOG has it; one that is not known counts as `info`. */
  readonly level: string | undefined;
  /** Takes known secrets out of each line. */
  readonly redact?: (line: string) => string;
  /** Absent: lines go to standard error only. */
  readonly file?: {
    /** The state directory. */
    readonly home: string;
    readonly limits: () => LogLimits;
    /** Standard error leads nowhere that a person looks. */
    readonly alone: boolean;
  };
}

const levels: ReadonlySet<string> = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']);

/** Values under these keys are never written, whatever they are. */
const secretKeys =
  /"(authorization|proxy-authorization|cookie|set-cookie|password|passwd|secret|token|api_?key)":"(?:[^"\\]|\\.)*"/gi;
/** Written synchronously: a crash loses no line. */
export function createLog({ level, redact = (line) => line, file }: LogOptions): Log {
  const stderr =
    file?.alone === true ? null : pino.destination({ dest: 2, sync: true, maxLength: heldBytes });
  // A log that cannot be written, as on a full disk, must not end the daemon; lines are held for a while, then dropped.
  stderr?.on('error', () => undefined);
  const kept = file === undefined ? null : new LogFile(join(file.home, 'logs'), file.limits);
  const write = (line: string): void => {
    kept?.write(line);
    stderr?.write(line);
  };
  const logger = pino(
    {
      level: level !== undefined && levels.has(level) ? level : 'info',
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
      hooks: { streamWrite: (line) => spelt(redact(line.replace(secretKeys, '"$1":"[redacted]"'))) },
    },
    { write },
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}
