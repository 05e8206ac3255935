import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Approval } from './answers.ts';
import { createAsking, type Asking } from './asking.ts';
import type { Client } from './client.ts';
import { HomerError } from '../core/errors.ts';
import type { Palette } from './terminal.ts';

const text = (value: string): string => value;
const palette: Palette = { dim: text, bold: text, ok: text, needs: text, bad: text, live: text };

const question = (id: string, command = id): Approval => ({
  id,
  jobId: 'j0000000000000abcdef',
  runId: 'r0000000000000000000',
  sessionId: null,
  tool: 'Bash',
  input: { command },
  summary: command,
  askedAt: null,
  expiresAt: null,
  state: 'pending',
  scope: null,
  answeredAt: null,
  answeredBy: null,
  endedAt: null,
});

let notes: string[];
let prompts: (string | null)[];
let calls: string[];
let press: ((key: string) => void) | null;
let refuse: HomerError | null;
let asking: Asking;

beforeEach(() => {
  vi.useFakeTimers();
  [notes, prompts, calls, press, refuse] = [[], [], [], null, null];
  const client = {
    async call(name: string, ask: { params: { id: string }; body: { scope: string } }) {
      if (refuse !== null) throw refuse;
      calls.push(`${name} ${ask.params.id} ${ask.body.scope}`);
    },
  } as unknown as Client;
  asking = createAsking({
    terminal: { errorPalette: palette, isInteractive: true },
    connection: { client },
    progress: { note: (line) => void notes.push(line), prompt: (line) => void prompts.push(line) },
    openKeys: () => ({ listen: (onKey) => (press = onKey), stop: () => (press = null) }),
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/** As long as a person needs to have read it. */
const read = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1_000);

test('a key that bounces is no answer to the next question', async () => {
  asking.show([question('one'), question('two')]);
  press?.('a');
  await read();
  press?.('a');
  press?.('a');
  await vi.advanceTimersByTimeAsync(100);
  press?.('a');
  expect(calls).toEqual(['approvals.allow one once']);
  asking.show([question('two')]);
  await read();
  press?.('s');
  await read();
  expect(calls).toEqual(['approvals.allow one once', 'approvals.allow two session']);
  expect(prompts.at(-1)).toBeNull();
  expect(press).toBeNull();
});

test('only a, s and d say anything', async () => {
  asking.show([question('one')]);
  await read();
  for (const key of ['\r', '\n', ' ', 'y', 'A', '']) press?.(key);
  expect(calls).toEqual([]);
  press?.('d');
  expect(calls).toEqual(['approvals.deny one once']);
});

test('a key pressed when somebody else has answered says so and answers nothing else', async () => {
  asking.show([question('one'), question('two')]);
  await read();
  refuse = new HomerError('HOMER_APPROVAL_ANSWERED', 'telegram:1 denied it');
  press?.('a');
  await vi.advanceTimersByTimeAsync(10);
  expect(notes.at(-1)).toBe('telegram:1 denied it.');
  refuse = null;
  press?.('a');
  expect(calls).toEqual([]);
});

test('an answer that did not reach Homer is asked for again', async () => {
  asking.show([question('one')]);
  await read();
  refuse = new HomerError('HOMER_UNREACHABLE', 'Homer does not answer.');
  press?.('a');
  await read();
  refuse = null;
  press?.('a');
  expect(calls).toEqual(['approvals.allow one once']);
});

test('what is answered elsewhere is not asked for any more, and what is too long never with a key', async () => {
  asking.show([question('one')]);
  await read();
  asking.show([]);
  expect(press).toBeNull();
  expect(notes.join('\n')).not.toContain('with a key');
  asking.show([question('long', 'x\n'.repeat(60))]);
  await read();
  expect(notes.at(-1)).toContain('too long to be answered with a key');
  expect(press).toBeNull();
  expect(asking.isOpen).toBe(true);
});
