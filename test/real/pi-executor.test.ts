// The real pi against the scripted model: what the executor relies on is what this version does.

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Turn } from '../../src/executors/executor.ts';
import { resumePreamble, turnAs } from '../../src/executors/preamble.ts';
import { promptsOf, toolResultsOf } from '../fixtures/model-server/script.ts';
import { cachedAgent } from './agent-cache.ts';
import { pointAt, subjects } from './agent-subjects.ts';
import { createExecutorRoom, endOf, sessionOf, type ExecutorRoom } from './executor-room.ts';
import { killNow, whenChanged } from './homer-room.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let bin = '';
let room: ExecutorRoom;

beforeAll(async () => {
  bin = await cachedAgent('pi');
}, 600_000);
beforeEach(async () => {
  room = await createExecutorRoom({
    kind: 'pi',
    bin,
    parent: tmpdir(),
    env: { MODEL_KEY: 'not-a-real-key' },
  });
  await pointAt(subjects.pi, room.home, room.model.url);
});
afterEach(async () => room.clean());

const { model: name } = subjects.pi;
const model = { model: name };

/** A turn that begins a session of its own. */
function fresh(prompt: string): Turn & { readonly session: { readonly id: string } } {
  const id = randomUUID();
  return { ...room.turn(prompt), session: { id, mode: 'new' } };
}

/** The next turn of a session. */
function resumption(prompt: string, id: string, more: Partial<Turn> = {}): Turn {
  return room.turn(prompt, { session: { id, mode: 'resume' }, ...more });
}

/** The model is in the middle of a slow answer. */
async function whenSlow(): Promise<void> {
  await room.model.whenRequested(({ asked }) => promptsOf(asked).join(' ').includes('SLOW'));
}

/** All that pi has written down of its sessions. */
async function transcripts(): Promise<string> {
  const sessions = join(room.home, '.pi/agent/sessions');
  const names = existsSync(sessions) ? await readdir(sessions, { recursive: true }) : [];
  const files = names.filter((name) => name.endsWith('.jsonl'));
  return (await Promise.all(files.map((name) => readFile(join(sessions, name), 'utf8')))).join('');
}

describe('a turn', () => {
  test('answers and ends by itself, in the session it was given', async () => {
    const task = fresh('hello');
    const agent = room.start(room.settings('all', model), task);
    const done = { type: 'end', verdict: 'done', text: 'Hello from the scripted model.' };
    expect(await endOf(agent)).toEqual(done);
    expect(agent.events.filter((event) => !('stream' in event))).toEqual([
      { type: 'session', agentSessionId: task.session.id },
      { type: 'text', text: 'Hello from the scripted model.' },
      {
        type: 'usage',
        inputTokens: expect.any(Number) as number,
        outputTokens: 20,
        costUsd: expect.any(Number) as number,
        turns: 1,
      },
      done,
    ]);
  });

  test('gets a prompt of 900 kB, and one a shell would make something of, as it is', async () => {
    const long = `CODEWORD-first ${'é0123456789 '.repeat(70_000)}CODEWORD-last`;
    const awkward = `/it's "quoted" @file $HOME $(touch made) \`id\` $& %s \\n\nsecond line — ünïcødé 🦉 /not a command`;
    await room.run(room.settings('all', model), fresh(long));
    await room.run(room.settings('all', model), fresh(awkward));
    expect(room.model.requests.map(({ asked }) => promptsOf(asked))).toEqual([[long], [awkward]]);
  });

  test('uses a tool, and tells its text as it is written', async () => {
    const agent = room.start(room.settings('all', model), fresh('RUN[echo from-the-tool; touch made]RUN'));
    expect(await endOf(agent)).toMatchObject({
      verdict: 'done',
      text: expect.stringContaining('from-the-tool') as string,
    });
    const toolId = expect.any(String) as string;
    expect(agent.events.filter((event) => event.type.startsWith('tool'))).toEqual([
      { type: 'tool_start', toolId, name: 'bash', summary: 'echo from-the-tool; touch made' },
      { type: 'tool_end', toolId, ok: true, summary: 'from-the-tool' },
    ]);
    expect(existsSync(join(room.cwd, 'made'))).toBe(true);
    const slow = room.start(room.settings('all', model), fresh('SLOW[]'));
    await whenSlow();
    room.model.release();
    expect((await endOf(slow)).text).toMatch(/^w0 .*the end\.$/);
    const pieces = slow.events.filter((event) => event.type === 'text' && event.stream === undefined);
    expect(pieces.slice(0, 2)).toEqual([
      { type: 'text', text: 'w0 ' },
      { type: 'text', text: expect.any(String) as string, delta: true },
    ]);
  });
});

describe('permissions', () => {
  test.each(['none', 'ask'] as const)('%s: only tools that read are there at all', async (permissions) => {
    const agent = room.start(room.settings(permissions, model), fresh('RUN[touch made]RUN'));
    expect(await endOf(agent)).toMatchObject({ text: 'I was not given a tool for commands.' });
    const offered = room.model.requests[0]?.asked.tools ?? [];
    expect([...offered].sort()).toEqual(['find', 'grep', 'ls', 'read']);
    expect(JSON.stringify(agent.events).includes('pi cannot ask for an approval')).toBe(
      permissions === 'ask',
    );
  });

  test('edits: files may be written, commands may not be run', async () => {
    const write = JSON.stringify({ path: 'note', content: 'hey' });
    await room.run(room.settings('edits', model), fresh(`TOOL[write ${write}]TOOL`));
    expect(await readFile(join(room.cwd, 'note'), 'utf8')).toBe('hey');
    expect(await room.run(room.settings('edits', model), fresh('RUN[touch made]RUN'))).toMatchObject({
      text: 'I was not given a tool for commands.',
    });
  });
});

describe('a model that fails', () => {
  test('a wrong key is auth, and told within seconds', async () => {
    const since = performance.now();
    expect(await room.run(room.settings('all', model), fresh('ERR[401]'))).toMatchObject({
      verdict: 'auth',
      message: expect.stringContaining('401') as string,
    });
    expect(performance.now() - since).toBeLessThan(10_000);
  });

  test('no key at all is auth', async () => {
    const end = await room.run(room.settings('all', model), fresh('hello'), { MODEL_KEY: '' });
    expect(end).toMatchObject({ verdict: 'auth', message: expect.stringContaining('No API key') as string });
  });
});

describe('being cut off', () => {
  test('SIGTERM ends a stream at once', async () => {
    const agent = room.start(room.settings('all', model), fresh('SLOW[]'));
    await whenSlow();
    agent.cancel();
    agent.kill('SIGTERM');
    expect(await endOf(agent)).toMatchObject({ verdict: 'lost' });
  });

  test('killed in its first stream, nothing was written down: it is begun anew under its id', async () => {
    const task = fresh('CODEWORD-plum SLOW[]');
    const agent = room.start(room.settings('all', model), task);
    await whenSlow();
    agent.kill('SIGKILL');
    expect(await endOf(agent)).toMatchObject({ verdict: 'lost' });
    const again = turnAs({ ...task, prompt: 'CODEWORD-plum RECALL' }, 'resume');
    expect(await room.start(room.settings('all', model), again).ended).toEqual({ respawnAs: 'new' });
    const anew = room.start(room.settings('all', model), turnAs(again, 'new'));
    expect(await endOf(anew)).toMatchObject({ text: 'I recall: CODEWORD-plum. Prompts seen: 1.' });
    expect(await sessionOf(anew)).toBe(task.session.id);
  });

  test('killed in mid-tool it is lost; resumed, it knows what it was doing and is told to check', async () => {
    const task = fresh(
      "CODEWORD-tangerine RUN[sh -c 'echo $$ > pid.new; mv pid.new pid; exec tail -f /dev/null']RUN",
    );
    const agent = room.start(room.settings('all', model), task);
    await agent.whenEvent('tool_start');
    await whenChanged(room.cwd, () => existsSync(join(room.cwd, 'pid')));
    await whenChanged(room.home, async () => (await transcripts()).includes('"toolCall"'));
    agent.kill('SIGKILL');
    expect(await endOf(agent)).toMatchObject({ verdict: 'lost' });
    // The tool lives on, in its own process group: ending the tree is the runner's task, here it is the test's.
    killNow(Number(await readFile(join(room.cwd, 'pid'), 'utf8')));

    const seen = room.model.requests.length;
    const again = turnAs({ ...task, prompt: 'RECALL RUN[test -e pid && echo second time]RUN' }, 'resume');
    const resumed = room.start(room.settings('all', model), again);
    const end = await endOf(resumed);
    expect(end.verdict).toBe('done');
    expect(end.text).toMatch(/second time[^]*I recall: CODEWORD-tangerine\. Prompts seen: 2\./);
    expect(await sessionOf(resumed)).toBe(task.session.id);
    const told = room.model.requests[seen]?.asked;
    expect(promptsOf(told)).toEqual([task.prompt, `${resumePreamble}\n\n${again.prompt}`]);
    expect(toolResultsOf(told).join(' ')).toMatch(/no result/i);
  });
});

describe('sessions', () => {
  test('a second turn knows the first, and tells what it used itself', async () => {
    const task = fresh('CODEWORD-fig');
    await room.run(room.settings('all', model), task);
    const second = room.start(room.settings('all', model), resumption('RECALL', task.session.id));
    expect(await endOf(second)).toMatchObject({ text: 'I recall: CODEWORD-fig. Prompts seen: 2.' });
    expect(await second.whenEvent('usage')).toMatchObject({ outputTokens: 20, turns: 1 });
  });

  test('one that should be there and is not is told, never replaced', async () => {
    const id = randomUUID();
    expect(await room.run(room.settings('all', model), resumption('hello', id))).toMatchObject({
      verdict: 'session_lost',
      message: `pi no longer has the session ${id}.`,
    });
    expect(room.model.requests).toEqual([]);
  });
});
