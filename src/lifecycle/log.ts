// The daemon's log: JSON lines on standard error, so that whoever started it decides where they go.

import { pino } from 'pino';

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** What is held while the log cannot be written. */
const heldBytes = 2 ** 20;

const levels: ReadonlySet<string> = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']);

/** Values under these keys are never written, whatever they are. */
const secretKeys =
  /"(authorization|proxy-authorization|cookie|set-cookie|password|passwd|secret|token|api_?key)":"(?:[^"\\]|\\.)*"/gi;

/**
 * `level` as HOMER_LOG has it; one that is not known counts as `info`. Written synchronously: a crash loses no line.
 * `redact` takes known secrets out of each line.
 */
export function createLog(level: string | undefined, redact: (line: string) => string = (line) => line): Log {
  const out = pino.destination({ dest: 2, sync: true, maxLength: heldBytes });
  // A log that cannot be written, as on a full disk, must not end the daemon; lines are held for a while, then dropped.
  out.on('error', () => undefined);
  const logger = pino(
    {
      level: level !== undefined && levels.has(level) ? level : 'info',
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
      hooks: { streamWrite: (line) => redact(line.replace(secretKeys, '"$1":"[redacted]"')) },
    },
    out,
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}
