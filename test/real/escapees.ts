// Children that leave their parent in every way there is, found again by an argument that nothing else has.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pidsOf } from './room-processes.ts';

export interface Escapees {
  /** For the tool of an agent: starts them, makes the file `up` when all are there, and goes on for ever. */
  readonly command: string;
  readonly count: number;
  alive(): readonly number[];
}

let made = 0;

/**
 * One in a session of its own, one whose parents are gone, one without its environment; none holds an output open. With
 * `farthest` one more that is all of this at once. In a script in `cwd`: some agents look into a command and refuse parts of it.
 */
export function escapees(cwd: string, { farthest = true } = {}): Escapees {
  made += 1;
  // Nobody else sleeps for so long, to the microsecond.
  const sleep = `/bin/sleep 98765.${process.pid}${made}`;
  const quiet = '</dev/null >/dev/null 2>&1';
  const starts = [
    `setsid ${sleep} ${quiet} &`,
    `(sh -c '${sleep} ${quiet} &')`,
    `env -i ${sleep} ${quiet} &`,
    ...(farthest ? [`(env -i /usr/bin/setsid /bin/sh -c '${sleep} ${quiet} &')`] : []),
  ];
  const lines = [
    ...starts,
    `until [ $(ps -eo args | grep -c '^${sleep}$') -ge ${starts.length} ]; do /bin/sleep 0.05; done`,
    'touch up',
    'exec tail -f /dev/null',
  ];
  writeFileSync(join(cwd, 'leave.sh'), `${lines.join('\n')}\n`);
  return {
    command: 'sh leave.sh',
    count: starts.length,
    alive: () => pidsOf(sleep),
  };
}
