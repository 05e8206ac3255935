// What real agents ask a person: the answer reaches them whatever happens to the daemon, and takes effect once. That a question
// outlives the daemon that wrote it down is seen for every agent that asks in every-agent.test.ts.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Job } from '../../src/cli/answers.ts';
import { isEnded } from '../../src/core/job.ts';
import { toolResultsOf } from '../fixtures/model-server/script.ts';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';
import { subjects } from './agent-subjects.ts';
import { createHomerRoom, type HomerRoom } from './homer-room.ts';
import { whenAsked } from './questions.ts';
import type { Program } from './program.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

describe.concurrent.each([subjects.claude, subjects.kimi, subjects.qwen])('$agent', (subject) => {
  let bin = '';
  let model: ModelServer;
  let room: HomerRoom;
  let daemon: Program;

  beforeAll(async () => {
    bin = await cachedAgent(subject.agent);
  }, 600_000);
  beforeEach(async () => {
    model = await startModelServer();
    room = await createHomerRoom({ model, subject, bin, executor: { permissions: 'ask' } });
    daemon = await room.serve();
  });
  afterEach(async () => {
    await room.clean();
    await model.stop();
  });

  const whenEnded = (id: string): Promise<Job> => room.whenJob(id, ({ state }) => isEnded(state));
  const made = (): string => readFileSync(join(room.cwd, 'made'), 'utf8');

  async function restart(): Promise<void> {
    daemon.signal('SIGKILL');
    await daemon.ended;
    daemon = await room.serve();
  }

  test('an answer counts although the daemon is killed at once after it', { concurrent: false }, async () => {
    const id = await room.submit('RUN[echo x >> made]RUN');
    const [asked] = await whenAsked(room, id, 1);
    const params = { id: asked?.id ?? '' };
    await (await room.client()).call('approvals.allow', { params });
    await restart();
    expect(await whenEnded(id)).toMatchObject({
      state: 'succeeded',
      crashes: 0,
      runs: [{ verdict: 'done' }],
    });
    expect(made()).toBe('x\n');
    expect(await whenAsked(room, id, 1)).toMatchObject([{ id: asked?.id, state: 'allowed' }]);
  });

  test(
    'a denial is told to the agent, after a restart too, and nothing is done',
    { concurrent: false },
    async () => {
      const id = await room.submit('RUN[echo x >> made]RUN');
      const [asked] = await whenAsked(room, id, 1);
      await restart();
      const client = await room.client();
      const params = { id: asked?.id ?? '' };
      await client.call('approvals.deny', { params });
      const job = await whenEnded(id);
      expect(job).toMatchObject({
        state: 'failed',
        error: { code: 'HOMER_DENIED', message: expect.stringContaining(subject.shell) as string },
        runs: [{ verdict: 'denied' }],
      });
      expect(existsSync(join(room.cwd, 'made'))).toBe(false);
      // Claude Code and Kimi Code go on without the tool and hear why; Qwen Code ends its turn there.
      const heard = model.requests.flatMap(({ asked: request }) => toolResultsOf(request)).join('\n');
      if (subject.agent !== 'qwen') expect(heard).toMatch(/denied|rejected|not (allowed|approved|executed)/i);
      await expect(client.call('approvals.allow', { params })).rejects.toMatchObject({
        code: 'HOMER_APPROVAL_ANSWERED',
        message: expect.stringMatching(/^http:\S+ denied it at /) as string,
      });
      await room.whenQuiet();
    },
  );
});
