// The state directory: that it is there, is its owner's alone, lies on a file system that keeps promises, and is tidy.

import { chmodSync, existsSync, mkdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { homeDirectories } from '../../config/home.ts';
import { isRecordAlive, removeRecord } from '../../lifecycle/record.ts';
import type { Around, Check } from '../check.ts';
import { lookAt, namesIn } from '../files.ts';
import { note, ok, problem, quoted } from '../report.ts';

const about = 'home';

/** File systems by the magic number of statfs(2): those whose locks or whose fsync other machines have a say in. */
const network: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0xff534d42: 'SMB',
  0xfe534d42: 'SMB',
  0x517b: 'SMB',
  0x01021997: '9p',
  0x00c36400: 'Ceph',
  0x5346414f: 'AFS',
};
const inMemory: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** Files whose readers could act as Homer, or read what was said to it. */
const privateFiles = [
  'token',
  'config.yaml',
  'homer.db',
  'homer.db-wal',
  'homer.db-shm',
  'daemon.json',
] as const;

/** What Homer writes there; of all else only its owner knows for whom it is. */
const ownFiles = {
  backups: /^(?:homer|replaced-|before-migration-|saved-).*\.db(?:-wal|\.age)?$/,
  logs: /^(?:daemon(?:\.\d+)?|start)\.log$/,
} as const;

export const homeChecks: readonly Check[] = [
  {
    id: 'home-directory',
    about,
    severity: 'problem',
    security: true,
    why: 'Everything that Homer knows is there; as another user’s, or as a file, it cannot be used.',
    look({ home, uid }) {
      const found = statSync(home, { throwIfNoEntry: false });
      if (found === undefined) return ok(`${home} does not exist yet; the first start makes it.`);
      if (!found.isDirectory())
        return problem(`${home} is not a directory.`, 'Move it away, or choose another --home.');
      if (uid !== null && found.uid !== uid)
        return problem(`${home} belongs to user ${found.uid}, you are ${uid}.`, 'Run Homer as its owner.');
      return ok(`${home} is yours.`);
    },
  },
  {
    id: 'home-modes',
    about,
    severity: 'problem',
    security: true,
    why: 'Whoever can read the token may do all that you may; whoever can write there decides what Homer runs.',
    look(around) {
      const open = openPaths(around);
      if (open.length === 0) return existsSync(around.home) ? ok('What is in it is for you alone.') : null;
      return open.map(({ path, mode }) =>
        problem(`Other users can get at ${path}.`, { command: `chmod ${mode} ${quoted(path)}` }),
      );
    },
    mend: (around) =>
      openPaths(around).map(({ path, mode }) => {
        chmodSync(path, Number.parseInt(mode, 8));
        return `The mode of ${path} is ${mode} now.`;
      }),
  },
  {
    id: 'home-layout',
    about,
    severity: 'problem',
    why: 'A daemon that works finds its directories gone only when it needs them: runs, logs and backups then fail.',
    look(around) {
      const missing = missingDirectories(around);
      if (missing.length === 0) return existsSync(around.home) ? ok('Its directories are there.') : null;
      return problem(`${missing.join(', ')} of ${around.home} is not there.`, {
        command: `mkdir -m 700 ${missing.map((name) => quoted(join(around.home, name))).join(' ')}`,
      });
    },
    mend: (around) =>
      missingDirectories(around).map((name) => {
        mkdirSync(join(around.home, name), { mode: 0o700 });
        return `${join(around.home, name)} was made.`;
      }),
  },
  {
    id: 'home-filesystem',
    about,
    severity: 'problem',
    why: 'SQLite and the lock need a file system of this machine: over a network two Homers may both believe to be alone, in memory all is gone after a restart.',
    look({ home }) {
      const place = nearest(home);
      const { type } = statfsSync(place);
      const kind = network[type];
      if (kind !== undefined)
        return problem(
          `${place} is on ${kind}.`,
          'Move the state directory to a disk of this machine; backups may go there.',
        );
      if (inMemory.has(type))
        return note(
          `${place} is in memory: the next restart of the machine empties it.`,
          'Choose a --home on a disk.',
        );
      return ok('It is on a disk of this machine.');
    },
  },
  {
    id: 'home-parents',
    about,
    severity: 'problem',
    security: true,
    why: 'Whoever may write to a directory above may put another state directory in the place of yours.',
    look(around) {
      const open = openParents(around);
      return open.length === 0
        ? ok('Nobody else can move it away.')
        : open.map((path) =>
            problem(`Everybody may replace what is in ${path}.`, { command: `chmod o-w ${quoted(path)}` }),
          );
    },
  },
  {
    id: 'leftover-files',
    about,
    severity: 'note',
    why: 'Files that were begun and never finished take room, and can hold what was meant to be kept in one place only.',
    look(around) {
      const left = leftovers(around);
      if (left.length === 0) return existsSync(around.home) ? ok('Nothing unfinished lies about.') : null;
      const rest = left.length > 3 ? ` and ${left.length - 3} more` : '';
      return note(`Left unfinished: ${left.slice(0, 3).join(', ')}${rest}.`, {
        command: 'homer doctor --fix',
      });
    },
    mend: (around) =>
      leftovers(around).map((path) => {
        rmSync(path, { force: true });
        return `${path} was removed.`;
      }),
  },
  {
    id: 'record-stale',
    about,
    severity: 'note',
    why: 'daemon.json of a daemon that was killed misleads nobody in Homer, but scripts and people.',
    look({ home, isRunning, lock, record }) {
      if (record === null) return null;
      if (isRunning || lock !== 'free' || isRecordAlive(record))
        return ok('daemon.json is that of the daemon that runs.');
      return note(`daemon.json names process ${record.pid}, which is gone.`, {
        command: `rm ${quoted(join(home, 'daemon.json'))}`,
      });
    },
    async mend({ home, lock, record }) {
      if (lock !== 'free' || record === null) return [];
      // Since the look another daemon may have started, and this would be its own.
      await removeRecord(home, record.instanceId);
      return ['daemon.json of a daemon that is gone was removed.'];
    },
  },
];

/** Whether others have any right to it; never through a link, whose mode says nothing. */
function openPaths({ home, uid }: Around): { readonly path: string; readonly mode: string }[] {
  if (!existsSync(home)) return [];
  const directories = ['', ...homeDirectories].map((name) => ({
    path: name === '' ? home : join(home, name),
    mode: '700',
  }));
  const files = privateFiles.map((name) => ({ path: join(home, name), mode: '600' }));
  const kept = Object.entries(ownFiles).flatMap(([name, own]) =>
    namesIn(home, name)
      .filter((file) => own.test(file))
      .map((file) => ({ path: join(home, name, file), mode: '600' })),
  );
  return [...directories, ...files, ...kept].filter(({ path, mode }) => {
    // The state directory itself may be reached through a link; one in it leads to what is somebody's, with the mode they chose.
    const found = path === home ? statSync(path) : lookAt(path);
    if (found === null || (found.mode & 0o077) === 0) return false;
    return (mode === '700' ? found.isDirectory() : found.isFile()) && (uid === null || found.uid === uid);
  });
}

/** Only of a directory that a daemon has prepared once, and only while one works: each start makes them. */
function missingDirectories({ home }: Around): string[] {
  if (!existsSync(join(home, 'homer.db'))) return [];
  return homeDirectories.filter((name) => !existsSync(join(home, name)));
}

function nearest(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearest(dirname(path));
}

function openParents({ home }: Around): string[] {
  const open: string[] = [];
  for (let path = dirname(nearest(home)); ; path = dirname(path)) {
    const mode = lookAt(path)?.mode ?? 0;
    // In a sticky one, such as /tmp, only the owner of a thing may move it.
    if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) open.push(path);
    if (path === dirname(path)) return open;
  }
}

/** Younger ones may be at work. */
const settledMs = 3_600_000;

/** What only the holder of the lock makes is left alone while somebody may hold it. */
function leftovers({ home, isRunning, lock, now }: Around): string[] {
  if (isRunning || lock !== 'free') return [];
  const own = namesIn(home).filter((name) =>
    /^daemon\.json\..+\.tmp$|^\.write-test-\d+$|^token\.[0-9a-f]{12}$|^config\.yaml\..*\.tmp$/.test(name),
  );
  const backups = namesIn(home, 'backups').filter((name) =>
    /^\.unfinished-|^before-migration-.*\.db\.part$/.test(name),
  );
  return [
    ...own.map((name) => join(home, name)),
    ...backups.map((name) => join(home, 'backups', name)),
  ].filter((path) => {
    const found = lookAt(path);
    return found?.isFile() === true && now - found.mtimeMs > settledMs;
  });
}
