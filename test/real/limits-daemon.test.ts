// Usage limits of agents that tell when theirs is lifted, through the daemon: the job is parked until then and goes on by itself
// in the same session. Claude Code has its own in claude-daemon.test.ts; Gemini CLI waits for less than a minute by itself.

import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';
import { subjects } from './agent-subjects.ts';
import { createHomerRoom, type HomerRoom } from './homer-room.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

describe.concurrent.each([
  // It tells the minute only, so the job waits for the end of it: for up to 65 s.
  { subject: subjects.codex, inSeconds: 5, slackMs: 60_000 },
  // It tries three times more by itself first, for 14 s.
  { subject: subjects.pi, inSeconds: 25, slackMs: 5_000 },
])('$subject.agent', ({ subject, inSeconds, slackMs }) => {
  let bin = '';
  let model: ModelServer;
  let room: HomerRoom;

  beforeAll(async () => {
    bin = await cachedAgent(subject.agent);
  }, 600_000);
  beforeEach(async () => {
    model = await startModelServer();
    room = await createHomerRoom({ model, subject, bin });
    await room.serve();
  });
  afterEach(async () => {
    await room.clean();
    await model.stop();
  });

  test('a limit with a time parks the job until then, and it goes on', { concurrent: false }, async () => {
    const resetsAt = Math.ceil(Date.now() / 1000) + inSeconds;
    const id = await room.submit(`LIMIT[${resetsAt}] CODEWORD-quince RECALL`);
    const parked = await room.whenJob(id, ({ state }) => state !== 'queued' && state !== 'running');
    expect(parked).toMatchObject({
      state: 'parked',
      error: { code: 'HOMER_USAGE_LIMIT' },
      attempts: 0,
      runs: [{ verdict: 'rate_limited' }],
    });
    const dueAt = Date.parse(parked.dueAt ?? '');
    expect(dueAt).toBeGreaterThanOrEqual(resetsAt * 1000 - 1_000);
    expect(dueAt).toBeLessThanOrEqual(resetsAt * 1000 + slackMs);
    const job = await room.whenJob(id, ({ state }) => state === 'succeeded' || state === 'failed');
    expect(job).toMatchObject({
      state: 'succeeded',
      result: { text: expect.stringContaining('I recall: CODEWORD-quince.') as string },
      runs: [{ verdict: 'rate_limited' }, { verdict: 'done' }],
    });
    expect(Date.parse(job.runs[1]?.startedAt ?? '')).toBeGreaterThanOrEqual(dueAt);
    expect(job.runs[1]?.agentSessionId).toBe(job.runs[0]?.agentSessionId);
  });
});
