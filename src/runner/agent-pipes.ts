// Real pipes for an agent. Node gives children socket pairs, and a program that opens /dev/stdout, /dev/stderr or
// /dev/stdin (`echo oops > /dev/stderr` in a shell script) then fails with ENXIO: sockets cannot be opened by path.
// Node has no pipe(2), so they are named pipes that lose their names at once.

import { spawnSync } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';

/** Named after the ends of the runner. */
export interface AgentPipes {
  readonly input: Socket;
  readonly output: Socket;
  readonly errorOutput: Socket;
  /** The ends for the child: its descriptors 0, 1 and 2. */
  readonly childEnds: readonly [number, number, number];
  /** `pipe:[inode]` of the two output pipes, as /proc shows them: who has one open belongs to the agent. */
  readonly outputNames: readonly string[];
  /** Closes the child's ends here, once the child has them. */
  handedOver(): void;
}

const names = ['stdin.pipe', 'stdout.pipe', 'stderr.pipe'] as const;

/** Makes the three pipes in the current directory, where nothing is left of them. Throws as the system does. */
export function openAgentPipes(): AgentPipes {
  for (const name of names) rmSync(name, { force: true });
  const made = spawnSync('mkfifo', ['-m', '600', ...names], { encoding: 'utf8' });
  if (made.error !== undefined) throw made.error;
  if (made.status !== 0) {
    const full = /No space left|quota exceeded/i.test(made.stderr);
    throw Object.assign(new Error(made.stderr.trim()), full ? { code: 'ENOSPC' } : {});
  }
  try {
    const [input, output, errorOutput] = [openPipe(names[0]), openPipe(names[1]), openPipe(names[2])];
    const childEnds = [input.read, output.write, errorOutput.write] as const;
    return {
      input: new Socket({ fd: input.write, readable: false, writable: true }),
      output: new Socket({ fd: output.read, readable: true, writable: false }),
      errorOutput: new Socket({ fd: errorOutput.read, readable: true, writable: false }),
      childEnds: [...childEnds],
      outputNames: [output.read, errorOutput.read].map((fd) => `pipe:[${fstatSync(fd).ino}]`),
      handedOver() {
        for (const fd of childEnds) closeSync(fd);
      },
    };
  } finally {
    for (const name of names) rmSync(name, { force: true });
  }
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
