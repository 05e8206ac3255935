// What a group of commands is declared with: one file per group, what a command does in a file of its own.

import { type Command, InvalidArgumentError } from 'commander';
import { parseSpan } from '../../core/span.ts';
import type { Context } from '../context.ts';

/** Resolves with the exit code. */
export type Act = (context: Context) => Promise<number>;

export interface Declaration {
  /** A command with its examples; `usage` is its name and arguments as commander writes them. */
  readonly add: (usage: string, summary: string) => Command;
  /** Runs what `load` brings in; commands are loaded only when they are called. */
  readonly act: (load: () => Promise<Act>) => Promise<void>;
}

/** For options that take a number of things to show. */
export function parseCount(text: string): number {
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > 500) throw new InvalidArgumentError('It must be a number from 1 to 500.');
  return value;
}

/** For options that take a span of time; milliseconds. */
export function parseTime(text: string): number {
  const ms = parseSpan(text);
  if (ms === null) throw new InvalidArgumentError('It must be a time such as 90s, 30m or 2h.');
  return ms;
}
