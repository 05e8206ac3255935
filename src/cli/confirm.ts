// A question with a yes or a no.

import { createInterface } from 'node:readline/promises';
import type { Context } from './context.ts';

/** Asks where somebody can answer; anything but a yes is a no. */
export async function confirm({ terminal, json }: Context, question: string): Promise<boolean> {
  if (json || !terminal.isInteractive || !process.stdin.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}
