// Real pipes for an agent. Node gives children socket pairs, and a program that opens /dev/stdout, /dev/stderr or
// /dev/stdin (`echo oops > /dev/stderr` in a shell script) then fails with ENXIO: sockets cannot be opened by path.
// Node has no pipe(2), so they are named pipes that lose their names at once.

import { spawnSync } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import type { OpenFile } from './process-table.ts';

/** Named after the ends of the runner. */
export interface AgentPipes {
  /** Null when all of the input was given at the start. */
  readonly input: Socket | null;
  readonly output: Socket;
  readonly errorOutput: Socket;
  /** The ends for the child: its descriptors 0, 1 and 2. */
  readonly childEnds: readonly [number, number, number];
  /** The two output pipes: who has one open belongs to the agent. */
  readonly outputFiles: readonly OpenFile[];
  /** Closes the child's ends here, once the child has them. */
  handedOver(): void;
}

const names = { input: 'stdin.pipe', output: 'stdout.pipe', errorOutput: 'stderr.pipe' } as const;
const everyName = Object.values(names);

/**
 * Makes the pipes in the current directory, where nothing is left of them. Input that is known as a whole comes from a
 * file: whoever opens /dev/stdin of a named pipe that nobody writes to any more would wait for ever. Throws as the system does.
 */
export function openAgentPipes(wholeInput: string | null): AgentPipes {
  removeNames();
  const fifos = wholeInput === null ? everyName : [names.output, names.errorOutput];
  const made = spawnSync('mkfifo', ['-m', '600', ...fifos], { encoding: 'utf8' });
  if (made.error !== undefined) throw made.error;
  if (made.status !== 0) {
    const full = /No space left|quota exceeded/i.test(made.stderr);
    throw Object.assign(new Error(made.stderr.trim()), full ? { code: 'ENOSPC' } : {});
  }
  try {
    const input = wholeInput === null ? openPipe(names.input) : { read: openWhole(wholeInput), write: null };
    const output = openPipe(names.output);
    const errorOutput = openPipe(names.errorOutput);
    const childEnds = [input.read, output.write, errorOutput.write] as const;
    return {
      input: input.write === null ? null : new Socket({ fd: input.write, readable: false, writable: true }),
      output: new Socket({ fd: output.read, readable: true, writable: false }),
      errorOutput: new Socket({ fd: errorOutput.read, readable: true, writable: false }),
      childEnds,
      outputFiles: [openFile(names.output, output.read), openFile(names.errorOutput, errorOutput.read)],
      handedOver() {
        for (const fd of childEnds) closeSync(fd);
      },
    };
  } finally {
    removeNames();
  }
}

function removeNames(): void {
  for (const name of everyName) rmSync(name, { force: true });
}

function openWhole(text: string): number {
  if (text === '') return openSync('/dev/null', 'r');
  writeFileSync(names.input, text, { mode: 0o600 });
  return openSync(names.input, 'r');
}

function openPipe(name: string): { readonly read: number; readonly write: number } {
  // Open for both, it waits for nobody (fifo(7)); so do the ends that are opened while it is there.
  const both = openSync(name, constants.O_RDWR);
  try {
    return { read: openSync(name, constants.O_RDONLY), write: openSync(name, constants.O_WRONLY) };
  } finally {
    closeSync(both);
  }
}

function openFile(name: string, fd: number): OpenFile {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return { name, identity: `${dev}:${ino}` };
}

/** Hands on what comes; resolves when no more will. */
export function readAll(socket: Socket, onBytes: (bytes: Buffer) => void): Promise<void> {
  return new Promise((resolve) => {
    socket.on('data', onBytes);
    // A read error ends the stream as its end does; what came before counts.
    socket.on('error', () => resolve());
    socket.once('end', resolve);
    socket.once('close', () => resolve());
  });
}
