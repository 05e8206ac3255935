// Single keys on a terminal, for as long as somebody is asked something. The terminal is its own again in between.

import { readFileSync } from 'node:fs';
import type { ReadStream } from 'node:tty';

export interface AnswerKeys {
  /** From now on each key goes to `onKey`, until `stop` or the next `listen`. */
  listen(onKey: (key: string) => void): void;
  /** Twice does no harm. */
  stop(): void;
}

/** What the terminal would do itself if it did not hand on every key. */
const signals: Readonly<Record<string, NodeJS.Signals>> = {
  '\u0003': 'SIGINT',
  '\u001a': 'SIGTSTP',
  '\u001c': 'SIGQUIT',
};

/** Null when nobody can press a key: standard input is no terminal, or belongs to another program just now. */
export function openAnswerKeys(stdin: ReadStream): AnswerKeys | null {
  if (!stdin.isTTY || !isInForeground()) return null;
  let listener: ((key: string) => void) | null = null;
  const onData = (chunk: Buffer): void => {
    const text = chunk.toString('utf8');
    for (const character of text) {
      const signal = signals[character];
      if (signal === undefined) continue;
      stdin.setRawMode(false);
      // To all of the group, as the terminal has it; after SIGTSTP this returns when we are continued.
      process.kill(0, signal);
      if (listener !== null) stdin.setRawMode(true);
      return;
    }
    // Several at once were pasted, or are one key that sends a sequence: neither is an answer.
    if (text.length === 1) listener?.(text);
  };
  return {
    listen(onKey) {
      if (listener === null) {
        stdin.setRawMode(true);
        stdin.on('data', onData);
        stdin.resume();
      }
      listener = onKey;
    },
    stop() {
      if (listener === null) return;
      listener = null;
      stdin.off('data', onData);
      stdin.pause();
      stdin.setRawMode(false);
    },
  };
}

/** A program in the background is stopped by the kernel when it touches the terminal (proc_pid_stat(5): pgrp and tpgid). */
function isInForeground(): boolean {
  if (process.platform !== 'linux') return true;
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const [, , group, , , ofTerminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group === ofTerminal;
}
