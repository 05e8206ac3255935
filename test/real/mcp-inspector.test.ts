// The MCP Inspector's command line, which is somebody else's client: it lists and calls every tool over both transports.

import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DaemonRecord } from '../../src/lifecycle/record.ts';
import { tools } from '../../src/mcp/server.ts';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { createHomerRoom, type HomerRoom } from './homer-room.ts';
import { cacheDirectory, cachedPackages } from './npm-cache.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

const version = '2.12.0';
const program = 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js';
const main = join(import.meta.dirname, '../../src/cli/main.ts');
const run = promisify(execFile);

interface Result {
  readonly isError?: boolean;
  readonly content: readonly { readonly text: string }[];
}

let inspector = '';
let model: ModelServer;
let room: HomerRoom;
let http: readonly string[] = [];
let stdio: readonly string[] = [];

beforeAll(async () => {
  const isWhole = async (directory: string): Promise<boolean> =>
    access(join(directory, program)).then(
      () => true,
      () => false,
    );
  const packages = [`@modelcontextprotocol/inspector@${version}`];
  const directory = await cachedPackages(cacheDirectory('inspector'), version, packages, isWhole);
  inspector = join(directory, program);
  model = await startModelServer();
  room = await createHomerRoom({ model, bin: 'no-agent', executor: null });
  await room.serve();
  const { port } = JSON.parse(await readFile(join(room.home, 'daemon.json'), 'utf8')) as DaemonRecord;
  const token = (await readFile(join(room.home, 'token'), 'utf8')).trim();
  http = [
    `http://127.0.0.1:${port}/mcp`,
    '--transport',
    'http',
    '--header',
    `Authorization: Bearer ${token}`,
  ];
  const config = join(room.cwd, 'servers.json');
  const homer = {
    type: 'stdio',
    command: process.execPath,
    args: [main, 'mcp'],
    env: { HOMER_HOME: room.home },
  };
  await writeFile(config, JSON.stringify({ mcpServers: { homer } }));
  stdio = ['--config', config, '--server', 'homer'];
});
afterAll(async () => {
  await room.clean();
  await model.stop();
});

async function inspect<Answer>(server: readonly string[], ...method: readonly string[]): Promise<Answer> {
  const { stdout } = await run(process.execPath, [inspector, '--cli', ...server, '--method', ...method], {
    env: { PATH: process.env['PATH'], HOME: room.userHome },
  });
  return JSON.parse(stdout) as Answer;
}

async function call<Answer>(
  server: readonly string[],
  tool: string,
  input: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const pairs = Object.entries(input).flatMap(([name, value]) => [
    '--tool-arg',
    `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  ]);
  const { isError, content } = await inspect<Result>(server, 'tools/call', '--tool-name', tool, ...pairs);
  expect([tool, isError ?? false, content[0]?.text]).toEqual([tool, false, expect.any(String)]);
  return JSON.parse(content[0]?.text ?? '') as Answer;
}

describe.each(['http', 'stdio'])('%s', (transport) => {
  test('every tool is listed, and answers', async () => {
    const server = transport === 'http' ? http : stdio;
    const listed = await inspect<{ tools: { name: string }[] }>(server, 'tools/list');
    const names = tools.map(({ name }) => name);
    expect(listed.tools.map(({ name }) => name).sort()).toEqual([...names].sort());
    const called = new Set<string>();
    const use = <Answer>(tool: string, input: Readonly<Record<string, unknown>> = {}): Promise<Answer> => {
      called.add(tool);
      return call<Answer>(server, tool, input);
    };
    interface JobAnswer {
      readonly job: { readonly id: string };
    }

    const { job } = await use<JobAnswer>('create_job', { prompt: 'cat', executor: 'shell' });
    expect(await use('wait_for_jobs', { ids: [job.id] })).toMatchObject({
      ended: true,
      jobs: [{ id: job.id, state: 'succeeded' }],
    });
    expect(await use('get_job', { id: job.id })).toMatchObject({ job: { prompt: 'cat' } });
    expect(await use('list_jobs')).toMatchObject({ jobs: expect.any(Array) as unknown[] });
    const parent = (await call<JobAnswer>(server, 'create_job', { prompt: 'sleep 60', executor: 'shell' }))
      .job.id;
    const child = await use<JobAnswer>('spawn_job', { prompt: 'sleep 60', executor: 'shell', parent });
    expect(child).toMatchObject({ job: { parentId: parent } });
    await use('cancel_job', { id: parent });

    const name = `morning-${transport}`;
    const rule = { kind: 'cron', spec: '0 8 * * *', prompt: 'echo hello', executor: 'shell' };
    await use('schedule_create', { name, ...rule });
    expect(await use('schedule_pause', { id: name })).toMatchObject({ schedule: { enabled: false } });
    expect(await use('schedule_resume', { id: name })).toMatchObject({ schedule: { enabled: true } });
    expect(await use('schedule_list')).toMatchObject({ schedules: [{ name }] });
    await use('schedule_remove', { id: name });

    const { reminder } = await use<{ reminder: { id: string } }>('remind', {
      phrase: 'in 2 hours to call Bob',
    });
    expect(await use('reminder_list')).toMatchObject({ reminders: [{ text: 'call Bob' }] });
    await use('reminder_remove', { id: reminder.id });

    const question = `Which one, over ${transport}?`;
    expect(await use('ask_person', { question, waitSeconds: 0 })).toMatchObject({ state: 'pending' });
    expect((await room.homer('answer', 'last', 'the second').ended).code).toBe(0);
    expect(await use('ask_person', { question })).toMatchObject({ state: 'answered', answer: 'the second' });
    expect(await use('send_message', { text: 'hello', to: 'web' })).toMatchObject({ message: { to: 'web' } });

    const files = [{ path: 'index.html', text: '<h1>hello</h1>' }];
    await use('canvas_put', { name: transport, files });
    expect(await use('canvas_list')).toMatchObject({ canvases: [{ name: transport }] });
    await use('canvas_remove', { name: transport });

    expect([...called].sort()).toEqual([...names].sort());
  });
});
