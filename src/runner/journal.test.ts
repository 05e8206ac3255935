import {
  appendFileSync,
  closeSync,
  openSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Exit, JournalEntry } from './files.ts';
import { createJournal } from './journal.ts';
import { followJournal, readJournal } from './journal-reader.ts';
import { createRedactor } from './redaction.ts';
import { orderNumbers, parseOrder, readExit, readSession, sendOrder, writeFileWhole } from './records.ts';
import { encodeFrame, readFrame } from './secret-frame.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'homer-journal-'));
  path = join(directory, 'journal.jsonl');
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('the journal', () => {
  test('is numbered without a gap, and its figures are those of the file', async () => {
    const journal = createJournal(path, createRedactor(['hidden-value']), () => 7);
    for (let i = 0; i < 3; i++) journal.add({ type: 'text', text: `line ${i} hidden-value` });
    expect(journal.flush()).toBe(true);
    journal.add({ type: 'text', text: 'ends in hidden-' });
    const figures = journal.close();
    const bytes = readFileSync(path);
    expect(figures).toEqual({
      bytes: bytes.length,
      entries: 5,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    const { entries, nextOffset } = await readJournal(path, 0);
    expect(entries.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5]);
    expect(nextOffset).toBe(bytes.length);
    expect(bytes.toString()).not.toContain('hidden-value');
  });

  test('has no entry of a text that is larger than 64 KiB', async () => {
    const journal = createJournal(path, createRedactor([]), () => 7);
    const text = '\u0001'.repeat(1_000_000);
    journal.add({ type: 'text', text, stream: 'stderr' });
    const { entries } = journal.close();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(66_000);
    const parts = lines.map((line) => JSON.parse(line) as JournalEntry);
    expect(parts.map(({ n }) => n)).toEqual(Array.from({ length: entries }, (_, at) => at + 1));
    expect(parts.map((part) => (part.type === 'text' ? part.text : '')).join('')).toBe(text);
  });

  test('is read past a torn end and odd lines, and on from there', async () => {
    writeFileSync(path, '{"n":1,"at":1,"type":"text","text":"é"}\nodd\n\n{"n":2}\n{"n":2,"at":1,"ty');
    const first = await readJournal(path, 0);
    expect(first.entries.map(({ n }) => n)).toEqual([1]);
    expect(await readJournal(path, first.nextOffset)).toEqual({ entries: [], nextOffset: first.nextOffset });
    appendFileSync(path, 'pe":"text","text":"b"}\n');
    expect((await readJournal(path, first.nextOffset)).entries).toMatchObject([{ n: 2, text: 'b' }]);
    expect(await readJournal(join(directory, 'none'), 5)).toEqual({ entries: [], nextOffset: 5 });
  });

  test('has room for a line longer than a read', async () => {
    const text = 'x'.repeat(3_000_000);
    writeFileSync(
      path,
      `${JSON.stringify({ n: 1, at: 1, type: 'text', text })}\n${JSON.stringify({ n: 2, at: 1, type: 'text', text: 'y' })}\n`,
    );
    const all: JournalEntry[] = [];
    for (let offset = 0; ;) {
      const part = await readJournal(path, offset);
      all.push(...part.entries);
      if (part.nextOffset === offset) break;
      offset = part.nextOffset;
    }
    expect(all.map((entry) => entry.type === 'text' && entry.text.length)).toEqual([3_000_000, 1]);
  });

  test('is followed from before it is there, until told to stop', async () => {
    const seen: number[] = [];
    const stop = new AbortController();
    const following = followJournal(
      directory,
      0,
      (entries) => {
        seen.push(...entries.map(({ n }) => n));
        if (seen.length === 200) stop.abort();
      },
      stop.signal,
    );
    const journal = createJournal(path, createRedactor([]), () => 1);
    for (let i = 0; i < 200; i++) {
      journal.add({ type: 'text', text: String(i) });
      journal.flush();
      if (i % 20 === 0) await new Promise(setImmediate);
    }
    await following;
    journal.close();
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  });
});

describe('the small files', () => {
  const exit: Exit = {
    version: 1,
    runId: 'r1' as Exit['runId'],
    verdict: 'done',
    text: 'x',
    data: null,
    message: null,
    until: null,
    usage: { inputTokens: null, outputTokens: null, costUsd: null },
    agentSessionId: null,
    exitCode: 0,
    signal: null,
    journal: { bytes: 0, entries: 0, sha256: '' },
    tree: 'dead',
    startedAt: 1,
    endedAt: 2,
  };
  const put = (value: unknown): void => writeFileSync(join(directory, 'exit.json'), JSON.stringify(value));

  test('an exit counts when it is whole, of our version or the one before', () => {
    expect(readExit(directory)).toBeNull();
    put(exit);
    expect(readExit(directory)).toEqual(exit);
    put({ ...exit, version: 0 });
    expect(readExit(directory)).not.toBeNull();
    for (const odd of [
      { ...exit, version: 2 },
      { ...exit, verdict: 'fine' },
      { ...exit, tree: 1 },
      [],
      null,
    ]) {
      put(odd);
      expect(readExit(directory)).toBeNull();
    }
    writeFileSync(join(directory, 'exit.json'), JSON.stringify(exit).slice(0, -1));
    expect(readExit(directory)).toBeNull();
  });

  test('are replaced whole, nothing is left beside them', () => {
    writeFileWhole(join(directory, 'session.json'), JSON.stringify({ version: 1, agentSessionId: 'a' }));
    writeFileWhole(join(directory, 'session.json'), JSON.stringify({ version: 1, agentSessionId: 'b' }));
    expect(readSession(directory)?.agentSessionId).toBe('b');
    expect(readdirSync(directory)).toEqual(['session.json']);
  });

  test('orders get the next free number and are whole', () => {
    const inbox = join(directory, 'inbox');
    mkdirSync(inbox);
    const order = { version: 1, type: 'stop', reason: 'cancelled' } as const;
    expect([sendOrder(directory, order), sendOrder(directory, order)]).toEqual([1, 2]);
    writeFileSync(join(inbox, '10.json'), '');
    writeFileSync(join(inbox, 'x.json'), '');
    expect(sendOrder(directory, order)).toBe(11);
    expect(orderNumbers(inbox)).toEqual([1, 2, 10, 11]);
    expect(parseOrder(readFileSync(join(inbox, '11.json'), 'utf8'))).toEqual(order);
    expect(parseOrder('{"version":1,"type":"stop","reason":"bored"}')).toBeNull();
  });

  test('a secret frame is read whole or not at all', () => {
    const frame = { env: { A: 'é' }, secrets: ['s'] };
    const read = (bytes: Buffer): unknown => {
      const file = join(directory, 'frame');
      writeFileSync(file, bytes);
      const fd = openSync(file, 'r');
      try {
        return readFrame(fd);
      } finally {
        closeSync(fd);
      }
    };
    const bytes = encodeFrame(frame);
    expect(read(bytes)).toEqual(frame);
    for (const length of [0, 3, 4, bytes.length - 1]) expect(read(bytes.subarray(0, length))).toBeNull();
  });
});
