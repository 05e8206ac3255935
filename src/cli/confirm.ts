// A question that is answered with yes or no, where somebody can answer.

import { createInterface } from 'node:readline/promises';
import type { Context } from './context.ts';

/** Anything but a yes is a no, and so is a terminal at which nobody sits. */
export async function confirm({ terminal, json }: Context, question: string): Promise<boolean> {
  if (json || !terminal.isInteractive || !process.stdin.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}
