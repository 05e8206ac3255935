// The real Codex against the scripted model: what the executor relies on is what this version does.

import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
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
let parent = '';
let room: ExecutorRoom;

beforeAll(async () => {
  bin = await cachedAgent('codex');
  // Its own sandbox does not work with a home under the temporary directory: it refuses to put its helper there.
  parent = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'homer/rooms');
  await mkdir(parent, { recursive: true });
}, 600_000);
beforeEach(async () => {
  room = await createExecutorRoom({ kind: 'codex', bin, parent, env: { MODEL_KEY: 'not-a-real-key' } });
  await pointAt(subjects.codex, room.home, room.model.url);
});
afterEach(async () => room.clean());

/** The next turn of a session. */
function resumption(prompt: string, id: string, more: Partial<Turn> = {}): Turn {
  return room.turn(prompt, { session: { id, mode: 'resume' }, ...more });
}

describe('a turn', () => {
  test('answers and ends by itself', async () => {
    const agent = room.start(room.settings('edits'), room.turn('hello'));
    const done = { type: 'end', verdict: 'done', text: 'Hello from the scripted model.' };
    expect(await endOf(agent)).toEqual(done);
    expect(agent.events.filter((event) => !('stream' in event))).toEqual([
      { type: 'session', agentSessionId: expect.any(String) as string },
      { type: 'text', text: 'Hello from the scripted model.' },
      { type: 'usage', inputTokens: expect.any(Number) as number, outputTokens: 20, costUsd: null },
      done,
    ]);
  });

  test('gets a prompt of 900 kB, and one a shell would make something of, as it is', async () => {
    const long = `CODEWORD-first ${'é0123456789 '.repeat(70_000)}CODEWORD-last`;
    const awkward = `it's "quoted" $HOME $(touch made) \`id\` $& %s \\n\nsecond line — ünïcødé 🦉 /not a command`;
    await room.run(room.settings('edits'), room.turn(long));
    await room.run(room.settings('edits'), room.turn(awkward));
    expect(room.model.requests.map(({ asked }) => promptsOf(asked))).toEqual([[long], [awkward]]);
  });

  test('uses a tool', async () => {
    const agent = room.start(room.settings('edits'), room.turn('RUN[echo from-the-tool; touch made]RUN'));
    expect(await endOf(agent)).toMatchObject({
      verdict: 'done',
      text: expect.stringContaining('from-the-tool') as string,
    });
    const toolId = expect.any(String) as string;
    expect(agent.events.filter((event) => event.type.startsWith('tool'))).toEqual([
      { type: 'tool_start', toolId, name: 'shell', summary: 'echo from-the-tool; touch made' },
      { type: 'tool_end', toolId, ok: true, summary: 'from-the-tool' },
    ]);
    expect(existsSync(join(room.cwd, 'made'))).toBe(true);
  });
});

describe('permissions', () => {
  const writesBoth = (): string => `RUN[echo in > inside; echo out > ${join(room.home, 'outside')}]RUN`;

  test('none: it reads and writes nothing', async () => {
    expect(await room.run(room.settings('none'), room.turn(writesBoth()))).toMatchObject({
      verdict: 'done',
      text: expect.stringContaining('Read-only file system') as string,
    });
    expect([existsSync(join(room.cwd, 'inside')), existsSync(join(room.home, 'outside'))]).toEqual([
      false,
      false,
    ]);
  });

  test.each(['ask', 'edits'] as const)(
    '%s: it writes in its directory and nowhere else',
    async (permissions) => {
      const agent = room.start(room.settings(permissions), room.turn(writesBoth()));
      expect((await endOf(agent)).text).toContain('Read-only file system');
      expect([existsSync(join(room.cwd, 'inside')), existsSync(join(room.home, 'outside'))]).toEqual([
        true,
        false,
      ]);
      const remarks = JSON.stringify(agent.events);
      expect(remarks.includes('Codex cannot ask for an approval')).toBe(permissions === 'ask');
    },
  );

  test('all: it writes anywhere', async () => {
    await room.run(room.settings('all'), room.turn(writesBoth()));
    expect([existsSync(join(room.cwd, 'inside')), existsSync(join(room.home, 'outside'))]).toEqual([
      true,
      true,
    ]);
  });

  test('keeps to them when it is resumed', async () => {
    const first = room.start(room.settings('all'), room.turn('hello'));
    const id = await sessionOf(first);
    await endOf(first);
    await room.run(room.settings('none'), resumption(writesBoth(), id));
    expect(existsSync(join(room.cwd, 'inside'))).toBe(false);
  });

  test('what a rule of its own wants approved is denied', async () => {
    await mkdir(join(room.home, '.codex/rules'));
    const rule = 'prefix_rule(pattern=["touch"], decision="prompt")\n';
    await writeFile(join(room.home, '.codex/rules/default.rules'), rule);
    expect(await room.run(room.settings('edits'), room.turn('RUN[touch made]RUN'))).toMatchObject({
      verdict: 'denied',
      message: expect.stringContaining('approval required') as string,
    });
    expect(existsSync(join(room.cwd, 'made'))).toBe(false);
  });
});

describe('a model that fails', () => {
  test('a wrong key is auth, and told within seconds', async () => {
    const since = performance.now();
    const agent = room.start(room.settings('edits'), room.turn('ERR[401]'));
    expect(await endOf(agent)).toMatchObject({
      verdict: 'auth',
      message: expect.stringContaining('401') as string,
    });
    expect(agent.events.filter((event) => event.type === 'retry')).toHaveLength(2);
    expect(performance.now() - since).toBeLessThan(10_000);
  });

  test('no key at all is auth', async () => {
    const end = await room.run(room.settings('edits'), room.turn('hello'), { MODEL_KEY: '' });
    expect(end).toMatchObject({ verdict: 'auth', message: expect.stringContaining('MODEL_KEY') as string });
  });

  test('too many requests is rate_limited, the time unknown', async () => {
    const end = await room.run(room.settings('edits'), room.turn('ERR[429]'));
    expect(end.verdict).toBe('rate_limited');
    expect(end.until).toBeUndefined();
  });

  test('the usage limit of a subscription is rate_limited until its reset', async () => {
    // Told to the minute: the end of that minute counts.
    const resetsAt = 2_000_000_040;
    const end = await room.run(room.settings('edits'), room.turn(`LIMIT[${resetsAt}]`));
    expect(end).toMatchObject({ verdict: 'rate_limited', until: (resetsAt + 60) * 1000 });
  });
});

describe('being cut off', () => {
  test('SIGTERM ends a stream at once', async () => {
    const agent = room.start(room.settings('edits'), room.turn('SLOW[]'));
    await room.model.whenRequested(() => true);
    agent.cancel();
    agent.kill('SIGTERM');
    expect(await endOf(agent)).toMatchObject({ verdict: 'lost' });
  });

  test('killed in mid-stream, the session goes on', async () => {
    const agent = room.start(room.settings('edits'), room.turn('CODEWORD-plum SLOW[]'));
    const id = await sessionOf(agent);
    await room.model.whenRequested(() => true);
    agent.kill('SIGKILL');
    expect(await endOf(agent)).toMatchObject({ verdict: 'lost' });
    const again = resumption('RECALL', id, { preamble: resumePreamble });
    const resumed = room.start(room.settings('edits'), again);
    // The first prompt was never answered, so the model is as slow as it says.
    await room.model.whenRequested(({ asked }) => promptsOf(asked).length === 2);
    room.model.release();
    expect(await endOf(resumed)).toMatchObject({
      verdict: 'done',
      text: expect.stringContaining('I recall: CODEWORD-plum. Prompts seen: 2.') as string,
    });
  });

  test('killed in mid-tool it is lost; resumed, it knows what it was doing and is told to check', async () => {
    const prompt =
      "CODEWORD-tangerine RUN[sh -c 'echo $$ > pid.new; mv pid.new pid; exec tail -f /dev/null']RUN";
    const agent = room.start(room.settings('all'), room.turn(prompt));
    const id = await sessionOf(agent);
    await agent.whenEvent('tool_start');
    await whenChanged(room.cwd, () => existsSync(join(room.cwd, 'pid')));
    agent.kill('SIGKILL');
    expect(await endOf(agent)).toMatchObject({ verdict: 'lost' });
    // A tool may live on, in its own process group: ending the tree is the runner's task, here it is the test's.
    killNow(Number(await readFile(join(room.cwd, 'pid'), 'utf8')));

    const seen = room.model.requests.length;
    const again = turnAs(
      room.turn('RECALL RUN[test -e pid && echo second time]RUN', { session: { id, mode: 'new' } }),
      'resume',
    );
    const resumed = room.start(room.settings('all'), again);
    const end = await endOf(resumed);
    expect(end.verdict).toBe('done');
    expect(end.text).toMatch(/second time[^]*I recall: CODEWORD-tangerine\. Prompts seen: 2\./);
    expect(await sessionOf(resumed)).toBe(id);
    const told = room.model.requests[seen]?.asked;
    expect(promptsOf(told)).toEqual([prompt, `${resumePreamble}\n\n${again.prompt}`]);
    expect(toolResultsOf(told).join(' ')).toMatch(/aborted/i);
  });
});

describe('sessions', () => {
  test('a second turn knows the first; what each used is not told', async () => {
    const first = room.start(room.settings('edits'), room.turn('CODEWORD-fig'));
    const id = await sessionOf(first);
    await endOf(first);
    const second = room.start(room.settings('edits'), resumption('RECALL', id));
    expect(await endOf(second)).toMatchObject({ text: 'I recall: CODEWORD-fig. Prompts seen: 2.' });
    expect(await second.whenEvent('usage')).toMatchObject({ inputTokens: null, outputTokens: null });
  });

  test('one that was never written down is begun anew; one with turns in it is told, never replaced', async () => {
    const id = '11111111-2222-4333-8444-555555555555';
    const cutOff = resumption('hello', id, { preamble: resumePreamble });
    expect(await room.start(room.settings('edits'), cutOff).ended).toEqual({ respawnAs: 'new' });
    expect(await room.run(room.settings('edits'), turnAs(cutOff, 'new'))).toMatchObject({ verdict: 'done' });
    expect(await room.run(room.settings('edits'), resumption('hello', id))).toMatchObject({
      verdict: 'session_lost',
      message: `Codex no longer has the session ${id}.`,
    });
  });

  test('one that another Codex has open is busy', async () => {
    const first = room.start(room.settings('edits'), room.turn('SLOW[]'));
    const id = await sessionOf(first);
    await room.model.whenRequested(() => true);
    expect(await room.run(room.settings('edits'), resumption('hello', id))).toMatchObject({
      verdict: 'session_busy',
    });
    room.model.release();
    expect(await endOf(first)).toMatchObject({ verdict: 'done' });
  });
});
