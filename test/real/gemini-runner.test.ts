// The runner with the real Gemini CLI, where the agent by itself would go on trying, or refuses its session.

import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Turn } from '../../src/executors/executor.ts';
import { resumePreamble } from '../../src/executors/preamble.ts';
import { sendOrder } from '../../src/runner/records.ts';
import { createRunRoom, type RunRoom } from '../e2e/run-room.ts';
import { promptsOf } from '../fixtures/model-server/script.ts';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';
import { pointAt, subjects } from './agent-subjects.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let bin = '';
let root = '';
let model: ModelServer;
const rooms: RunRoom[] = [];

beforeAll(async () => {
  bin = await cachedAgent('gemini');
  root = await mkdtemp(join(tmpdir(), 'homer-gemini-'));
  await mkdir(join(root, 'work'));
  model = await startModelServer();
  await pointAt(subjects.gemini, root, model.url);
}, 600_000);
afterAll(async () => {
  await Promise.all(rooms.map((room) => room.clean()));
  await model.stop();
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
});

interface Wanted extends Partial<Turn> {
  readonly url?: string;
  /** Null: it picks one itself. */
  readonly name?: string | null;
}

function roomFor(prompt: string, { url = model.url, name = null, ...turn }: Wanted = {}): RunRoom {
  const room = createRunRoom({
    script: '',
    real: true,
    settings: {
      kind: 'gemini',
      name: 'gemini',
      bin,
      args: [],
      permissions: 'all',
      input: 'stdin',
      model: name,
    },
    turn: {
      prompt,
      cwd: join(root, 'work'),
      session: { id: randomUUID(), mode: 'new' },
      preamble: null,
      ...turn,
    },
    env: { HOME: root, TMPDIR: root, GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: 'not-a-real-key' },
  });
  rooms.push(room);
  return room;
}

const modes = (room: RunRoom): readonly string[] =>
  room.journal().flatMap((entry) => (entry.type === 'agent_started' ? [entry.mode] : []));
const attempts = (room: RunRoom): readonly unknown[] =>
  room.journal().flatMap((entry) => (entry.type === 'retry' ? [entry.attempt] : []));

/** A port of this machine where nobody listens. */
async function closedUrl(): Promise<string> {
  const other = await startModelServer();
  await other.stop();
  return other.url;
}

test.concurrent.each([
  ['too many requests', 'ERR[429]', 'rate_limited', 'Gemini CLI tried 3 times: scripted error 429 (429)'],
  ['a broken server', 'ERR[500]', 'agent_error', 'Gemini CLI tried 3 times: scripted error 500 (500)'],
])('%s end the run after the third attempt, not after minutes', async (_, prompt, verdict, message) => {
  // Of a model that it picks itself it tries some three times only.
  const room = roomFor(prompt, { name: 'gemini-2.5-pro' });
  const { exit } = await room.finish();
  expect(exit).toMatchObject({ verdict, message, tree: 'dead' });
  expect(attempts(room)).toEqual([1, 2, 3]);
  expect((exit?.endedAt ?? 0) - (exit?.startedAt ?? 0)).toBeLessThan(60_000);
});

test.concurrent('an endpoint that is not there ends the run as offline after the third attempt', async () => {
  const room = roomFor('hello', { url: await closedUrl() });
  const { exit } = await room.finish();
  expect(exit).toMatchObject({
    verdict: 'offline',
    message: expect.stringContaining('fetch failed') as string,
    tree: 'dead',
  });
  expect(attempts(room)).toEqual([1, 2, 3]);
  expect((exit?.endedAt ?? 0) - (exit?.startedAt ?? 0)).toBeLessThan(60_000);
});

test.concurrent('cancelled in mid-tool nothing is left of it', async () => {
  const room = roomFor('RUN[tail -f /dev/null]RUN');
  const ended = room.finish();
  await room.until((entries) => entries.some(({ type }) => type === 'tool_start'));
  sendOrder(room.directory(), { version: 1, type: 'stop', reason: 'cancelled' });
  const since = performance.now();
  expect((await ended).exit).toMatchObject({ verdict: 'cancelled', tree: 'dead' });
  expect(performance.now() - since).toBeLessThan(10_000);
});

test('an id that is in use is resumed, and the agent is told that it was cut off', async () => {
  const session = { id: randomUUID(), mode: 'new' } as const;
  await roomFor('CODEWORD-fig RECALL', { session }).finish();
  const again = roomFor('CODEWORD-fig RECALL', { session });
  const { exit } = await again.finish();
  expect(exit).toMatchObject({ verdict: 'done', text: 'I recall: CODEWORD-fig. Prompts seen: 2.' });
  expect(exit?.agentSessionId).toBe(session.id);
  expect(modes(again)).toEqual(['new', 'resume']);
  expect(promptsOf(model.requests.at(-1)?.asked).at(-1)).toBe(`${resumePreamble}\n\nCODEWORD-fig RECALL`);
});

test('a session that was never written down is started anew under its id, and still told', async () => {
  const session = { id: randomUUID(), mode: 'resume' } as const;
  const room = roomFor('CODEWORD-plum RECALL', { session, preamble: resumePreamble });
  expect((await room.finish()).exit).toMatchObject({
    verdict: 'done',
    text: 'I recall: CODEWORD-plum. Prompts seen: 1.',
  });
  expect(modes(room)).toEqual(['resume', 'new']);
});

test('a session with a history that is gone is told, and nothing is started in its place', async () => {
  const session = { id: randomUUID(), mode: 'resume', established: true } as const;
  const room = roomFor('hello', { session, preamble: resumePreamble });
  expect((await room.finish()).exit).toMatchObject({
    verdict: 'session_lost',
    message: expect.stringContaining(`has no session ${session.id}`) as string,
  });
  expect(modes(room)).toEqual(['resume']);
});
