// Service units that start Homer: whether they still do, and whether they do it so that runs outlive a restart.

import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Check } from '../check.ts';
import { note, ok, problem, quoted, type Outcome } from '../report.ts';
import { findUnits, settingOf, spanOf, type Unit } from '../units.ts';

const about = 'service';
/** What systemd waits for unless a unit says otherwise (systemd-system.conf(5)). */
const stopMs = 90_000;
/** Beside the time that runs get: closing connections and the ledger. */
const closingMs = 15_000;

const reload = (unit: Unit): string =>
  unit.isUsers ? 'systemctl --user daemon-reload' : 'sudo systemctl daemon-reload';

export const serviceChecks: readonly Check[] = [
  {
    id: 'service-program',
    about,
    severity: 'problem',
    why: 'A unit whose program was moved or removed starts nothing after the next boot.',
    look(around) {
      const units = findUnits(around);
      if (units.length === 0) return null;
      const gone = units.flatMap((unit): Outcome[] => {
        const program = programOf(unit);
        if (program === null || existsSync(join(around.root, program))) return [];
        return [
          problem(
            `${unit.path} starts ${program}, which is not there.`,
            'Install the service anew: `homer service install`.',
          ),
        ];
      });
      return gone.length === 0
        ? ok(`Units that start Homer: ${units.map(({ path }) => path).join(', ')}.`)
        : gone;
    },
  },
  {
    id: 'service-kill-mode',
    about,
    severity: 'problem',
    why: 'With any other KillMode a restart of the service kills the runs, which are meant to go on and be taken over.',
    look(around) {
      const units = findUnits(around);
      if (units.length === 0) return null;
      const wrong = units.filter((unit) => settingOf(unit, 'KillMode') !== 'process');
      return wrong.length === 0
        ? ok('A restart of the service leaves runs alive.')
        : wrong.map((unit) =>
            problem(
              `${unit.path} has KillMode=${settingOf(unit, 'KillMode') ?? 'control-group'}.`,
              `Write KillMode=process there, then \`${reload(unit)}\`.`,
            ),
          );
    },
  },
  {
    id: 'service-stop-time',
    about,
    severity: 'problem',
    why: 'A unit that waits for less than runs are given to finish kills the daemon before it has handed them over.',
    look(around) {
      const units = findUnits(around);
      const { config } = around;
      if (units.length === 0 || config === null) return null;
      const needed = config.drain.timeoutMs + closingMs;
      const short = units.filter((unit) => {
        const written = settingOf(unit, 'TimeoutStopSec');
        return written !== 'infinity' && (spanOf(written ?? '') ?? stopMs) < needed;
      });
      return short.length === 0
        ? ok('The service waits until runs have finished or are handed over.')
        : short.map((unit) =>
            problem(
              `${unit.path} waits ${settingOf(unit, 'TimeoutStopSec') ?? '90s'} for the end; runs get ${config.drain.timeoutMs / 1000} s.`,
              `Write TimeoutStopSec=${Math.ceil(needed / 1000)} there, then \`${reload(unit)}\`.`,
            ),
          );
    },
  },
  {
    id: 'service-restart-loop',
    about,
    severity: 'problem',
    why: 'A Homer that is refused since another one runs would be started again and again.',
    look(around) {
      const units = findUnits(around).filter((unit) => (settingOf(unit, 'Restart') ?? 'no') !== 'no');
      if (units.length === 0) return null;
      const loops = units.filter((unit) => {
        const never = (settingOf(unit, 'RestartPreventExitStatus') ?? '').split(/\s+/);
        const standsBy = /--standby/.test(settingOf(unit, 'ExecStart') ?? '');
        return !never.includes('78') || !(standsBy || never.includes('75'));
      });
      return loops.length === 0
        ? ok('A Homer that is refused is not started again and again.')
        : loops.map((unit) =>
            problem(
              `${unit.path} restarts Homer after exit codes 75 and 78.`,
              `Write RestartPreventExitStatus=75 78 there, then \`${reload(unit)}\`.`,
            ),
          );
    },
  },
  {
    id: 'service-drift',
    about,
    severity: 'note',
    why: 'A unit that was written by an older Homer, or by hand, lacks what was learnt since.',
    look({ wantedUnits }) {
      if (wantedUnits.length === 0) return null;
      const other = wantedUnits.filter(({ written, wanted }) => written !== wanted);
      return other.length === 0
        ? ok('The service is installed as this Homer would install it.')
        : other.map(({ path }) =>
            note(`${path} is not what this Homer would write.`, { command: 'homer service install' }),
          );
    },
  },
  {
    id: 'service-twice',
    about,
    severity: 'note',
    why: 'Two services start two Homers, of which one waits for ever or fails at every boot.',
    look(around) {
      const units = findUnits(around);
      if (units.length === 0) return null;
      if (units.length === 1) return ok('One unit starts Homer.');
      return note(
        `Several units start a Homer: ${units.map(({ path }) => path).join(', ')}.`,
        'Keep one, unless each has a --home of its own.',
      );
    },
  },
  {
    id: 'linger',
    about,
    severity: 'problem',
    why: 'A user’s service ends when its user logs out, and begins only when they log in.',
    look(around) {
      const { root, env, userHome } = around;
      if (!findUnits(around).some(({ isUsers }) => isUsers)) return null;
      const user = env['USER'] ?? env['LOGNAME'] ?? userHome.slice(userHome.lastIndexOf('/') + 1);
      return existsSync(join(root, 'var/lib/systemd/linger', user))
        ? ok('The service goes on when you log out.')
        : problem(`The service of ${user} ends when ${user} logs out.`, {
            command: `loginctl enable-linger ${quoted(user)}`,
          });
    },
  },
  {
    id: 'homer-twice',
    about: 'install',
    severity: 'note',
    why: 'With two of them the one that you call may be another than the one that runs.',
    look({ env }) {
      const paths = (env['PATH'] ?? '').split(delimiter).filter((directory) => directory.startsWith('/'));
      const found = new Map<string, string>();
      for (const directory of paths) {
        const real = realOf(join(directory, 'homer'));
        if (real !== null && !found.has(real)) found.set(real, join(directory, 'homer'));
      }
      if (found.size === 0) return null;
      if (found.size === 1) return ok(`One homer is on the PATH: ${[...found.values()].join()}.`);
      return note(
        `Several are on the PATH: ${[...found.values()].join(', ')}.`,
        'Remove those that you do not use.',
      );
    },
  },
];

/** The first absolute word of ExecStart, without systemd's own signs before it. */
function programOf(unit: Unit): string | null {
  const [first = ''] = (settingOf(unit, 'ExecStart') ?? '').replace(/^[@\-:+!]+/, '').split(/\s+/);
  return first.startsWith('/') ? first : null;
}

function realOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    // Not there.
    return null;
  }
}
