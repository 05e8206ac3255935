// Children that leave the tool of a real agent where there is no namespace to keep them: what docs/containment.md promises of the
// level `sweep`. With a namespace every agent is seen in every-agent.test.ts.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';
import { subjects } from './agent-subjects.ts';
import { escapees } from './escapees.ts';
import { createHomerRoom, killNow, whenChanged, type HomerRoom } from './homer-room.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe.each([subjects.claude, subjects.codex])('$agent', (subject) => {
  let bin = '';
  let model: ModelServer;
  let room: HomerRoom;

  beforeAll(async () => {
    bin = await cachedAgent(subject.agent);
  }, 600_000);
  beforeEach(async () => {
    model = await startModelServer();
    room = await createHomerRoom({ model, subject, bin, executor: { isolation: 'none' } });
    await room.serve();
  });
  afterEach(async () => {
    await room.clean();
    await model.stop();
  });

  test('without a namespace, what kept its environment or its parent is ended by a cancel', async () => {
    const away = escapees(room.cwd, { farthest: false });
    try {
      const id = await room.submit(`RUN[${away.command}]RUN`);
      await whenChanged(room.cwd, () => existsSync(join(room.cwd, 'up')));
      expect(away.alive()).toHaveLength(3);
      expect(await room.homer('cancel', id).ended).toMatchObject({ code: 0 });
      const job = await room.whenJob(id, ({ state }) => state !== 'running');
      expect(job).toMatchObject({ state: 'cancelled', runs: [{ verdict: 'cancelled' }] });
      expect(away.alive()).toEqual([]);
      await room.whenQuiet();
    } finally {
      away.alive().forEach(killNow);
    }
  });
});
