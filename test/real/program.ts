// A started program whose output can be waited for.

import { spawn } from 'node:child_process';

export interface Program {
  readonly pid: number;
  /** What came so far. */
  readonly output: string;
  readonly errorOutput: string;
  /** Resolves when either output holds the text; rejects when the program ends without. */
  says(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  /** Null: ended by a signal. */
  readonly code: number | null;
  readonly output: string;
  readonly errorOutput: string;
  /** From the start to the end, ms. */
  readonly tookMs: number;
}

/** Standard input is empty. The environment is exactly `env`. */
export function startProgram(
  argv: readonly [string, ...string[]],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Program {
  const [file, ...args] = argv;
  const since = performance.now();
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errorOutput = '';
  const waiting = new Set<() => boolean>();
  const look = (): void => {
    for (const isDone of waiting) if (isDone()) waiting.delete(isDone);
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errorOutput += text;
    look();
  });
  let isOver = false;
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      isOver = true;
      look();
      resolve({ code, output, errorOutput, tookMs: Math.round(performance.now() - since) });
    });
  });
  return {
    pid: child.pid ?? -1,
    get output() {
      return output;
    },
    get errorOutput() {
      return errorOutput;
    },
    says: (text) =>
      new Promise((resolve, reject) => {
        waiting.add(() => {
          const found = output.includes(text) || errorOutput.includes(text);
          if (found) resolve();
          else if (isOver)
            reject(new Error(`It ended without "${text}". It said:\n${output}\n${errorOutput}`));
          return found || isOver;
        });
        look();
      }),
    signal: (name) => void child.kill(name),
    ended,
  };
}
