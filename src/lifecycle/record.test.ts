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
