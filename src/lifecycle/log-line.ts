// A line of the daemon's log, as a value. Pure.

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

export interface LogLine {
  /** ISO 8601, UTC; null when it does not say. */
  readonly at: string | null;
  readonly level: LogLevel;
  readonly message: string;
  /** All else that stands in it. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const longest = 2_000;

/** A line that is none of the log's own (a crash of Node writes such) is an error, as it stands. */
export function parseLogLine(line: string): LogLine {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return asItStands(line);
    const { time, level, msg, ...fields } = value as Record<string, unknown>;
    const at = typeof time === 'number' || typeof time === 'string' ? new Date(time) : null;
    return {
      at: at === null || Number.isNaN(at.getTime()) ? null : at.toISOString(),
      level: levelOf(level),
      message: typeof msg === 'string' ? msg : '',
      fields,
    };
  } catch {
    // Not JSON.
    return asItStands(line);
  }
}

/** Whether a line is as weighty as that, or more. */
export function isAtLeast({ level }: LogLine, least: LogLevel): boolean {
  return logLevels.indexOf(level) >= logLevels.indexOf(least);
}

/** Homer writes words; pino's own numbers count, too. */
function levelOf(level: unknown): LogLevel {
  const word = logLevels.find((each) => each === level);
  if (word !== undefined) return word;
  if (level === 'trace') return 'debug';
  if (typeof level === 'number')
    return level >= 50 ? 'error' : level >= 40 ? 'warn' : level >= 30 ? 'info' : 'debug';
  return 'error';
}

function asItStands(line: string): LogLine {
  return { at: null, level: 'error', message: line.slice(0, longest), fields: {} };
}

/** What JSON lets stand and a terminal would act upon, or a person would not see: C1 controls, and signs that turn the direction of writing. */
const unseen = /[\u007f-\u009f\u2028\u2029]|\p{Cf}/gu;

/** The same JSON with everything spelt out in it that does not show. */
export function spelt(line: string): string {
  return line.replace(unseen, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
