// What holds agents here, in plain words, and whether the machine stays awake for them.

import { keepAwakeCommand } from '../../lifecycle/keep-awake.ts';
import { findProgram } from '../../runner/program.ts';
import { askProgram } from '../ask-program.ts';
import type { Check } from '../check.ts';
import { type DoctorReport, note, ok, problem } from '../report.ts';

const about = 'containment';
const askMs = 2_000;

const levels: Readonly<Record<DoctorReport['isolation'], string>> = {
  bwrap: 'bwrap: each run has a PID namespace, nothing it starts outlives it.',
  unshare:
    'unshare: each run has a PID namespace, nothing it starts outlives it; a sandbox needs bubblewrap.',
  sweep: 'sweep: what a run starts is ended by its group and its marker; what hides from both can escape.',
};

const allow =
  'Bubblewrap is installed, but this system lets it make no namespaces: allow them (for a container: docs/containers.md).';

export const containmentChecks: readonly Check[] = [
  {
    id: 'containment',
    about,
    severity: 'note',
    security: true,
    why: 'What a run starts must end with it; how surely it does depends on what the system allows.',
    look({ isolation, env, platform }) {
      if (isolation !== 'sweep') return ok(levels[isolation]);
      const hasBubblewrap = 'path' in findProgram('bwrap', env['PATH'], '/');
      const install = hasBubblewrap ? allow : { command: 'sudo apt-get install bubblewrap' };
      return note(levels.sweep, platform === 'linux' ? install : null);
    },
  },
  {
    id: 'sandbox',
    about,
    severity: 'problem',
    security: true,
    why: 'A sandbox is what keeps an agent from your files; where one is asked for and cannot be had, its jobs fail.',
    look({ config, isolation }) {
      const agents = Object.entries(config?.executors ?? {}).filter(
        ([, { configured, kind }]) => configured && kind !== 'command',
      );
      const held = Object.entries(config?.executors ?? {})
        .filter(([, { configured, sandbox }]) => configured && sandbox === 'workspace')
        .map(([name]) => name);
      if (held.length > 0 && isolation !== 'bwrap')
        return problem(`A sandbox cannot be had here, so jobs of ${held.join(', ')} fail.`, {
          command: 'sudo apt-get install bubblewrap',
        });
      if (agents.length > 0 && agents.every(([, { sandbox }]) => sandbox === 'workspace'))
        return ok(`Each configured agent works in a sandbox: ${held.join(', ')}.`);
      const act = 'can act as you: read and write what you can, and use Homer with your token';
      const step =
        isolation === 'bwrap' ? '`sandbox: workspace` of an executor in config.yaml holds it.' : null;
      return held.length === 0
        ? note(`No executor has a sandbox, so an agent ${act}.`, step)
        : note(`An agent without a sandbox ${act}; in one are: ${held.join(', ')}.`, step);
    },
  },
  {
    id: 'awake',
    about: 'awake',
    severity: 'note',
    why: 'A machine that falls asleep stops its agents in the middle of their work.',
    async look({ config, env, platform }) {
      if (config?.keepAwake === false) return ok('Turned off by `keepAwake: false`.');
      const command = keepAwakeCommand(platform, process.pid, 'true');
      // caffeinate would wait for our end.
      const question = command?.[0] === 'caffeinate' ? (['which', 'caffeinate'] as const) : command;
      const said = question === null ? null : await askProgram(question, env, askMs);
      if (said?.code === 0) return ok('The machine is kept from idle sleep while runs live.');
      const why = said?.errorOutput.trim().split('\n', 1)[0] ?? '';
      const because = why === '' ? '' : ` (${why})`;
      return note(`The machine cannot be kept from sleeping here${because}.`);
    },
  },
];
