// `homer config get|set|unset|validate`, with a daemon and without one.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    [['set', 'hosts', '[homer.example.net]'], 1, 'hosts says which names Homer answers to.'],
    // What would be refused is not asked about.
    [['set', 'nonsense', '3'], 78, 'nonsense: is not a known key'],
    [['set', '--yes', 'hosts.1', 'homer.example.net'], 2, 'the next entry of hosts is 0'],
    [['get', 'lanes.nowhere.rate'], 2, 'There is no lanes.nowhere.rate'],
    [['get', 'lanes.work.speed'], 2, 'There is no lanes.work.speed'],
    [['get', 'backup.often'], 2, 'There is no backup.often'],
    [['validate', 'nowhere.yaml'], 2, 'There is no file nowhere.yaml.'],
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
  expect(bad.stderr).toContain(`${other}:1:18 lanes.work.speed`);
  expect(bad.stderr).not.toContain('config.yaml:');
  writeFileSync(other, 'lanes: { work: { concurrency: 1 } }\n');
  expect(await parsed('validate', other)).toEqual({ path: other, problems: [], warnings: [] });
});

test('what is not set is told with its default, and a number makes a list where one may stand', async () => {
  expect((await config('get', 'backup.every')).stdout).toBe('(not set; the default is 1h)\n');
  expect(await parsed('get', 'lanes.work.rate')).toMatchObject({
    value: null,
    written: false,
    default: 'any',
  });
  expect((await config('set', '--yes', 'hosts.0', 'homer.example.net')).code).toBe(0);
  expect((await config('set', '--yes', 'hosts.1', 'other.example.net')).code).toBe(0);
  expect(await parsed('get', 'hosts')).toMatchObject({ value: ['homer.example.net', 'other.example.net'] });
  rmSync(file());
  expect((await config('set', '--yes', 'roots.0', '~/code')).code).toBe(0);
  expect(await parsed('get', 'roots')).toMatchObject({ value: ['~/code'] });
});

test('addresses that are secrets are shown to nobody, and warned about', async () => {
  const address = 'https://hooks.example.org/s3cret';
  const set = await config('set', '--yes', 'alerts.to.hook', `{webhook: "${address}"}`);
  expect(set.stdout + set.stderr).not.toContain('s3cret');
  expect(set.stderr).toMatch(/config\.yaml:\d+:\d+ alerts\.to\.hook\.webhook: is a secret in plain text/);
  await config('set', '--yes', 'alerts.ping', address);
  for (const key of ['alerts', 'alerts.to.hook', 'alerts.to.hook.webhook', 'alerts.ping', 'executors.echo'])
    expect((await config('get', key)).stdout, key).toMatch(/^(?!.*s3cret)[^]*\[hidden\]/);
  expect(written()).toContain(address);
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
  const refused = await config('set', 'lanes.work.concurrency', 'many');
  expect(refused.code).toBe(78);
  expect(refused.stderr).toContain('Nothing was written.');
  expect(refused.stderr).toContain('lanes.work.concurrency: "many" is not a number');
  expect(refused.stderr).not.toMatch(/config\.yaml:\d|listed lines/);
  const nobody = await config('set', 'lanes.night', '{labels: [gpu]}');
  expect(nobody.stderr).toMatch(/^config\.yaml:\d+:\d+ lanes\.night\.labels: asks for a host with gpu/m);
  const { entries } = JSON.parse((await room.run(['audit', '--what', 'config.set', '--json'])).stdout) as {
    entries: { result: string }[];
  };
  expect(entries.map(({ result }) => result)).toEqual(['ok', 'HOMER_CONFIG_INVALID', 'ok', 'ok', 'ok']);
  for (const [key, value] of [
    ['canary.every', '30m'],
    ['logs.maxSize', '9MB'],
    ['backup.every', '2h'],
    ['alerts.rules', '{queue-age: off}'],
  ] as const)
    expect((await config('set', key, value)).stdout, key).toContain('It is in force.');
});

test('what a daemon takes at its start only is said to wait for that', async () => {
  writeFileSync(file(), 'port: 0\n');
  expect((await room.run(['start'], { env: { HOMER_PORT: '' } })).code).toBe(0);
  const set = await config('set', '--yes', 'port', '4700');
  expect(set.stdout).toContain('Written; `homer restart` puts it in force.');
  expect(await parsed('set', 'lanes.work.concurrency', '4')).toMatchObject({
    inForce: true,
    restart: ['port'],
  });
  expect(await parsed('set', '--yes', 'engine', '{kind: bullmq, url: {env: REDIS_URL}}')).toMatchObject({
    inForce: false,
    restart: ['port', 'engine'],
  });
  expect((await room.run(['status'])).stdout).toContain('port: `homer restart` puts it in force');
  expect(await parsed('unset', '--yes', 'engine')).toMatchObject({ inForce: true, restart: ['port'] });
});
