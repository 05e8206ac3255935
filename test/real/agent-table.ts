// The table of docs/executors.md: what was seen of every agent, written by the test that saw it.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentName } from './agent-versions.ts';

/** The cases, in the order of the columns, and what each says of an agent. */
export const columns = {
  plain: 'plain turn',
  tool: 'turn with a tool',
  cancelStream: 'cancelled in mid-stream',
  cancelTool: 'cancelled in mid-tool',
  daemonKilled: 'daemon killed',
  agentKilled: 'agent killed in mid-tool',
  session: 'two turns at once',
  key: 'refused key',
  person: 'asks a person',
} as const;

export type Column = keyof typeof columns;

export interface AgentTable {
  /** `reason`: why the agent cannot; null: it was as it should be. */
  note(agent: AgentName, column: Column, reason: string | null, tookMs: number): void;
  /** Every case of the agent was seen. */
  isComplete(agent: AgentName): boolean;
  /** The lines of the table. */
  write(agents: readonly { readonly agent: AgentName; readonly version: string }[]): readonly string[];
  withoutTimes(lines: readonly string[]): readonly string[];
  /** What the page has between the markers. Throws without them. */
  readPage(): readonly string[];
  replaceInPage(lines: readonly string[]): void;
}

const page = join(import.meta.dirname, '../../docs/executors.md');
const between = /(<!-- table: every-agent -->\n)([^]*?)(\n<!-- \/table -->)/;
const names = Object.keys(columns) as readonly Column[];

export function createTable(): AgentTable {
  const cells = new Map<string, string>();
  const key = (agent: AgentName, column: Column): string => `${agent}/${column}`;
  return {
    note(agent, column, reason, tookMs) {
      cells.set(key(agent, column), reason ?? `ok ${(tookMs / 1000).toFixed(1)} s`);
    },
    isComplete: (agent) => names.every((column) => cells.has(key(agent, column))),
    write: (agents) => [
      row(['agent', 'version', ...names.map((column) => columns[column])]),
      row(['---', '---', ...names.map(() => '---')]),
      ...agents.map(({ agent, version }) =>
        row([agent, version, ...names.map((column) => cells.get(key(agent, column)) ?? '')]),
      ),
    ],
    withoutTimes: (lines) => lines.map((line) => line.replaceAll(/\bok \d+\.\d s/g, 'ok')),
    readPage() {
      const found = between.exec(readFileSync(page, 'utf8'))?.[2];
      if (found === undefined) throw new Error(`${page} has no markers for the table.`);
      return found.split('\n');
    },
    replaceInPage(lines) {
      const text = readFileSync(page, 'utf8');
      writeFileSync(
        page,
        text.replace(between, (_, start, __, end) => `${start}${lines.join('\n')}${end}`),
      );
    },
  };
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
