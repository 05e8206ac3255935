// Other real agents and the skills of a session: each is offered what can be used here, once.

import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openRoom, type Room } from '../e2e/cli-process.ts';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { acpSubjects } from './acp-agents.ts';
import { cachedAgent } from './agent-cache.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 });

let model: ModelServer;
let room: Room;
beforeEach(async () => {
  model = await startModelServer();
  // Codex refuses to work below the system's temporary directory.
  const rooms = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'homer/rooms');
  await mkdir(rooms, { recursive: true });
  room = await openRoom(rooms);
});
afterEach(async () => {
  await room.close();
  await model.stop();
});

/** Writes what points the agent at the model below HOME; gives the rest of its executor. */
const agents: Readonly<Record<'pi' | 'codex' | 'opencode', () => Promise<object>>> = {
  async pi() {
    const models = [{ id: 'scripted', contextWindow: 128_000, maxTokens: 8_000 }];
    const scripted = { baseUrl: `${model.url}/v1`, api: 'openai-completions', apiKey: 'not-a-key', models };
    await write('.pi/agent/models.json', JSON.stringify({ providers: { scripted } }));
    return { model: 'scripted/scripted' };
  },
  async codex() {
    const provider = [
      'name = "scripted"',
      `base_url = "${model.url}/v1"`,
      'wire_api = "responses"',
      'env_key = "K"',
    ];
    const lines = [
      'model = "scripted"',
      'model_provider = "scripted"',
      '[model_providers.scripted]',
      ...provider,
    ];
    await write('.codex/config.toml', lines.join('\n'));
    return { setEnv: { K: 'not-a-key' } };
  },
  async opencode() {
    const subject = acpSubjects.find(({ agent }) => agent === 'opencode');
    return { setEnv: await subject?.configure({ home: room.work }, model.url) };
  },
};

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(room.work, path, '..'), { recursive: true });
  await writeFile(join(room.work, path), text);
}

const skill = (folder: string, description: string, more = ''): Promise<void> =>
  write(join(folder, 'SKILL.md'), `---\ndescription: ${description}\n${more}---\nBody\n`);

test.each(['pi', 'codex', 'opencode'] as const)(
  '%s is offered what can be used, once, and no other',
  async (kind) => {
    const more = await agents[kind]();
    const lacking = 'metadata: {"homer":{"requires":{"bins":["no-such-program"]}}}\n';
    await skill('skills/clock', 'WORKSPACE-CAN');
    await skill('.agents/skills/weather', 'SHARED-CAN');
    await skill('.agents/skills/lacking', 'SHARED-LACKS', lacking);
    await skill('.claude/skills/legacy', 'CLAUDE-CAN');
    await skill('.claude/skills/other', 'CLAUDE-LACKS', lacking);
    const agent = { kind, bin: await cachedAgent(kind), permissions: 'ask', ...more };
    await mkdir(room.home, { mode: 0o700 });
    await writeFile(
      join(room.home, 'config.yaml'),
      JSON.stringify({ executors: { agent }, defaultExecutor: 'agent' }),
    );
    const ended = await room.run(['run', 'hello']);
    expect(`${ended.code} ${ended.stderr}`).toMatch(/^0 /);
    // A title for the session is another model's work.
    const asked = JSON.stringify(model.requests.at(-1)?.body);
    expect((asked.match(/[A-Z]+-(?:CAN|LACKS)/g) ?? []).sort()).toEqual([
      'CLAUDE-CAN',
      'SHARED-CAN',
      'WORKSPACE-CAN',
    ]);
  },
);
