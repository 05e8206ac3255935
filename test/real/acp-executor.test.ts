// The real Kimi Code, OpenCode and Qwen Code over the Agent Client Protocol against the scripted model: what the executor
// relies on is what these versions do.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { resumePreamble } from '../../src/executors/preamble.ts';
import { promptsOf } from '../fixtures/model-server/script.ts';
import { cachedAgent } from './agent-cache.ts';
import { pointAt, subjects } from './agent-subjects.ts';
import { createExecutorRoom, endOf, sessionOf, type ExecutorRoom } from './executor-room.ts';
import { isWritten, killNow, whenChanged } from './homer-room.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const inTurn = { concurrent: false };

// Two agents at a time, each with its tests one after the other.
describe.concurrent.each(['opencode', 'kimi', 'qwen'] as const)('%s', (kind) => {
  const { shell } = subjects[kind];
  let bin = '';
  let room: ExecutorRoom;
  let env: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    bin = await cachedAgent(kind);
  }, 600_000);
  beforeEach(async () => {
    room = await createExecutorRoom({ kind, bin, parent: tmpdir(), env: {} });
    env = await pointAt(subjects[kind], room.home, room.model.url);
  });
  afterEach(async () => room.clean());

  test('answers and ends by itself, its session told before its words', inTurn, async () => {
    const agent = room.start(room.settings('ask'), room.turn('hello'), env);
    const done = { type: 'end', verdict: 'done', text: 'Hello from the scripted model.' };
    expect(await endOf(agent)).toEqual(done);
    const events = agent.events.filter((event) => event.type !== 'usage' && !('stream' in event));
    expect(events).toEqual([
      {
        type: 'session',
        agentSessionId: expect.any(String) as string,
        model: expect.stringContaining('scripted') as string,
      },
      { type: 'text', text: 'Hello from the scripted model.' },
      done,
    ]);
  });

  test('uses a tool where all is allowed, and is asked nothing', inTurn, async () => {
    const run = room.turn('RUN[echo from-the-tool; touch made]RUN');
    const agent = room.start(room.settings('all'), run, env);
    expect(await endOf(agent)).toMatchObject({
      verdict: 'done',
      text: expect.stringContaining('from-the-tool') as string,
    });
    const toolId = expect.any(String) as string;
    expect(agent.events.filter(({ type }) => type.startsWith('tool') || type === 'permission')).toEqual([
      { type: 'tool_start', toolId, name: shell, summary: 'echo from-the-tool; touch made' },
      { type: 'tool_end', toolId, ok: true, summary: expect.any(String) as string },
    ]);
    expect(existsSync(join(room.cwd, 'made'))).toBe(true);
  });

  test('asks, waits for a person, and does what was allowed', inTurn, async () => {
    const agent = room.start(room.settings('ask'), room.turn('RUN[touch made]RUN'), env);
    const asked = await agent.whenEvent('permission');
    expect(asked).toMatchObject({ tool: shell, input: { command: 'touch made' } });
    expect(existsSync(join(room.cwd, 'made'))).toBe(false);
    agent.answer({ requestId: asked.requestId, allow: true });
    expect(await endOf(agent)).toMatchObject({ verdict: 'done' });
    expect(existsSync(join(room.cwd, 'made'))).toBe(true);
  });

  test('does not do what a person denied', inTurn, async () => {
    const agent = room.start(room.settings('ask'), room.turn('RUN[touch made]RUN'), env);
    const { requestId } = await agent.whenEvent('permission');
    agent.answer({ requestId, allow: false });
    expect(await endOf(agent)).toMatchObject({ verdict: 'denied', message: `Denied: ${shell}.` });
    expect(existsSync(join(room.cwd, 'made'))).toBe(false);
  });

  test('none: it runs no command', inTurn, async () => {
    const end = await room.run(room.settings('none'), room.turn('RUN[touch made]RUN'), env);
    // OpenCode does not even offer the tool to the model then.
    expect(end.verdict).toBe(kind === 'opencode' ? 'done' : 'denied');
    expect(existsSync(join(room.cwd, 'made'))).toBe(false);
  });

  test('a wrong key is auth, and told within seconds', inTurn, async () => {
    expect(await room.run(room.settings('ask'), room.turn('ERR[401]'), env)).toMatchObject({
      verdict: 'auth',
      message: expect.stringContaining('401') as string,
    });
  });

  test('a cancel ends a stream at once', inTurn, async () => {
    const agent = room.start(room.settings('ask'), room.turn('SLOW[]'), env);
    await agent.whenEvent('text');
    agent.cancel();
    expect(await endOf(agent)).toMatchObject({
      verdict: 'agent_error',
      message: expect.stringContaining('was interrupted') as string,
    });
  });

  test(
    'killed in mid-tool it is lost; resumed, it knows what it was doing and is told to check',
    inTurn,
    async () => {
      const prompt =
        "CODEWORD-tangerine RECALL RUN[if test -e pid; then echo second time; else sh -c 'echo $$ > pid.new; mv pid.new pid; exec tail -f /dev/null'; fi]RUN";
      const agent = room.start(room.settings('all'), room.turn(prompt), env);
      const id = await sessionOf(agent);
      await agent.whenEvent('tool_start');
      await whenChanged(room.cwd, () => existsSync(join(room.cwd, 'pid')));
      agent.kill('SIGKILL');
      expect(await endOf(agent)).toMatchObject({ verdict: 'lost' });
      // The tool may live on, in a process group of its own: ending the tree is the runner's task, here it is the test's.
      killNow(Number(await readFile(join(room.cwd, 'pid'), 'utf8')));

      const seen = room.model.requests.length;
      const resumed = room.start(
        room.settings('all'),
        room.turn('RECALL RUN[test -e pid && echo second time]RUN', {
          session: { id, mode: 'resume' },
          preamble: resumePreamble,
        }),
        env,
      );
      const end = await endOf(resumed);
      expect(end).toMatchObject({ verdict: 'done' });
      expect(end.text).toContain('second time');
      expect(end.text).toContain('I recall: CODEWORD-tangerine');
      expect(resumed.events.find(({ type }) => type === 'session')).toMatchObject({ agentSessionId: id });
      const told = promptsOf(room.model.requests[seen]?.asked);
      expect(told.at(0)).toContain('CODEWORD-tangerine');
      expect(told.join('\n')).toContain(resumePreamble);
    },
  );

  test('killed in mid-stream it goes on in its session', inTurn, async () => {
    const agent = room.start(room.settings('all'), room.turn('CODEWORD-plum SLOW[6]'), env);
    const id = await sessionOf(agent);
    await agent.whenEvent('text');
    // Kimi Code writes a prompt down a moment after it has begun to answer it.
    await whenChanged(room.home, () => isWritten(room.home, ['CODEWORD-plum']));
    agent.kill('SIGKILL');
    expect(await endOf(agent)).toMatchObject({ verdict: 'lost' });
    const again = room.turn('RECALL', { session: { id, mode: 'resume' }, preamble: resumePreamble });
    expect((await room.run(room.settings('all'), again, env)).text).toContain('I recall: CODEWORD-plum');
  });

  test(
    'a session that is not there is told; a turn that was cut off before it had one starts anew',
    inTurn,
    async () => {
      const first = room.start(room.settings('ask'), room.turn('hello'), env);
      const id = await sessionOf(first);
      await endOf(first);
      const gone = `${id.slice(0, -4)}0000`;
      const later = room.turn('hello', { session: { id: gone, mode: 'resume' } });
      expect(await room.run(room.settings('ask'), later, env)).toMatchObject({
        verdict: 'session_lost',
        message: expect.stringContaining(gone) as string,
      });
      const cutOff = room.start(room.settings('ask'), { ...later, preamble: resumePreamble }, env);
      expect(await cutOff.ended).toEqual({ respawnAs: 'new' });
    },
  );
});
