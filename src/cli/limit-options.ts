// The options of `homer run` that say what a job may use, and with whom it goes on at a usage limit.

import { InvalidArgumentError, type Command } from 'commander';

export interface LimitOptions {
  readonly maxTurns?: number;
  readonly maxTokens?: number;
  /** US dollars. */
  readonly maxCost?: number;
  readonly fallback?: readonly string[];
}

export function addLimitOptions(command: Command): Command {
  return command
    .option('--max-turns <count>', 'fail when it has called the model more often', parseWhole)
    .option('--max-tokens <count>', 'fail when it has used more, input and output together', parseWhole)
    .option('--max-cost <usd>', 'fail when it has cost more US dollars', parseMoney)
    .option('--fallback <names>', 'go on with these when the agent is at a usage limit: a,b', parseNames);
}

/** As they are asked for over HTTP. */
export function limitsOf({ maxTurns, maxTokens, maxCost, fallback }: LimitOptions): {
  readonly maxTurns: number | undefined;
  readonly maxTokens: number | undefined;
  readonly maxCostUsd: number | undefined;
  readonly fallback: readonly string[] | undefined;
} {
  return { maxTurns, maxTokens, maxCostUsd: maxCost, fallback };
}

function parseWhole(text: string): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return value;
}

function parseMoney(text: string): number {
  const value = /^\d{1,6}(?:\.\d{1,6})?$/.test(text) ? Number(text) : 0;
  if (value <= 0) throw new InvalidArgumentError('It must be a sum such as 2 or 0.50, in US dollars.');
  return value;
}

/** An empty list: with nobody, whatever is configured. */
function parseNames(text: string): readonly string[] {
  return text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}
