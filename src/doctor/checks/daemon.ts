// The daemon as a process: the lock, the port, the program it runs from, and what it says of itself.

import { existsSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { loggable } from '../../core/loggable.ts';
import { directoryIdentity } from '../../lifecycle/lock.ts';
import { findPortHolder } from '../../lifecycle/port-holder.ts';
import { isStopped } from '../../lifecycle/process-identity.ts';
import { isRecordAlive } from '../../lifecycle/record.ts';
import { hasOpen, readProcesses } from '../../runner/process-table.ts';
import { findProgram } from '../../runner/program.ts';
import type { Check } from '../check.ts';
import { readText } from '../files.ts';
import { note, ok, problem } from '../report.ts';

const about = 'daemon';
/** What Homer is written for: it needs node:sqlite, type stripping and what was mended in both. */
const leastNode = '24.16.0';

export const daemonChecks: readonly Check[] = [
  {
    id: 'node-version',
    about: 'node',
    severity: 'problem',
    why: 'Homer uses what older ones do not have; `./homer` brings the right one, other ways to start it do not.',
    look({ nodeVersion }) {
      if (!isBelow(nodeVersion, leastNode)) return ok(`Node ${nodeVersion}.`);
      return problem(
        `This is Node ${nodeVersion}; ${leastNode} or newer is needed.`,
        'Start Homer with ./homer, which brings one.',
      );
    },
  },
  {
    id: 'daemon-running',
    about,
    severity: 'problem',
    why: 'Without it nothing runs, no chat is answered and no schedule fires.',
    look({ home, isRunning, record, daemon }) {
      if (!isRunning) return note('Homer is not running.', { command: 'homer start' });
      if (record !== null && isStopped(record.pid))
        return problem(`Homer (process ${record.pid}) was stopped with a signal and does nothing.`, {
          command: `kill -CONT ${record.pid}`,
        });
      if (daemon === null) return note('Homer was not asked: a run may not.');
      if (daemon.silence !== null) return problem(daemon.silence.text, daemon.silence.step);
      const ledger = existsSync(join(home, 'homer.db')) ? ' and reads its ledger' : '';
      return ok(
        `Homer ${daemon.version ?? ''} holds the lock (process ${record?.pid ?? '?'}), answers on 127.0.0.1:${record?.port ?? '?'}${ledger}.`,
      );
    },
  },
  {
    id: 'daemon-version',
    about,
    severity: 'problem',
    why: 'A daemon goes on with what it was started from: what you installed since is not at work.',
    look({ daemon, version }) {
      const runs = daemon?.version ?? null;
      if (runs === null) return null;
      if (runs === version) return ok(`It runs this version, ${version}.`);
      return problem(`It runs version ${runs}, this is ${version}.`, { command: 'homer restart' });
    },
  },
  {
    id: 'daemon-program',
    about,
    severity: 'problem',
    why: 'A daemon whose Node was replaced or removed looks well until it has to start a run, which it cannot.',
    look({ isRunning, record, root, platform }) {
      if (!isRunning || record === null || platform !== 'linux') return null;
      const program = linkOf(join(root, 'proc', String(record.pid), 'exe'));
      if (program === null) return null;
      if (!program.endsWith(' (deleted)')) return ok(`It runs from ${program}.`);
      return problem(`The Node that it runs from is gone: ${program.slice(0, -' (deleted)'.length)}.`, {
        command: 'homer restart',
      });
    },
  },
  {
    id: 'daemon-problems',
    about,
    severity: 'problem',
    why: 'What the daemon has in trouble it says with the step that mends it.',
    look({ daemon }) {
      if (daemon === null || daemon.version === null) return null;
      // Each of these has a check of its own here.
      const others = daemon.problems.filter(
        ({ code }) => code !== 'HOMER_CONFIG_INVALID' && code !== 'HOMER_HELD',
      );
      return others.length === 0
        ? ok('It has nothing in trouble.')
        : others.map(({ message, hint }) => problem(/[.!?]$/.test(message) ? message : `${message}.`, hint));
    },
  },
  {
    id: 'lock',
    about: 'lock',
    severity: 'problem',
    why: 'The lock is the only proof of who runs; whoever holds it and is not found keeps Homer from starting.',
    look({ lock, record, home }) {
      if (!existsSync(home)) return null;
      if (lock === 'unknown')
        return note(
          'Whether the state directory is locked cannot be told here.',
          'Ask on the machine itself: `homer status`.',
        );
      if (lock === 'free') return ok('Nobody holds it.');
      if (record !== null && isRecordAlive(record)) return ok(`Process ${record.pid} holds it.`);
      const holder = holderOf(home);
      if (holder === null || /\bserve\b/.test(holder.command))
        return ok('A Homer holds it; it is starting, or cannot be seen from here.');
      return problem(
        `Process ${holder.pid} (${holder.command}) holds the lock and is no Homer.`,
        `End it if you can do without it: \`kill ${holder.pid}\`.`,
      );
    },
  },
  {
    id: 'lock-program',
    about: 'lock',
    severity: 'problem',
    why: 'Homer takes the kernel’s lock with flock(1) of util-linux; without that it refuses to start.',
    look({ env, platform }) {
      if (platform !== 'linux') return null;
      const found = findProgram('flock', env['PATH'], '/');
      return 'path' in found
        ? ok(`${found.path} is there.`)
        : problem('The program flock is not on the PATH.', 'Install util-linux.');
    },
  },
  {
    id: 'port',
    about: 'port',
    severity: 'problem',
    why: 'Homer takes no other port by itself: whoever knows where it is must find it there, and nobody else.',
    async look({ config, isRunning }) {
      if (isRunning || config === null || config.port === 0) return null;
      const holder = await findPortHolder(config.port, '127.0.0.1');
      if (holder.kind === 'nobody') return ok(`Port ${config.port} is free.`);
      const who = holder.program ?? (holder.kind === 'homer' ? 'another Homer' : 'another program');
      return problem(
        `Port ${config.port} cannot be used: ${holder.kind === 'homer' ? 'a Homer with another state directory' : 'a program'} listens there (${who}).`,
        'Stop it, or set `port` in config.yaml.',
      );
    },
  },
  {
    id: 'root-user',
    about: 'user',
    severity: 'note',
    security: true,
    deep: true,
    why: 'What an agent may do is what its user may do; root may do everything.',
    look({ uid }) {
      if (uid === null) return null;
      return uid === 0
        ? note(
            'Homer runs as root, and so do the agents.',
            'Make a user for it: docs/containment.md says what holds agents otherwise.',
          )
        : ok('Homer does not run as root.');
    },
  },
];

/** Whoever has the directory open, which whoever holds its lock must. Of several the first: who they are is told to find them. */
function holderOf(home: string): { readonly pid: number; readonly command: string } | null {
  const files = [{ name: home, identity: directoryIdentity(home) }];
  const found = readProcesses().find(({ pid }) => pid !== process.pid && hasOpen(pid, files));
  if (found === undefined) return null;
  const words = readText('/proc', String(found.pid), 'cmdline')?.replaceAll('\0', ' ').trim();
  return { pid: found.pid, command: (loggable(words) ?? '').slice(0, 120) };
}

/** Pure. */
export function isBelow(version: string, least: string): boolean {
  const parts = (text: string): number[] => text.replace(/^v/, '').split('.').map(Number);
  const found = parts(version);
  for (const [index, wanted] of parts(least).entries()) {
    const difference = (found[index] ?? 0) - wanted;
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    // Gone, or another user's: nothing is known of it.
    return null;
  }
}
