// A model that cannot be reached, or takes the request and never answers: whatever the agent makes of it by itself, the run is
// over at its limit and nothing is left of it.

import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Limits } from '../../src/runner/files.ts';
import { createRunRoom, type RunRoom } from '../e2e/run-room.ts';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';
import { allSubjects, pointAt, type AgentSubject } from './agent-subjects.ts';
import type { AgentName } from './agent-versions.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** From a limit to the proof that nothing is left: two looks, the ladder, the proof; and the agent's own start. */
const graceMs = 20_000;

const bins = new Map<AgentName, string>();
const rooms: RunRoom[] = [];
const roots: string[] = [];
let silent: ModelServer;

beforeAll(async () => {
  for (const { agent } of allSubjects) bins.set(agent, await cachedAgent(agent));
  silent = await startModelServer();
}, 600_000);
afterAll(async () => {
  await Promise.all(rooms.map((room) => room.clean()));
  await silent.stop();
  for (const root of roots) await rm(root, { recursive: true, force: true, maxRetries: 5 });
});

async function run(subject: AgentSubject, prompt: string, url: string, limits: Partial<Limits>) {
  const root = await mkdtemp(join(tmpdir(), 'homer-unreachable-'));
  roots.push(root);
  await mkdir(join(root, 'work'));
  const env = await pointAt(subject, root, url);
  const { agent, model } = subject;
  const room = createRunRoom({
    script: '',
    real: true,
    limits,
    settings: {
      kind: agent,
      name: agent,
      bin: bins.get(agent) ?? '',
      args: [],
      permissions: 'ask',
      input: 'stdin',
      model,
    },
    turn: {
      prompt,
      cwd: join(root, 'work'),
      session: { id: randomUUID(), mode: 'new' },
      preamble: null,
    },
    env: { HOME: root, TMPDIR: root, ...env },
  });
  rooms.push(room);
  const { exit } = await room.finish();
  if (exit === null) throw new Error('The runner left no record of the end.');
  return { exit, tookMs: exit.endedAt - exit.startedAt };
}

describe.each(allSubjects)('$agent', (subject) => {
  const { agent } = subject;
  test.concurrent('with nobody at the address ends by itself or at the limit of the run', async () => {
    const nobody = await startModelServer();
    await nobody.stop();
    const limitMs = 15_000;
    const { exit, tookMs } = await run(subject, 'hello', nobody.url, { wallMs: limitMs, stallMs: 0 });
    // Kimi Code hides that nobody is there.
    const told = agent === 'kimi' ? 'agent_error' : 'offline';
    expect([told, 'timed_out']).toContain(exit.verdict);
    expect(exit.tree).toBe('dead');
    expect(tookMs).toBeLessThan(limitMs + graceMs);
  });

  test.concurrent('is not waited for longer than the limit when it gets no answer', async () => {
    const { exit, tookMs } = await run(subject, 'STALL[]', silent.url, { wallMs: 0, stallMs: 6_000 });
    expect(exit).toMatchObject({ verdict: 'stalled', tree: 'dead' });
    expect(tookMs).toBeLessThan(6_000 + graceMs);
  });

  test.concurrent('is not listened to for longer than the limit when the answer never ends', async () => {
    // Without a limit on silence: not every agent shows an answer word by word.
    const { exit, tookMs } = await run(subject, 'SLOW[]', silent.url, { wallMs: 8_000, stallMs: 0 });
    expect(exit).toMatchObject({ verdict: 'timed_out', tree: 'dead' });
    expect(tookMs).toBeLessThan(8_000 + graceMs);
  });
});
