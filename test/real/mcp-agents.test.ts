// Other agents than Claude Code find Homer's own tools, too, each in its own way.

import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { isEnded } from '../../src/core/job.ts';
import { toolResultsOf } from '../fixtures/model-server/script.ts';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';
import { subjects } from './agent-subjects.ts';
import { createHomerRoom, type HomerRoom } from './homer-room.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const listed = /"reminders\\*": \[\]/;
const cases = [
  // Its tools of servers are found by a search that the scripted model cannot do; that the server is there and speaks it can.
  { subject: subjects.codex, order: 'TOOL[list_mcp_resources {"server":"homer"}]TOOL', told: /-32601/ },
  { subject: subjects.kimi, order: 'TOOL[mcp__homer__reminder_list {}]TOOL', told: listed },
  { subject: subjects.opencode, order: 'TOOL[homer_reminder_list {}]TOOL', told: listed },
  {
    subject: subjects.qwen,
    // It goes on to connect to servers after it has begun.
    order: `GULLIBLE RUN[sleep 3; echo 'TOOL[tool_call {"name":"mcp__homer__reminder_list","arguments":{}}]TOOL']RUN`,
    told: listed,
  },
];

describe.each(cases)('$subject.agent', ({ subject, order, told }) => {
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

  test('calls a tool of Homer, with the rights of its run', async () => {
    // The owner's reminder is not the run's to see.
    expect((await room.homer('remind', 'in 2 hours to call Bob').ended).code).toBe(0);
    const id = await room.submit('-s', 'kitchen', order);
    const job = await room.whenJob(id, ({ state }) => isEnded(state));
    expect(job).toMatchObject({ state: 'succeeded', error: null });
    expect(model.requests.map(({ asked }) => toolResultsOf(asked).join('')).join('')).toMatch(told);
  });
});
