// What every command is given.

import type { RunAccess } from './run-access.ts';
import type { Terminal } from './terminal.ts';

export interface Context {
  /** Absolute path of the state directory; it may not exist. */
  readonly home: string;
  /** Inside a run: what it asks its daemon with. null outside, and when a state directory was named. */
  readonly run: RunAccess | null;
  /** One JSON document on standard output instead of text for people. */
  readonly json: boolean;
  readonly terminal: Terminal;
  readonly version: string;
}

/** Prints the document with --json, else the lines. */
export function report(context: Context, document: unknown, lines: readonly string[]): void {
  if (context.json) context.terminal.print(JSON.stringify(document, null, 2));
  else for (const line of lines) context.terminal.print(line);
}
