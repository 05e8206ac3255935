// Looks at the machine: what keeps processes together, whether it can be kept awake, room on the disk, the state directory.

import { lstatSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { Config } from '../config/config.ts';
import { messageOf } from '../core/errors.ts';
import { keepAwakeCommand } from '../lifecycle/keep-awake.ts';
import { askProgram } from './ask-program.ts';
import { type DoctorReport, finding, type Finding } from './report.ts';

const gibibyte = 1024 ** 3;
/** Below this a day's journals and backups may not fit. */
const littleRoom = gibibyte;
const noRoom = 100 * 1024 * 1024;
const askMs = 5_000;

const levels: Readonly<Record<DoctorReport['isolation'], string>> = {
  bwrap: 'bwrap: each run has a PID namespace, nothing it starts outlives it.',
  unshare:
    'unshare: each run has a PID namespace, nothing it starts outlives it; a sandbox needs bubblewrap.',
  sweep: 'sweep: what a run starts is ended by its group and its marker; what hides from both can escape.',
};

const allow =
  'Bubblewrap is installed, but this system lets it make no namespaces: allow them (for a container: docs/containers.md).';

/** What holds agents here, in plain words. */
export function containmentFindings(
  isolation: DoctorReport['isolation'],
  config: Config | null,
  hasBubblewrap: boolean,
): Finding[] {
  const about = 'containment';
  const open = Object.entries(config?.executors ?? {})
    .filter(([, executor]) => executor.configured && executor.sandbox === 'workspace')
    .map(([name]) => name);
  const act = 'can act as you: read and write what you can, and use Homer with your token';
  const text =
    open.length === 0
      ? `No executor has a sandbox, so an agent ${act}.`
      : `An agent without a sandbox ${act}; in one are: ${open.join(', ')}.`;
  const step = isolation === 'bwrap' ? '`sandbox: workspace` of an executor in config.yaml holds it.' : null;
  const isLoose = isolation === 'sweep';
  const install =
    isLoose && process.platform === 'linux' ? (hasBubblewrap ? allow : 'Install bubblewrap.') : null;
  return [
    finding(about, isLoose ? 'note' : 'ok', levels[isolation], install),
    finding(about, 'note', text, step),
  ];
}

/** Whether the machine can be kept from sleeping while runs live. */
export async function awakeFinding(
  config: Config | null,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Finding> {
  const about = 'awake';
  if (config?.keepAwake === false) return finding(about, 'ok', 'Turned off by `keepAwake: false`.');
  const command = keepAwakeCommand(process.platform, process.pid, 'true');
  // caffeinate would wait for our end.
  const question = command?.[0] === 'caffeinate' ? (['which', 'caffeinate'] as const) : command;
  const said = question === null ? null : await askProgram(question, env, askMs);
  if (said?.code === 0) return finding(about, 'ok', 'The machine is kept from idle sleep while runs live.');
  const why = said?.errorOutput.trim().split('\n', 1)[0] ?? '';
  const because = why === '' ? '' : ` (${why})`;
  return finding(about, 'note', `The machine cannot be kept from sleeping here${because}.`);
}

/** Room where the state directory is or would be. */
export async function diskFinding(home: string): Promise<Finding> {
  const about = 'disk';
  let place = home;
  while (statSync(place, { throwIfNoEntry: false }) === undefined && place !== dirname(place))
    place = dirname(place);
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  const text = `${(free / gibibyte).toFixed(1)} GiB free in ${place}.`;
  if (free < noRoom) return finding(about, 'problem', text, 'Make room: without it no job is accepted.');
  return free < littleRoom ? finding(about, 'note', text, 'Make room soon.') : finding(about, 'ok', text);
}

/** Whether the state directory and the token in it are for their owner only. */
export function homeFinding(home: string): Finding {
  const about = 'home';
  const found = statSync(home, { throwIfNoEntry: false });
  if (found === undefined)
    return finding(about, 'ok', `${home} does not exist yet; the first start makes it.`);
  const problem = (text: string, step: string): Finding => finding(about, 'problem', text, step);
  if (!found.isDirectory())
    return problem(`${home} is not a directory.`, 'Move it away, or choose another --home.');
  const user = process.getuid?.();
  if (user !== undefined && found.uid !== user)
    return problem(`${home} belongs to user ${found.uid}, you are ${user}.`, 'Run Homer as its owner.');
  for (const [path, mode] of [
    [home, 0o700],
    [join(home, 'token'), 0o600],
  ] as const) {
    const entry = lstatSync(path, { throwIfNoEntry: false });
    if (entry !== undefined && (entry.mode & 0o077) !== 0)
      return problem(`Other users can get at ${path}.`, `chmod ${mode.toString(8)} ${path}`);
  }
  return finding(about, 'ok', `${home} is yours alone.`);
}

/** Whether the port is free; only asked when no daemon has it. */
export function portFinding(port: number): Promise<Finding> {
  const about = 'port';
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) =>
      resolve(
        finding(
          about,
          'problem',
          `Port ${port} cannot be used: ${messageOf(error)}.`,
          'Stop the program that listens there, or set `port` in config.yaml.',
        ),
      ),
    );
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () =>
      server.close(() => resolve(finding(about, 'ok', `Port ${port} is free.`))),
    );
  });
}
