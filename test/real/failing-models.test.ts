// Models that fail in ways an agent tries to get over by itself, for up to 80 s each: what the executor makes of it in the end. Here
// they wait side by side; what is told within seconds stands with each agent's own tests.

import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { beforeAll, expect, test, vi } from 'vitest';
import { openExecutor } from '../../src/executors/open.ts';
import { cachedAgent } from './agent-cache.ts';
import { pointAt, subjects } from './agent-subjects.ts';
import type { AgentName } from './agent-versions.ts';
import { createExecutorRoom, endOf } from './executor-room.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

interface Failure {
  /** What the model answers with; `nobody`: it is not there. */
  readonly model: 429 | 500 | 'nobody';
  readonly verdict: string;
  /** Tries that are told before the end; undefined: not all agents tell them. */
  readonly retries?: number;
}

// The longest first, so that two agents are at it all the time.
const failures: readonly (readonly [AgentName, readonly Failure[]])[] = [
  ['qwen', [{ model: 'nobody', verdict: 'offline' }]],
  [
    'opencode',
    [
      { model: 429, verdict: 'rate_limited' },
      { model: 500, verdict: 'agent_error' },
      { model: 'nobody', verdict: 'offline' },
    ],
  ],
  [
    'codex',
    [
      { model: 500, verdict: 'agent_error' },
      { model: 'nobody', verdict: 'offline', retries: 3 },
    ],
  ],
  [
    'pi',
    [
      { model: 429, verdict: 'rate_limited', retries: 3 },
      { model: 500, verdict: 'agent_error', retries: 3 },
      { model: 'nobody', verdict: 'offline', retries: 3 },
    ],
  ],
  // It hides both, and ends its turn without a word: that is no answer.
  [
    'kimi',
    [
      { model: 429, verdict: 'agent_error' },
      { model: 500, verdict: 'agent_error' },
    ],
  ],
];

const bins = new Map<AgentName, string>();

beforeAll(async () => {
  for (const [agent] of failures) bins.set(agent, await cachedAgent(agent));
}, 600_000);

// Its own failures at once: but for its start an agent only waits.
test.concurrent.each(failures)('%s ends as it should, whatever its model does', async (kind, list) => {
  const ends = await Promise.all(list.map((failure) => see(kind, failure)));
  expect(ends).toEqual(list);
});

/** What became of a turn, in the same words. */
async function see(kind: AgentName, { model, retries }: Failure): Promise<Failure> {
  const subject = subjects[kind];
  const room = await createExecutorRoom({ kind, bin: bins.get(kind) ?? '', parent: tmpdir(), env: {} });
  try {
    const env = await pointAt(subject, room.home, room.model.url);
    if (model === 'nobody') await room.model.stop();
    const id = openExecutor(kind).choosesSessionId ? randomUUID() : null;
    const turn = room.turn(model === 'nobody' ? 'hello' : `ERR[${model}]`, { session: { id, mode: 'new' } });
    const agent = room.start(room.settings('all', { model: subject.model }), turn, env);
    const { verdict, message } = await endOf(agent);
    if (kind === 'kimi') expect(message).toContain('without an answer');
    const tries = agent.events.filter((event) => event.type === 'retry').length;
    if (kind === 'codex') expect(tries).toBeGreaterThan(0);
    return retries === undefined ? { model, verdict } : { model, verdict, retries: tries };
  } finally {
    await room.clean();
  }
}
