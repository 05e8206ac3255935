// The real Claude Code and the skills of its session: what the model is offered is what can be used here, from the snapshot, and
// nothing of its user's own besides.

import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { SessionAnswer } from '../../src/cli/answers.ts';
import { toolResultsOf } from '../fixtures/model-server/script.ts';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';
import { createHomerRoom, type HomerRoom } from './homer-room.ts';
import { lacking, writeSkill } from './skill-folder.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let bin = '';
let model: ModelServer;
let room: HomerRoom;

beforeAll(async () => {
  bin = await cachedAgent('claude');
}, 600_000);
beforeEach(async () => {
  model = await startModelServer();
});
afterEach(async () => {
  await room.clean();
  await model.stop();
});

async function open(permissions: string, sandbox = 'none'): Promise<void> {
  room = await createHomerRoom({ model, bin, executor: { permissions, sandbox } });
  const own = join(room.userHome, '.claude/skills');
  await writeSkill(join(own, 'weather'), 'ELIGIBLE-OF-USER');
  await writeSkill(join(own, 'lacking'), 'LACKING-OF-USER', lacking);
  await writeSkill(join(own, 'by-hand'), 'ONLY-A-PERSON', 'disable-model-invocation: true\n');
  await writeSkill(join(room.cwd, 'skills/clock'), 'ELIGIBLE-OF-WORKSPACE');
  await writeSkill(join(room.cwd, 'skills/missing'), 'LACKING-OF-WORKSPACE', lacking);
  await writeSkill(join(room.cwd, '.agents/skills/weather'), 'WEATHER-OF-WORKSPACE');
  await room.serve();
}

function offered(): readonly string[] {
  const text = JSON.stringify(model.requests.map(({ body }) => body));
  const all = /ELIGIBLE-OF-USER|LACKING-OF-USER|ONLY-A-PERSON|[A-Z]+-OF-WORKSPACE/g;
  return [...new Set(text.match(all))].sort();
}

test('the model is offered what can be used, once, and what the user has besides is hidden from it', async () => {
  await open('all');
  expect(await room.homer('run', '-s', 'web', 'hello').ended).toMatchObject({ code: 0 });
  expect(offered()).toEqual(['ELIGIBLE-OF-WORKSPACE', 'WEATHER-OF-WORKSPACE']);
  expect(JSON.stringify(model.requests[0]?.body)).toContain('homer:weather: WEATHER-OF-WORKSPACE');
});

test.each(['none', 'ask'])(
  'with permissions: %s it uses a skill and reads what belongs to it, unasked',
  async (permissions) => {
    await open(permissions);
    const used = await room.homer('run', '-s', 'web', 'TOOL[Skill {"skill":"homer:clock"}]TOOL').ended;
    expect(used).toMatchObject({ code: 0 });
    expect(JSON.stringify(model.requests.at(-1)?.body)).toContain('BODY-OF-clock');
    const shown = JSON.parse(
      (await room.homer('sessions', 'show', 'web', '--json').ended).output,
    ) as SessionAnswer;
    const folder = join(room.home, 'skills-store/snapshots', shown.session.snapshotId ?? '', 'skills/clock');
    const read = `TOOL[Read ${JSON.stringify({ file_path: join(folder, 'more.txt') })}]TOOL`;
    expect(await room.homer('run', '-s', 'web', read).ended).toMatchObject({ code: 0 });
    expect(toolResultsOf(model.requests.at(-1)?.asked).join()).toContain('MORE-OF-clock');
  },
);

test('in a sandbox it reads its skills although the rest of the state directory is hidden, and cannot change them', async () => {
  await open('all', 'workspace');
  const path = join(room.home, 'skills-store');
  const order = `ls ${path} ${path}/snapshots; cat ${path}/snapshots/*/skills/clock/more.txt; echo bad > ${path}/snapshots/*/skills/clock/more.txt; ls ${room.home}`;
  const ended = await room.homer('run', '-s', 'web', `RUN[${order}]RUN`).ended;
  expect(ended.code).toBe(0);
  expect(ended.output).toContain('MORE-OF-clock');
  expect(ended.output).toMatch(/Read-only file system/);
  expect(ended.output).not.toMatch(/homer\.db|blobs/);
  expect(offered()).toEqual(['ELIGIBLE-OF-WORKSPACE', 'WEATHER-OF-WORKSPACE']);
});

test('with skills: false all is as its user has it', async () => {
  await open('all');
  await room.homer('stop').ended;
  const file = join(room.home, 'config.yaml');
  const config = JSON.parse(await readFile(file, 'utf8')) as { executors: { claude: object } };
  await writeFile(
    file,
    JSON.stringify({ executors: { claude: { ...config.executors.claude, skills: false } } }),
  );
  expect(dirname(file)).toBe(room.home);
  expect(await room.homer('run', '-s', 'web', 'hello').ended).toMatchObject({ code: 0 });
  expect(offered()).toEqual(['ELIGIBLE-OF-USER', 'LACKING-OF-USER']);
});
