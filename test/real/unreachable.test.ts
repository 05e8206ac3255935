// A model that cannot be reached, or takes the request and never answers: whatever the agent makes of it by itself, the run is
// over at its limit and nothing is left of it.

import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ExecutorKind } from '../../src/core/agent.ts';
import type { Limits } from '../../src/runner/files.ts';
import { createRunRoom, type RunRoom } from '../e2e/run-room.ts';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';
import type { AgentName } from './agent-versions.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

interface Subject {
  readonly agent: AgentName;
  readonly kind: ExecutorKind;
  /** What points it at the model. */
  env(url: string): Readonly<Record<string, string>>;
  /** Files below HOME that it needs besides. */
  files?(url: string): Readonly<Record<string, unknown>>;
}

const subjects: readonly Subject[] = [
  {
    agent: 'claude',
    kind: 'claude',
    env: (url) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'sk-not-a-real-key' }),
  },
  {
    agent: 'gemini',
    kind: 'gemini',
    env: (url) => ({ GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: 'not-a-real-key' }),
    files: () => ({ '.gemini/settings.json': { security: { auth: { selectedType: 'gemini-api-key' } } } }),
  },
];

/** From a limit to the proof that nothing is left: two looks, the ladder, the proof; and the agent's own start. */
const graceMs = 20_000;

const bins = new Map<AgentName, string>();
const rooms: RunRoom[] = [];
const roots: string[] = [];
let silent: ModelServer;

beforeAll(async () => {
  for (const { agent } of subjects) bins.set(agent, await cachedAgent(agent));
  silent = await startModelServer();
}, 600_000);
afterAll(async () => {
  await Promise.all(rooms.map((room) => room.clean()));
  await silent.stop();
  for (const root of roots) await rm(root, { recursive: true, force: true, maxRetries: 5 });
});

async function run(subject: Subject, prompt: string, url: string, limits: Partial<Limits>) {
  const root = await mkdtemp(join(tmpdir(), 'homer-unreachable-'));
  roots.push(root);
  await mkdir(join(root, 'work'));
  for (const [name, content] of Object.entries(subject.files?.(url) ?? {})) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), JSON.stringify(content));
  }
  const { kind, agent } = subject;
  const room = createRunRoom({
    script: '',
    real: true,
    limits,
    settings: { kind, name: agent, bin: bins.get(agent) ?? '', args: [], permissions: 'ask', input: 'stdin' },
    turn: {
      prompt,
      cwd: join(root, 'work'),
      session: { id: randomUUID(), mode: 'new' },
      preamble: null,
    },
    env: { HOME: root, TMPDIR: root, ...subject.env(url) },
  });
  rooms.push(room);
  const { exit } = await room.finish();
  if (exit === null) throw new Error('The runner left no record of the end.');
  return { exit, tookMs: exit.endedAt - exit.startedAt };
}

describe.each(subjects)('$agent', (subject) => {
  test.concurrent('with nobody at the address ends by itself or at the limit of the run', async () => {
    const nobody = await startModelServer();
    await nobody.stop();
    const { exit, tookMs } = await run(subject, 'hello', nobody.url, { wallMs: 45_000, stallMs: 0 });
    expect(['offline', 'timed_out']).toContain(exit.verdict);
    expect(exit.tree).toBe('dead');
    expect(tookMs).toBeLessThan(45_000 + graceMs);
  });

  test.concurrent('is not waited for longer than the limit when it gets no answer', async () => {
    const { exit, tookMs } = await run(subject, 'STALL[]', silent.url, { wallMs: 0, stallMs: 6_000 });
    expect(exit).toMatchObject({ verdict: 'stalled', tree: 'dead' });
    expect(tookMs).toBeLessThan(6_000 + graceMs);
  });

  test.concurrent('is not listened to for longer than the limit when the answer never ends', async () => {
    // Without a limit on silence: not every agent shows an answer word by word.
    const { exit, tookMs } = await run(subject, 'SLOW[]', silent.url, { wallMs: 12_000, stallMs: 0 });
    expect(exit).toMatchObject({ verdict: 'timed_out', tree: 'dead' });
    expect(tookMs).toBeLessThan(12_000 + graceMs);
  });
});
