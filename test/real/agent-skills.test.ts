// Other real agents and the skills of a job: each is offered what can be used here, once.

import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';
import { subjects } from './agent-subjects.ts';
import { createHomerRoom, type HomerRoom } from './homer-room.ts';
import { lacking, writeSkill } from './skill-folder.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 });

let model: ModelServer;
let room: HomerRoom;
beforeEach(async () => {
  model = await startModelServer();
});
afterEach(async () => {
  await room.clean();
  await model.stop();
});

async function offeredTo(agent: 'pi' | 'codex' | 'opencode' | 'gemini' | 'qwen' | 'kimi'): Promise<string[]> {
  room = await createHomerRoom({ model, subject: subjects[agent], bin: await cachedAgent(agent) });
  await writeSkill(join(room.cwd, 'skills/clock'), 'WORKSPACE-CAN');
  await writeSkill(join(room.userHome, '.agents/skills/weather'), 'SHARED-CAN');
  await writeSkill(join(room.userHome, '.agents/skills/lacking'), 'SHARED-LACKS', lacking);
  await writeSkill(join(room.userHome, '.claude/skills/legacy'), 'CLAUDE-CAN');
  await writeSkill(join(room.userHome, '.claude/skills/other'), 'CLAUDE-LACKS', lacking);
  const ended = await room.homer('run', 'hello').ended;
  expect(`${ended.code} ${ended.errorOutput}`).toMatch(/^0 /);
  // A title for the session is another request.
  const asked = JSON.stringify(model.requests.at(-1)?.body);
  return (asked.match(/[A-Z]+-(?:CAN|LACKS)/g) ?? []).sort();
}

test.each(['pi', 'codex', 'opencode'] as const)(
  '%s is offered what can be used, once, and no other',
  async (agent) => {
    expect(await offeredTo(agent)).toEqual(['CLAUDE-CAN', 'SHARED-CAN', 'WORKSPACE-CAN']);
  },
);

test.each(['gemini', 'qwen', 'kimi'] as const)(
  '%s is offered what can be used, beside what it finds itself',
  async (agent) => {
    expect(await offeredTo(agent)).toEqual(
      expect.arrayContaining(['CLAUDE-CAN', 'SHARED-CAN', 'WORKSPACE-CAN']),
    );
  },
);
