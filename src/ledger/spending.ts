// What runs used, by the day on which they ended: written in the commit that settles them, and read inside the commit
// that would claim the next.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Usage } from '../core/agent.ts';
import { isCanary } from '../core/canary.ts';
import { passedMeasure, usedOf, type Allowance, type Measure } from '../core/allowance.ts';
import {
  decideClosed,
  isClosedByUnknown,
  leftOfBudgets,
  nothingSpent,
  type Budget,
  type Spent,
} from '../core/budget.ts';
import { dayOf, nextDayAt } from '../core/day.ts';
import type { RunId } from '../core/ids.ts';
import type { Row } from './job-record.ts';

/** The budgets as configured now; null or left out: none. */
export interface Budgets {
  readonly lanes: Readonly<Record<string, { readonly budget?: Budget | null }>>;
  /** Of all lanes together. */
  readonly budget?: Budget | null;
}

/** A lane that starts nothing more today. */
export interface Closed {
  /** When the next day begins, ms since the epoch. */
  readonly until: number;
  /** For people: "lane work: $5 of $5 a day are used". */
  readonly why: string;
  /** A run ended of which nobody knows what it used, and the budget refuses that. */
  readonly byUnknown: boolean;
}

export interface SpendingRow extends Spent {
  readonly lane: string;
  readonly executor: string;
}

/** A budget that applies today, with what was used of it. */
export interface BudgetUse {
  /** For people: "lane work" or "all lanes". */
  readonly of: string;
  /** Null: of all lanes. */
  readonly lane: string | null;
  readonly budget: Budget;
  /** What live runs have used so far included. */
  readonly spent: Spent;
}

export interface LiveUsage {
  readonly lane: string;
  readonly usage: Usage;
}

const sums = `coalesce(sum(runs), 0) AS runs, coalesce(sum(turns), 0) AS turns, coalesce(sum(tokens), 0) AS tokens,
  coalesce(sum(cost_usd), 0) AS cost_usd, coalesce(sum(unknown_turns), 0) AS unknown_turns,
  coalesce(sum(unknown_tokens), 0) AS unknown_tokens, coalesce(sum(unknown_cost), 0) AS unknown_cost`;

export class Spending {
  readonly #budgets: () => Budgets;
  readonly #add: StatementSync;
  readonly #ofDay: StatementSync;
  readonly #ofLane: StatementSync;
  readonly #rows: StatementSync;
  /** What runs that have not ended are known to have used; told by those who follow them. */
  readonly #live = new Map<RunId, LiveUsage>();

  constructor(database: DatabaseSync, budgets: () => Budgets) {
    this.#budgets = budgets;
    this.#add = database.prepare(`INSERT INTO spending (day, lane, executor, runs, turns, tokens, cost_usd,
      unknown_turns, unknown_tokens, unknown_cost) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (day, lane, executor) DO UPDATE SET runs = runs + 1, turns = turns + excluded.turns,
      tokens = tokens + excluded.tokens, cost_usd = cost_usd + excluded.cost_usd,
      unknown_turns = unknown_turns + excluded.unknown_turns,
      unknown_tokens = unknown_tokens + excluded.unknown_tokens,
      unknown_cost = unknown_cost + excluded.unknown_cost`);
    this.#ofDay = database.prepare(`SELECT ${sums} FROM spending WHERE day = ?`);
    this.#ofLane = database.prepare(`SELECT ${sums} FROM spending WHERE day = ? AND lane = ?`);
    this.#rows = database.prepare('SELECT * FROM spending WHERE day = ? ORDER BY lane, executor');
  }

  /** Writes what an agent used; inside the transaction that settles its run. */
  add(run: { readonly lane: string; readonly executor: string }, usage: Usage, now: number): void {
    if (isCanary(run.lane)) return;
    const values = (['turns', 'tokens', 'costUsd'] as const).map((measure) => usedOf(usage, measure));
    const known = values.map((value) => value ?? 0);
    const unknown = values.map((value) => (value === null ? 1 : 0));
    this.#add.run(dayOf(now), run.lane, run.executor, ...known, ...unknown);
  }

  /** What a run that goes on has used so far. */
  noteLive(runId: RunId, lane: string, usage: Usage): void {
    this.#live.set(runId, { lane, usage });
  }

  /** The run has ended or is no longer followed. */
  forgetLive(runId: RunId): void {
    this.#live.delete(runId);
  }

  /** Settled on the day ("2026-03-01"), in its lanes and by its executors. */
  rows(day: string): SpendingRow[] {
    return this.#rows
      .all(day)
      .map((row) => ({ lane: String(row['lane']), executor: String(row['executor']), ...spentFromRow(row) }));
  }

  /** Settled today, in the lane; null: in all lanes. */
  today(lane: string | null, now: number): Spent {
    const day = dayOf(now);
    const row = lane === null ? this.#ofDay.get(day) : this.#ofLane.get(day, lane);
    return row === undefined ? nothingSpent : spentFromRow(row);
  }

  /** Null while the lane may start jobs. */
  closed(lane: string, now: number): Closed | null {
    for (const use of this.#applying(lane, now)) {
      const closed = closedBy(use, now);
      if (closed !== null) return closed;
    }
    return null;
  }

  /**
   * Null while what runs in the lane may go on. Of a budget that is used up to the last bit nothing more is started, but
   * only what passes it is ended.
   */
  passed(lane: string, now: number): Closed | null {
    const use = this.#applying(lane, now).find(
      ({ budget, spent }) => passedMeasure(usageOf(spent), budget) !== null,
    );
    return use === undefined ? null : closedBy(use, now);
  }

  /** Every budget of today, the lanes' in the order of the configuration, then that of all. */
  budgets(now: number): BudgetUse[] {
    const { lanes, budget = null } = this.#budgets();
    return [
      ...Object.entries(lanes).flatMap(([lane, limits]) => this.#use(lane, limits.budget ?? null, now)),
      ...this.#use(null, budget, now),
    ];
  }

  /** What runs that go on have used so far, each with its lane. */
  live(): readonly (LiveUsage & { readonly runId: RunId })[] {
    return [...this.#live].map(([runId, live]) => ({ runId, ...live }));
  }

  /** What a run that starts now in the lane may use of the day's budgets; null: there is none. */
  allowance(lane: string, now: number): (Allowance & { readonly of: string; readonly until: number }) | null {
    const applying = this.#applying(lane, now);
    if (applying.length === 0) return null;
    const of = applying.map((each) => each.of).join(' or of ');
    return { ...leftOfBudgets(applying), of, until: nextDayAt(now) };
  }

  /** The budgets of a lane with what was spent of each, settled and live. */
  #applying(lane: string, now: number): BudgetUse[] {
    // It costs nothing, and is to tell whether work gets through, not whether it may.
    if (isCanary(lane)) return [];
    const { lanes, budget = null } = this.#budgets();
    const ofLane = Object.hasOwn(lanes, lane) ? (lanes[lane]?.budget ?? null) : null;
    return [...this.#use(lane, ofLane, now), ...this.#use(null, budget, now)];
  }

  #use(lane: string | null, budget: Budget | null, now: number): BudgetUse[] {
    if (budget === null) return [];
    const of = lane === null ? 'all lanes' : `lane ${lane}`;
    return [{ of, lane, budget, spent: this.#soFar(lane, now) }];
  }

  #soFar(lane: string | null, now: number): Spent {
    const settled = this.today(lane, now);
    const live = [...this.#live.values()].filter((run) => lane === null || run.lane === lane);
    const more = (measure: Measure): number =>
      live.reduce((sum, { usage }) => sum + (usedOf(usage, measure) ?? 0), 0);
    return {
      ...settled,
      turns: settled.turns + more('turns'),
      tokens: settled.tokens + more('tokens'),
      costUsd: settled.costUsd + more('costUsd'),
    };
  }
}

function closedBy({ of, budget, spent }: BudgetUse, now: number): Closed | null {
  const why = decideClosed(budget, spent);
  if (why === null) return null;
  return { until: nextDayAt(now), why: `${of}: ${why}`, byUnknown: isClosedByUnknown(budget, spent) };
}

function usageOf({ turns, tokens, costUsd }: Spent): Usage {
  return { turns, inputTokens: tokens, outputTokens: null, costUsd };
}

function spentFromRow(row: Row): Spent {
  return {
    runs: Number(row['runs']),
    turns: Number(row['turns']),
    tokens: Number(row['tokens']),
    costUsd: Number(row['cost_usd']),
    unknownTurns: Number(row['unknown_turns']),
    unknownTokens: Number(row['unknown_tokens']),
    unknownCost: Number(row['unknown_cost']),
  };
}
