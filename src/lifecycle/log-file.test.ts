import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogFile, listOldLogs } from './log-file.ts';
import { LogReader } from './log-reader.ts';

let parent: string;
let directory: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'homer-log-'));
  directory = join(parent, 'logs');
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

const hourMs = 3_600_000;
const limits = { maxBytes: 1_000, maxAgeMs: 720 * hourMs, keep: 3 };
const line = (n: number): string =>
  `${JSON.stringify({ level: 'info', time: '2026-11-25T00:00:00.000Z', n })}\n`;
const numbersIn = (path: string): number[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => (JSON.parse(text) as { n: number }).n);
/** Without the one that is written to when whoever wrote was killed between two of them. */
const allPaths = (): string[] =>
  [...listOldLogs(directory), join(directory, 'daemon.log')].filter((path) => existsSync(path));

test('a full file is set aside under the next number, and only so many are kept', () => {
  const log = new LogFile(directory, () => limits);
  for (let n = 0; n < 200; n++) log.write(line(n));
  log.close();
  const names = readdirSync(directory).sort();
  expect(names).toHaveLength(4);
  expect(names[0]).toBe('daemon.000010.log');
  for (const path of allPaths()) {
    expect(statSync(path).size).toBeLessThanOrEqual(limits.maxBytes);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  }
  const kept = allPaths().flatMap(numbersIn);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, at) => 200 - kept.length + at));
});

test('a file that is a day old is set aside, and what is beyond its age goes', () => {
  let now = Date.now();
  const log = new LogFile(
    directory,
    () => limits,
    () => now,
  );
  log.write(line(1));
  now += 25 * hourMs;
  log.write(line(2));
  expect(listOldLogs(directory).flatMap(numbersIn)).toEqual([1]);
  for (const path of listOldLogs(directory)) utimesSync(path, 0, 0);
  now += 25 * hourMs;
  log.write(line(3));
  now += 25 * hourMs;
  log.write(line(4));
  log.close();
  expect(allPaths().flatMap(numbersIn)).toEqual([2, 3, 4]);
});

test('half a line that cut power left is ended, and does not swallow the next', () => {
  const log = new LogFile(directory, () => limits);
  log.write(line(1));
  log.close();
  writeFileSync(join(directory, 'daemon.log'), '{"level":"in', { flag: 'a' });
  const next = new LogFile(directory, () => limits);
  next.write(line(2));
  next.close();
  const lines = readFileSync(join(directory, 'daemon.log'), 'utf8').split('\n');
  expect(lines).toEqual([line(1).trim(), '{"level":"in', line(2).trim(), '']);
});

test('what no disk takes does not end the daemon, and is counted when there is room again', () => {
  // A file where the directory should be: every write fails.
  writeFileSync(directory, '');
  const log = new LogFile(directory, () => limits);
  log.write(line(1));
  log.write(line(2));
  rmSync(directory);
  log.write(line(3));
  log.close();
  const [told, kept] = readFileSync(join(directory, 'daemon.log'), 'utf8').split('\n');
  expect(JSON.parse(told ?? '')).toMatchObject({
    level: 'error',
    lines: 2,
    msg: 'lines of this log were lost',
  });
  expect(kept).toBe(line(3).trim());
});

test('a line of a megabyte is cut to what tells what it was', () => {
  const log = new LogFile(directory, () => ({ ...limits, maxBytes: 1_000_000 }));
  log.write(`${JSON.stringify({ level: 'warn', time: 'T', msg: 'large', body: 'x'.repeat(1_000_000) })}\n`);
  log.close();
  const text = readFileSync(join(directory, 'daemon.log'), 'utf8');
  expect(text.length).toBeLessThan(200);
  expect(JSON.parse(text)).toMatchObject({ level: 'warn', msg: 'large' });
});

test('killed again and again while it writes: no line that was written is lost, none comes twice', async () => {
  const module = fileURLToPath(new URL('./log-file.ts', import.meta.url));
  // Tells each number once its line is written; 30 lines fill a file.
  const script = `
    import { writeSync } from 'node:fs';
    const { LogFile } = await import(${JSON.stringify(module)});
    const log = new LogFile(process.argv[1], () => ({ maxBytes: 1000, maxAgeMs: 1e12, keep: 1000 }));
    for (let n = Number(process.argv[2]); ; n++) {
      log.write(JSON.stringify({ level: 'info', n }) + '\\n');
      writeSync(1, n + '\\n');
    }`;
  let next = 0;
  const told = new Set<number>();
  for (let round = 0; round < 8; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, directory, String(next)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
    await once(child.stdout, 'data');
    while (text.split('\n').length < 100 + 37 * round) await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    for (const each of text.split('\n').slice(0, -1)) told.add(Number(each));
    // What was written and not told any more counts as written, too.
    next = Math.max(...told, ...allPaths().slice(-2).flatMap(numbersIn)) + 1;
  }
  const found = allPaths().flatMap(numbersIn);
  expect(found).toEqual(Array.from({ length: next }, (_, n) => n));
  expect([...told].every((n) => n < next)).toBe(true);
  expect(listOldLogs(directory).length).toBeGreaterThan(10);
}, 60_000);

test('a reader follows over files that are set aside, several at once, with nothing left out or twice', () => {
  const log = new LogFile(directory, () => ({ ...limits, keep: 100 }));
  const reader = new LogReader(directory);
  log.write(line(0));
  expect(reader.begin().map(({ path }) => path)).toEqual([join(directory, 'daemon.log')]);
  const seen: number[] = [];
  const look = (): void => {
    for (const raw of reader.read()) seen.push((JSON.parse(raw) as { n: number }).n);
  };
  let n = 1;
  for (const many of [1, 5, 80, 0, 3, 200, 1]) {
    for (let written = 0; written < many; written++) log.write(line(n++));
    look();
  }
  reader.close();
  log.close();
  expect(seen).toEqual(Array.from({ length: n - 1 }, (_, at) => at + 1));
});

test('a reader that begins before there is a log, or while it is set aside, misses nothing', () => {
  const reader = new LogReader(directory);
  expect(reader.begin()).toEqual([]);
  const log = new LogFile(directory, () => ({ ...limits, keep: 100 }));
  for (let n = 0; n < 100; n++) log.write(line(n));
  expect([...reader.read()].map((raw) => (JSON.parse(raw) as { n: number }).n)).toEqual(
    Array.from({ length: 100 }, (_, n) => n),
  );
  // A late one: what was before and what comes make the whole.
  const late = new LogReader(directory);
  const before = late.begin();
  for (let n = 100; n < 200; n++) log.write(line(n));
  const past = before.toReversed().flatMap(({ path, bytes }) => {
    const at = path.endsWith('daemon.log')
      ? listOldLogs(directory).find((old) => statSync(old).size >= bytes && numbersIn(old).includes(99))
      : path;
    return numbersIn(at ?? path).filter((n) => n < 100);
  });
  const coming = [...late.read()].map((raw) => (JSON.parse(raw) as { n: number }).n);
  expect(past.at(-1)).toBe(99);
  expect(coming).toEqual(Array.from({ length: 100 }, (_, at) => 100 + at));
  reader.close();
  late.close();
  log.close();
});
