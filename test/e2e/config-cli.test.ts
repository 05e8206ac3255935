// `homer config get|set|unset|validate`, with a daemon and without one.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LanesAnswer } from '../../src/cli/answers.ts';
import { openRoom, type Room } from './cli-process.ts';

const text = `# My lanes.
lanes:
  work: { concurrency: 2 } # two are enough
executors:
  echo: { kind: command, argv: [ echo, --token, s3cret, "{prompt}" ] }
`;

let room: Room;
const file = (): string => join(room.home, 'config.yaml');
const written = (): string => readFileSync(file(), 'utf8');

beforeEach(async () => {
  room = await openRoom();
  mkdirSync(room.home, { mode: 0o700 });
  writeFileSync(file(), text, { mode: 0o600 });
});
afterEach(() => room.close());

const config = async (...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  room.run(['config', ...args]);
const parsed = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await config(...args, '--json')).stdout) as Record<string, unknown>;

test('without a daemon a key is looked up, changed and taken away in the file, and comments stay', async () => {
  expect((await config('get', 'lanes.work.concurrency')).stdout).toBe('2\n');
  const set = await config('set', 'lanes.work.concurrency', '3');
  expect(set).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('lanes.work.concurrency: 2 → 3') as string,
  });
  expect(set.stdout).toContain('applies from the next start');
  expect(written()).toBe(text.replace('concurrency: 2', 'concurrency: 3'));
  await config('set', 'lanes.night', '{concurrency: 1, rate: 5/1m}');
  expect((await config('get', 'lanes.night.rate')).stdout).toBe('5/1m\n');
  expect(await parsed('unset', 'lanes.night')).toMatchObject({ path: ['lanes', 'night'], inForce: false });
  expect(written()).toBe(text.replace('concurrency: 2', 'concurrency: 3'));
  // What the file does not say is said by what applies.
  expect(await parsed('get', 'bind')).toMatchObject({ value: '127.0.0.1', written: false });
  expect((await config('get', 'executors.echo.argv')).stdout).not.toContain('s3cret');
});

test('what would be wrong, is not there or is no path is refused, and nothing is written', async () => {
  const refused: [string[], number, string][] = [
    [['set', 'lanes.work.concurrency', 'many'], 78, 'lanes.work.concurrency'],
    [['set', 'lanes.work.speed', '1'], 78, 'is not a known key'],
    [['set', 'lanes.work.concurrency', '[1'], 2, 'cannot be read as YAML'],
    [['set', 'lanes..work', '1'], 2, 'names no place'],
    [['set', 'lanes.work.concurrency'], 2, 'To what is lanes.work.concurrency to be set?'],
    [['set'], 2, 'Which key?'],
    [['get', 'lanes.nowhere'], 2, 'There is no lanes.nowhere'],
    [['unset', 'lanes.nowhere'], 2, 'config.yaml has no lanes.nowhere'],
    [['check', 'x'], 2, 'takes no "x"'],
    [['set', 'keepAwake', 'false', '--digest', '0'.repeat(64)], 1, 'has another digest'],
    [['set', 'bind', '0.0.0.0'], 1, '`--yes` confirms it'],
  ];
  for (const [args, code, words] of refused) {
    const ended = await config(...args);
    expect(ended, args.join(' ')).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain(words);
  }
  expect(written()).toBe(text);
  const { digest } = await parsed('get', 'lanes');
  const set = [
    'set',
    '--yes',
    '["executors", "echo", "argv"]',
    '[printf, "{prompt}"]',
    '--digest',
    String(digest),
  ];
  expect((await config(...set)).code).toBe(0);
  expect(written()).toContain('printf');
});

test('a file that is not right is mended by a change, and another one is looked at before it takes its place', async () => {
  writeFileSync(file(), `${text}speed: 1\n`);
  expect((await config('set', 'lanes.work.concurrency', '3')).code).toBe(78);
  expect((await config('unset', '--yes', 'speed')).code).toBe(0);
  expect(written()).toBe(text);
  const other = join(room.work, 'other.yaml');
  writeFileSync(other, 'lanes: { work: { speed: 1 } }\n');
  const bad = await config('validate', other);
  expect(bad).toMatchObject({ code: 78 });
  expect(bad.stderr).toContain('lanes.work.speed');
  writeFileSync(other, 'lanes: { work: { concurrency: 1 } }\n');
  expect(await parsed('validate', other)).toEqual({ path: other, problems: [], warnings: [] });
});

test('with a daemon a change is in force when it is answered', async () => {
  expect((await room.run(['start'])).code).toBe(0);
  const set = await config('set', 'lanes.work.concurrency', '5');
  expect(set.stdout, set.stderr).toContain('It is in force.');
  const { lanes } = JSON.parse((await room.run(['lanes', '--json'])).stdout) as LanesAnswer;
  expect(lanes.find(({ lane }) => lane === 'work')?.concurrency).toBe(5);
  expect(written()).toContain('# two are enough');
  expect((await config('set', 'hosts', '[homer.example.net]')).stderr).toContain('`--yes` confirms it');
  expect((await config('set', '--yes', 'hosts', '[homer.example.net]')).code).toBe(0);
  expect((await config('set', '--yes', 'hosts.0', 'other.example.net')).code).toBe(0);
  expect(written()).toContain('other.example.net');
  expect((await config('set', 'lanes.work.concurrency', 'many')).code).not.toBe(0);
  const { entries } = JSON.parse((await room.run(['audit', '--what', 'config.set', '--json'])).stdout) as {
    entries: { result: string }[];
  };
  expect(entries.map(({ result }) => result)).toEqual(['HOMER_CONFIG_INVALID', 'ok', 'ok', 'ok']);
});
