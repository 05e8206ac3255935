// What a run may use: turns, tokens and money, of its job and of the day's budget.

import type { Usage } from './agent.ts';

/** Null: no limit. */
export interface Allowance {
  /** Calls of the model. */
  readonly turns: number | null;
  /** Input and output together. */
  readonly tokens: number | null;
  readonly costUsd: number | null;
}

export type Measure = keyof Allowance;

export const measures: readonly Measure[] = ['turns', 'tokens', 'costUsd'];

export const noAllowance: Allowance = { turns: null, tokens: null, costUsd: null };

/** What was used of a measure; null: unknown, which is never 0. */
export function usedOf(usage: Usage, measure: Measure): number | null {
  if (measure === 'turns') return usage.turns ?? null;
  if (measure === 'costUsd') return usage.costUsd;
  // What is known of one of the two is at least that much.
  const { inputTokens, outputTokens } = usage;
  return inputTokens === null && outputTokens === null ? null : (inputTokens ?? 0) + (outputTokens ?? 0);
}

/** More than any run has used, and few enough that a ledger can add them up. */
const mostCounted = 1e12;
const mostSpent = 1e9;

/**
 * What an agent says of its usage, as far as that can be: counts are whole, nothing is below 0 or beyond all measure. What
 * cannot be is unknown.
 */
export function believable({ inputTokens, outputTokens, costUsd, turns }: Usage): Usage {
  const count = (value: number | null): number | null =>
    value !== null && Number.isInteger(value) && value >= 0 && value <= mostCounted ? value : null;
  const money = costUsd !== null && costUsd >= 0 && costUsd <= mostSpent ? costUsd : null;
  return {
    inputTokens: count(inputTokens),
    outputTokens: count(outputTokens),
    costUsd: money,
    ...(turns === undefined ? {} : { turns: count(turns) }),
  };
}

/** The usage of a run after further news of it: what is not told again, or cannot be, stays as it was. */
export function withNews(known: Usage, told: Usage): Usage {
  const news = believable(told);
  const turns = news.turns ?? known.turns;
  return {
    inputTokens: news.inputTokens ?? known.inputTokens,
    outputTokens: news.outputTokens ?? known.outputTokens,
    costUsd: news.costUsd ?? known.costUsd,
    ...(turns === undefined ? {} : { turns }),
  };
}

/** The first measure of which more was used than is allowed; null: none. */
export function passedMeasure(usage: Usage, allowance: Allowance): Measure | null {
  return measures.find((measure) => (usedOf(usage, measure) ?? 0) > (allowance[measure] ?? Infinity)) ?? null;
}

/** The narrower of two allowances, measure by measure. */
export function narrower(one: Allowance, other: Allowance): Allowance {
  const least = (a: number | null, b: number | null): number | null =>
    a === null ? b : b === null ? a : Math.min(a, b);
  return {
    turns: least(one.turns, other.turns),
    tokens: least(one.tokens, other.tokens),
    costUsd: least(one.costUsd, other.costUsd),
  };
}

/** What is left of an allowance after earlier usage; never below 0. What is unknown of it takes nothing away. */
export function leftOf(allowance: Allowance, earlier: readonly Usage[]): Allowance {
  const left = (measure: Measure): number | null => {
    const limit = allowance[measure];
    if (limit === null) return null;
    return Math.max(0, limit - earlier.reduce((sum, usage) => sum + (usedOf(usage, measure) ?? 0), 0));
  };
  return { turns: left('turns'), tokens: left('tokens'), costUsd: left('costUsd') };
}

/** The first measure of which nothing is left; null: there is some of each. */
export function spentMeasure(left: Allowance): Measure | null {
  return measures.find((measure) => left[measure] !== null && left[measure] <= 0) ?? null;
}

/** "3 turns", "1 token", "$0.5". */
export function amount(measure: Measure, value: number): string {
  if (measure === 'costUsd') return `$${Number(value.toFixed(4))}`;
  return `${value} ${value === 1 ? measure.slice(0, -1) : measure}`;
}
