import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hostBootId, startTicks } from './process-identity.ts';
import { isRecordAlive, readRecord, removeRecord, writeRecord, type DaemonRecord } from './record.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'homer-record-'));
});

afterEach(async () => {
  await rm(home, { recursive: true });
});

function mine(changes: Partial<DaemonRecord> = {}): DaemonRecord {
  return {
    pid: process.pid,
    startTime: startTicks(process.pid),
    bootId: hostBootId(),
    instanceId: 'a',
    port: 4663,
    canvasPort: null,
    version: '0.1.0',
    startedAt: '2026-01-02T03:04:05.000Z',
    ...changes,
  };
}

test('reads back what was written and leaves no draft behind', async () => {
  await writeRecord(home, mine());
  expect(await readRecord(home)).toEqual(mine());
  expect(await readdir(home)).toEqual(['daemon.json']);
});

test('says null for a record that is missing, cut off or of another shape', async () => {
  expect(await readRecord(home)).toBeNull();
  for (const text of [
    '',
    '{"pid": 12',
    'null',
    '[]',
    JSON.stringify(mine({ pid: 0 })),
    '{"pid":1,"port":"4663"}',
  ]) {
    await writeFile(join(home, 'daemon.json'), text);
    expect(await readRecord(home), text).toBeNull();
  }
});

test('removes its own record and never that of another instance', async () => {
  await writeRecord(home, mine({ instanceId: 'b' }));
  await removeRecord(home, 'a');
  expect(await readRecord(home)).toEqual(mine({ instanceId: 'b' }));
  await removeRecord(home, 'b');
  expect(await readRecord(home)).toBeNull();
  await removeRecord(home, 'b');
});

test('a number that was used again, or another boot, is not the daemon', () => {
  expect(isRecordAlive(mine())).toBe(process.platform === 'linux');
  expect(isRecordAlive(mine({ startTime: (startTicks(process.pid) ?? 1) + 1 }))).toBe(false);
  expect(isRecordAlive(mine({ startTime: null }))).toBe(false);
  expect(isRecordAlive(mine({ bootId: 'another' }))).toBe(false);
});

test.runIf(process.platform === 'linux')(
  'a daemon that has ended and was not collected yet is gone',
  async () => {
    // The shell becomes `sleep`, which never asks after the child it inherited. A background command has /dev/null for
    // its standard input, so the pipe goes to it by another number.
    const parent = spawn('sh', ['-c', 'exec 3<&0; sh -c "echo \\$\\$; read _ <&3" & exec sleep 60'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      const record = mine({ pid, startTime: startTicks(pid) });
      expect(isRecordAlive(record)).toBe(true);
      parent.stdin.end();
      // Its end closes the last writer of the pipe but `sleep`'s own, so the state itself is what can be waited for.
      await expect.poll(() => isRecordAlive(record)).toBe(false);
      expect(startTicks(pid)).toBe(record.startTime);
    } finally {
      parent.kill('SIGKILL');
    }
  },
);
