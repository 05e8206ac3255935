// The runner with the real Claude Code, where the agent refuses the session it is started in.

import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Turn } from '../../src/executors/executor.ts';
import { resumePreamble } from '../../src/executors/preamble.ts';
import { createRunRoom, type RunRoom } from '../e2e/run-room.ts';
import { promptsOf } from '../fixtures/model-server/script.ts';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let bin = '';
let root = '';
let model: ModelServer;
let rooms: RunRoom[] = [];

beforeAll(async () => {
  bin = await cachedAgent('claude');
}, 600_000);
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'homer-claude-'));
  await mkdir(join(root, 'work'));
  model = await startModelServer();
});
afterEach(async () => {
  for (const room of rooms) await room.clean();
  rooms = [];
  await model.stop();
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
});

function roomFor(session: Turn['session'], preamble: string | null): RunRoom {
  const room = createRunRoom({
    script: '',
    real: true,
    settings: { kind: 'claude', name: 'claude', bin, args: [], permissions: 'ask', input: 'stdin' },
    turn: { prompt: 'CODEWORD-fig RECALL', cwd: join(root, 'work'), session, preamble },
    env: { HOME: root, TMPDIR: root, ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: 'sk-not-a-real-key' },
  });
  rooms.push(room);
  return room;
}

const modes = (room: RunRoom): readonly string[] =>
  room.journal().flatMap((entry) => (entry.type === 'agent_started' ? [entry.mode] : []));

test('an id that is in use is resumed, and the agent is told that it was cut off', async () => {
  const session = { id: randomUUID(), mode: 'new' } as const;
  await roomFor(session, null).finish();
  const again = roomFor(session, null);
  const { exit } = await again.finish();
  expect(exit).toMatchObject({ verdict: 'done', text: 'I recall: CODEWORD-fig. Prompts seen: 2.' });
  expect(exit?.agentSessionId).toBe(session.id);
  expect(modes(again)).toEqual(['new', 'resume']);
  expect(promptsOf(model.requests.at(-1)?.asked).at(-1)).toBe(`${resumePreamble}\n\nCODEWORD-fig RECALL`);
});

test('a session that was never written down is started anew under its id, and still told', async () => {
  const room = roomFor({ id: randomUUID(), mode: 'resume' }, resumePreamble);
  expect((await room.finish()).exit).toMatchObject({
    verdict: 'done',
    text: 'I recall: CODEWORD-fig. Prompts seen: 1.',
  });
  expect(modes(room)).toEqual(['resume', 'new']);
  expect(promptsOf(model.requests.at(-1)?.asked)).toEqual([`${resumePreamble}\n\nCODEWORD-fig RECALL`]);
});
