// A line of the daemon's log for people; nothing in it can steer a terminal, and what does not show is spelt out.

import type { LogLevel, LogLine } from '../lifecycle/log-line.ts';
import { visible } from './format.ts';
import type { Palette } from './terminal.ts';

const longest = 400;

/** `2026-11-25 21:04:05.123 warn  the message  key=value`, in local time. */
export function drawLogLine({ at, level, message, fields }: LogLine, palette: Palette): string {
  const paint: Readonly<Record<LogLevel, (text: string) => string>> = {
    ...{ debug: palette.dim, info: palette.live, warn: palette.needs, error: palette.bad },
  };
  const time = at === null ? ''.padEnd(23) : localTime(new Date(at));
  const rest = Object.entries(fields).map(([key, value]) =>
    palette.dim(`${onOneLine(key)}=${valueText(value)}`),
  );
  return [palette.dim(time), paint[level](level.padEnd(5)), onOneLine(message), ...rest].join(' ').trimEnd();
}

function valueText(value: unknown): string {
  // Of an error what happened; its stack is in --json.
  if (typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string')
    return valueText(value.message);
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const shown = onOneLine(text.length > longest ? `${text.slice(0, longest)}…` : text);
  return typeof value === 'string' && /[\s"=]/.test(shown)
    ? JSON.stringify(shown).replaceAll('\\\\', '\\')
    : shown;
}

function onOneLine(text: string): string {
  return visible(text).replaceAll('\n', '\\n');
}

function localTime(time: Date): string {
  const digits = (value: number, length = 2): string => String(value).padStart(length, '0');
  const date = `${time.getFullYear()}-${digits(time.getMonth() + 1)}-${digits(time.getDate())}`;
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map((each) => digits(each)).join(':');
  return `${date} ${clock}.${digits(time.getMilliseconds(), 3)}`;
}
