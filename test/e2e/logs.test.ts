// `homer logs` as its owner has it: a real daemon, real files, a reader that follows while they are set aside.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogFile } from '../../src/lifecycle/log-file.ts';
import { openRoom, type Room, type Running } from './cli-process.ts';

let room: Room;
beforeEach(async () => {
  room = await openRoom();
});
afterEach(async () => {
  await room.close();
});

/** What a reader has printed so far, as JSON. */
function collect({ child }: Running): () => Record<string, unknown>[] {
  let text = '';
  child.stdout?.on('data', (more: string) => (text += more));
  return () =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a daemon in the background keeps its log itself: bounded, private, one JSON object a line', async () => {
  await room.run(['start']);
  const logs = join(room.home, 'logs');
  expect(readdirSync(logs).sort()).toEqual(['daemon.log', 'start.log']);
  const lines = readFileSync(join(logs, 'daemon.log'), 'utf8').trimEnd().split('\n');
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ time: expect.any(String) as string });
  expect(statSync(join(logs, 'daemon.log')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(logs, 'start.log'), 'utf8')).toBe('');
  const shown = await room.run(['logs']);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} info +ready .*port=\d+/m);
  // As the dashboard and others have it, with the levels that were meant.
  const none = await room.run(['logs', '--level', 'error', '--json']);
  expect(none.stdout).toBe('');
});

test('in the foreground it says on standard error what it keeps', async () => {
  const serving = room.start(['serve']);
  await serving.saw(/"msg":"ready"/);
  expect(readFileSync(join(room.home, 'logs/daemon.log'), 'utf8')).toContain('"msg":"ready"');
  serving.child.kill('SIGTERM');
  const { stderr } = await serving.ended;
  expect(readFileSync(join(room.home, 'logs/daemon.log'), 'utf8')).toBe(stderr);
});

test('the reader follows over a restart of the daemon', async () => {
  await room.run(['start']);
  const reader = room.start(['logs', '-f', '--json']);
  const lines = collect(reader);
  const starts = (): number => lines().filter(({ msg }) => msg === 'ready').length;
  await expect.poll(starts, { timeout: 20_000 }).toBe(1);
  await room.run(['restart', '--now']);
  await expect.poll(starts, { timeout: 20_000 }).toBe(2);
  reader.child.kill('SIGINT');
  expect((await reader.ended).code).toBe(130);
}, 60_000);

test('500 lines over many files come once each, in order, while they are written and set aside', async () => {
  const log = new LogFile(join(room.home, 'logs'), () => ({ maxBytes: 2_000, maxAgeMs: 1e12, keep: 1_000 }));
  const write = (n: number): void =>
    log.write(`${JSON.stringify({ level: n % 2 === 0 ? 'info' : 'warn', time: new Date(), n })}\n`);
  write(0);
  const all = room.start(['logs', '--follow', '--json']);
  const warned = room.start(['logs', '--follow', '--json', '--level', 'warn']);
  const [allLines, warnedLines] = [collect(all), collect(warned)];
  await expect.poll(() => allLines().length, { timeout: 20_000 }).toBe(1);
  write(1);
  await expect.poll(() => warnedLines().length, { timeout: 20_000 }).toBe(1);
  for (let n = 2; n < 500; n++) {
    write(n);
    if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const numbers = (): unknown[] => allLines().map(({ n }) => n);
  await expect.poll(() => numbers().length, { timeout: 20_000 }).toBe(500);
  expect(numbers()).toEqual(Array.from({ length: 500 }, (_, n) => n));
  await expect.poll(() => warnedLines().length, { timeout: 20_000 }).toBe(250);
  log.close();
}, 60_000);

test('--since, --lines and --level choose; what would steer a terminal is spelt out in both forms', async () => {
  const logs = join(room.home, 'logs');
  mkdirSync(logs, { recursive: true });
  const at = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();
  const evil = '\u001b]52;c;eA==\u0007\u202e\u009b2J\u0000';
  const lines = [
    { level: 'info', time: at(5), msg: 'old' },
    { level: 'error', time: at(2), msg: `bad ${evil}` },
    { level: 'info', time: at(1), msg: 'new' },
  ];
  writeFileSync(join(logs, 'daemon.000001.log'), `${JSON.stringify(lines[0])}\n`);
  writeFileSync(
    join(logs, 'daemon.log'),
    `${JSON.stringify(lines[1])}\n${JSON.stringify(lines[2])}\nsegfault ${evil}\n`,
  );
  const json = async (...args: string[]): Promise<unknown[]> => {
    const { stdout } = await room.run(['logs', '--json', ...args]);
    // eslint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { msg: string }).msg);
  };
  expect(await json()).toEqual(['old', `bad ${evil}`, 'new', `segfault ${evil}`]);
  expect(await json('--since', '3h')).toEqual([`bad ${evil}`, 'new']);
  expect(await json('-n', '2')).toEqual(['new', `segfault ${evil}`]);
  expect(await json('--level', 'error', '-n', '1')).toEqual([`segfault ${evil}`]);
  const { stdout } = await room.run(['logs']);
  // eslint-disable-next-line no-control-regex
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(stdout).toContain('\\u{1b}]52;c;eA==');
  expect((await room.run(['logs', 'last', '--level', 'warn'])).code).toBe(2);
  expect((await room.run(['logs', '--since', 'yore'])).code).toBe(2);
});

test('the run of a job is followed to its end', async () => {
  const said = await room.run(['run', '--detach', '-x', 'shell', 'echo one; sleep 1; echo two']);
  const followed = await room.run(['logs', '-f', said.stdout.trim()]);
  expect(followed).toMatchObject({ code: 0, stdout: 'one\ntwo\n' });
}, 60_000);
