// An agent runs as the daemon's own user: whatever it plants in its run's directory must not hold up or mislead who reads there.

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeFileWhole } from './records.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'homer-planted-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const names = ['spec.json', 'run.json', 'session.json', 'exit.json', 'journal.jsonl'];

const plants: Readonly<Record<string, (path: string) => void>> = {
  'a FIFO': (path) => void spawnSync('mkfifo', [path]),
  'a link to a device that never ends': (path) => symlinkSync('/dev/zero', path),
  'a link to a file': (path) => {
    const elsewhere = join(directory, 'elsewhere');
    // Good for every one of the readers, were it read.
    const run = {
      version: 1,
      runId: 'r',
      pid: 1,
      marker: 'm',
      agentSessionId: 's',
      settings: {},
      turn: {},
      limits: {},
    };
    const exit = { verdict: 'done', journal: {}, usage: {}, tree: 'dead' };
    writeFileSync(elsewhere, `${JSON.stringify({ ...run, ...exit, n: 1, at: 1, type: 'text', text: '' })}\n`);
    symlinkSync(elsewhere, path);
  },
  'a directory': (path) => mkdirSync(path),
  'a file of 4 TiB': (path) => {
    writeFileSync(path, '');
    truncateSync(path, 4 * 2 ** 40);
  },
};

/** What the readers say, in a process of its own, since one that opens a FIFO the plain way never comes back. */
function readAll(): unknown {
  const records = pathToFileURL(join(import.meta.dirname, 'records.ts')).href;
  const reader = pathToFileURL(join(import.meta.dirname, 'journal-reader.ts')).href;
  const program = `
    import { readExit, readRunRecord, readSession, readSpec } from '${records}';
    import { readJournal } from '${reader}';
    const found = [readSpec, readRunRecord, readSession, readExit].map((read) => read('.'));
    console.log(JSON.stringify([...found, (await readJournal('journal.jsonl', 0)).entries]));
    process.exit();`;
  const options = { cwd: directory, encoding: 'utf8', timeout: 10_000, killSignal: 'SIGKILL' } as const;
  const { stdout, stderr, signal } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', program],
    options,
  );
  return signal === null && stdout !== '' ? JSON.parse(stdout) : { signal, stderr };
}

describe('in the place of a file of the run', () => {
  test.each(Object.entries(plants).filter(([what]) => what !== 'a file of 4 TiB'))(
    '%s counts as none',
    (_, plant) => {
      for (const name of names) plant(join(directory, name));
      expect(readAll()).toEqual([null, null, null, null, []]);
    },
    60_000,
  );

  test('a record larger than any record counts as none', () => {
    for (const name of names.filter((name) => name !== 'journal.jsonl'))
      plants['a file of 4 TiB']?.(join(directory, name));
    expect(readAll()).toEqual([null, null, null, null, []]);
  }, 60_000);

  test('a record is not written through a link', () => {
    const target = join(directory, 'target');
    writeFileSync(target, 'precious');
    symlinkSync(target, join(directory, 'session.json.tmp'));
    writeFileWhole(join(directory, 'session.json'), '{}');
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(readFileSync(join(directory, 'session.json'), 'utf8')).toBe('{}');
    expect(existsSync(join(directory, 'session.json.tmp'))).toBe(false);
  });
});
