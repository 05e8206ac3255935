// What the machine gives: room, memory, descriptors, watches, namespaces, and a first process that looks after orphans.

import { statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Around, Check } from '../check.ts';
import { gibibyte, mebibyte, namesIn, readNumber, readText, sizeText } from '../files.ts';
import { note, ok, problem, type Outcome } from '../report.ts';

/** Below this a day's journals and backups may not fit. */
const littleRoom = gibibyte;
const noRoom = 100 * mebibyte;
/** Node, a runner and a small agent. */
const littleMemory = 400 * mebibyte;
const manyZombies = 20;
const fewDescriptors = 1_024;
const fewWatches = 8_192;

const linux = ({ platform }: Around): boolean => platform === 'linux';

export const machineChecks: readonly Check[] = [
  {
    id: 'disk-space',
    about: 'disk',
    severity: 'problem',
    why: 'On a full disk nothing new is accepted, and runs wait until there is room.',
    async look({ home }) {
      const place = nearest(home);
      const { bavail, bsize } = await statfs(place);
      return roomOutcome(bavail * bsize, place);
    },
  },
  {
    id: 'disk-inodes',
    about: 'disk',
    severity: 'problem',
    why: 'A disk can have room and no more files: each run needs about ten.',
    async look({ home }) {
      const { files, ffree } = await statfs(nearest(home));
      return inodeOutcome(files, ffree);
    },
  },
  {
    id: 'memory',
    about: 'memory',
    severity: 'note',
    why: 'An agent that finds no memory is killed by the system, in the middle of its work.',
    look(around) {
      const info = memoryOf(around);
      if (info === null) return null;
      const { available, swap } = info;
      if (available >= littleMemory) return ok(`${sizeText(available)} of memory are free.`);
      const free = swap > 0 ? `, and ${sizeText(swap)} of swap` : ', and there is no swap';
      return note(
        `Only ${sizeText(available)} of memory are free${free}.`,
        'Lower `lanes.NAME.concurrency`, or add memory or swap.',
      );
    },
  },
  {
    id: 'memory-kills',
    about: 'memory',
    severity: 'note',
    why: 'What the system killed for want of memory looks like a crash of the agent, and will again.',
    look(around) {
      if (!linux(around)) return null;
      const kills = Number(/^oom_kill (\d+)$/m.exec(readText(around.root, 'proc/vmstat') ?? '')?.[1] ?? 0);
      if (kills === 0) return ok('The system has killed nothing for want of memory.');
      return note(
        `Since its start the system has killed ${kills} processes for want of memory.`,
        'Set `memoryMb` of the executors, or lower `concurrency`.',
      );
    },
  },
  {
    id: 'descriptors',
    about: 'limits',
    severity: 'problem',
    why: 'Each run and each connection takes a few descriptors; a daemon without any refuses everybody.',
    look(around) {
      const { root, record, isRunning } = around;
      const pid = isRunning && record !== null ? String(record.pid) : 'self';
      const most = Number(
        /^Max open files\s+(\d+)/m.exec(readText(root, 'proc', pid, 'limits') ?? '')?.[1] ?? NaN,
      );
      if (Number.isNaN(most)) return null;
      const used = isRunning ? namesIn(root, 'proc', pid, 'fd').length : 0;
      if (used > 0.8 * most)
        return problem(`Homer has ${used} of its ${most} descriptors in use.`, { command: 'homer restart' });
      if (most < fewDescriptors)
        return note(
          `Homer may have ${most} open files.`,
          'Raise the limit: `ulimit -n 4096` before the start, LimitNOFILE= of a unit.',
        );
      return ok(`Homer may have ${most} open files.`);
    },
  },
  {
    id: 'watches',
    about: 'limits',
    severity: 'note',
    why: 'Without a watch an edit of config.yaml or of a skill is noticed at the next start only.',
    look(around) {
      if (!linux(around)) return null;
      const watches = readNumber(around.root, 'proc/sys/fs/inotify/max_user_watches');
      const instances = readNumber(around.root, 'proc/sys/fs/inotify/max_user_instances');
      if (watches === null || instances === null) return null;
      if (watches >= fewWatches && instances >= 16) return ok(`Files can be watched (${watches} at a time).`);
      return note(`This system lets you watch ${watches} files in ${instances} places.`, {
        command: 'sudo sysctl fs.inotify.max_user_watches=65536 fs.inotify.max_user_instances=128',
      });
    },
  },
  {
    id: 'namespaces',
    about: 'containment',
    severity: 'note',
    security: true,
    why: 'Without namespaces of its own what a run starts is found by its group and its mark only, and a sandbox cannot be had.',
    look(around) {
      if (!linux(around)) return null;
      const most = readNumber(around.root, 'proc/sys/user/max_user_namespaces');
      const clone = readNumber(around.root, 'proc/sys/kernel/unprivileged_userns_clone');
      const armour = readNumber(around.root, 'proc/sys/kernel/apparmor_restrict_unprivileged_userns');
      if (most === 0)
        return note('This system allows no user namespaces.', {
          command: 'sudo sysctl user.max_user_namespaces=15000',
        });
      if (clone === 0)
        return note('This system allows user namespaces to root only.', {
          command: 'sudo sysctl kernel.unprivileged_userns_clone=1',
        });
      if (armour === 1 && around.isolation === 'sweep')
        return note(
          'AppArmor keeps programs from making user namespaces.',
          'Allow it to bwrap with a profile, see docs/containment.md.',
        );
      return ok('The system allows user namespaces.');
    },
  },
  {
    id: 'zombies',
    about: 'init',
    severity: 'note',
    why: 'A first process that collects nobody lets what agents leave behind fill the table of processes.',
    look(around) {
      if (!linux(around)) return null;
      const states = namesIn(around.root, 'proc')
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => readText(around.root, 'proc', pid, 'stat') ?? '')
        .filter((stat) => stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z'));
      if (states.length <= manyZombies) return ok('Processes that ended are collected.');
      const first = readText(around.root, 'proc/1/comm')?.trim() ?? 'the first process';
      return note(
        `${states.length} processes have ended and are not collected by ${first}.`,
        'In a container start Homer with an init: `docker run --init`.',
      );
    },
  },
  {
    id: 'container-init',
    about: 'init',
    severity: 'note',
    why: 'As the first process of a container Homer would have to collect the orphans of others, and loses signals while it starts.',
    look(around) {
      if (!linux(around) || !isContainer(around)) return null;
      const { record, isRunning } = around;
      const first = readText(around.root, 'proc/1/comm')?.trim() ?? '';
      const isHomer = (isRunning && record?.pid === 1) || /^(node|MainThread|homer)$/.test(first);
      return isHomer
        ? note(
            'Homer is the first process of this container.',
            'Start it with an init: `docker run --init`, or `init: true` in compose.',
          )
        : ok(`${first} is the first process of this container.`);
    },
  },
];

/** Pure. */
export function roomOutcome(free: number, place: string): Outcome {
  const text = `${(free / gibibyte).toFixed(1)} GiB free in ${place}.`;
  if (free < noRoom) return problem(text, 'Make room: without it no job is accepted.');
  return free < littleRoom ? note(text, 'Make room soon.') : ok(text);
}

/** Pure; some file systems (btrfs) have no such number and say 0. */
export function inodeOutcome(files: number, free: number): Outcome {
  if (files === 0) return ok('This file system does not count its files.');
  const text = `Room for ${free} more files.`;
  if (free < 1_000) return problem(text, 'Remove files; `homer cleanup` removes what is over its time.');
  return free < 20_000 && free / files < 0.05 ? note(text, 'Remove files soon.') : ok(text);
}

export function nearest(path: string): string {
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
  return isThere || path === dirname(path) ? path : nearest(dirname(path));
}

function memoryOf({ root }: Around): { readonly available: number; readonly swap: number } | null {
  const info = readText(root, 'proc/meminfo');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(info ?? '')?.[1] ?? NaN) * 1024;
  const available = field('MemAvailable');
  if (Number.isNaN(available)) return null;
  const swap = field('SwapFree');
  return { available, swap: Number.isNaN(swap) ? 0 : swap };
}

function isContainer({ root }: Around): boolean {
  const marks = ['.dockerenv', 'run/.containerenv'].some(
    (name) => statSync(`${root}/${name}`, { throwIfNoEntry: false }) !== undefined,
  );
  return marks || /^container=/m.test((readText(root, 'proc/1/environ') ?? '').replaceAll('\0', '\n'));
}
