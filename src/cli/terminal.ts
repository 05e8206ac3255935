// Where the command line writes: results to standard output, all else to standard error. Colours mean state and
// nothing else, and only a terminal gets them.

import type { WriteStream } from 'node:tty';
import { harmless } from './format.ts';

export interface Palette {
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly ok: (text: string) => string;
  /** A person is needed. */
  readonly needs: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly live: (text: string) => string;
}

export interface Terminal {
  /** Standard error is a terminal that a person looks at and that can move its cursor. */
  readonly isInteractive: boolean;
  /** Columns of standard output; null when it is not a terminal: then nothing is cut or coloured. */
  readonly columns: number | null;
  readonly palette: Palette;
  readonly errorPalette: Palette;
  /** A line of the result, on standard output. */
  readonly print: (line: string) => void;
  /** Text of an agent, on standard output: byte for byte into a pipe, harmless on a terminal. Ends with a line end. */
  printText(text: string): void;
  /** A line beside the result, on standard error. */
  readonly say: (line: string) => void;
  /** Resolves when both streams have taken everything. */
  flush(): Promise<void>;
}

function createPalette(hasColours: boolean): Palette {
  const paint =
    (open: number, close: number) =>
    (text: string): string =>
      hasColours ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    dim: paint(2, 22),
    bold: paint(1, 22),
    ok: paint(32, 39),
    needs: paint(33, 39),
    bad: paint(31, 39),
    live: paint(36, 39),
  };
}

/** https://no-color.org: any value but the empty one. */
function hasColours(stream: WriteStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** The streams of this process. A reader that goes away early (`homer jobs | head -1`) is no error. */
export function openTerminal(env: NodeJS.ProcessEnv): Terminal {
  const { stdout, stderr } = process;
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // EIO: the terminal was closed; the signal that says so (SIGHUP) is about to come.
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
  }
  return {
    isInteractive: stderr.isTTY && env['TERM'] !== 'dumb',
    columns: stdout.isTTY ? stdout.columns || 80 : null,
    palette: createPalette(hasColours(stdout, env)),
    errorPalette: createPalette(hasColours(stderr, env)),
    print: (line) => void stdout.write(`${line}\n`),
    printText: (text) => {
      const shown = stdout.isTTY ? harmless(text) : text;
      stdout.write(shown === '' || shown.endsWith('\n') ? shown : `${shown}\n`);
    },
    say: (line) => void stderr.write(`${line}\n`),
    flush: async () => {
      for (const stream of [stdout, stderr]) {
        // The callback comes with an error when the reader is gone: then there is nothing to wait for.
        if (!stream.destroyed) await new Promise<void>((resolve) => stream.write('', () => resolve()));
      }
    },
  };
}
