// The executor against the protocol's own SDK on the agent's side: what Homer says passes its validation.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ExecutorSettings, Turn } from '../../src/executors/executor.ts';
import { openExecutor } from '../../src/executors/open.ts';
import { startAgent, type AgentProcess } from '../real/agent-process.ts';

const settings: ExecutorSettings = {
  kind: 'acp',
  name: 'mine',
  bin: process.execPath,
  args: [join(import.meta.dirname, '../fixtures/agents/sdk-agent.ts')],
  permissions: 'ask',
  input: 'stdin',
  model: null,
  maxTurns: null,
  maxBudgetUsd: null,
};

function start(
  prompt: string,
  more: Partial<Turn> = {},
  config: Partial<ExecutorSettings> = {},
): AgentProcess {
  const turn: Turn = { prompt, cwd: '/', session: { id: null, mode: 'new' }, preamble: null, ...more };
  return startAgent(openExecutor('acp'), { ...settings, ...config }, turn, {});
}
const gone = { session: { id: 'session-2', mode: 'resume' } } as const;

test('a turn in a new session', async () => {
  const agent = start('HELLO');
  expect(await agent.ended).toEqual({ end: { type: 'end', verdict: 'done', text: 'Hello.' } });
  expect(agent.events[0]).toEqual({ type: 'session', agentSessionId: 'session-1' });
});

test('a loaded session: its history is no part of the turn', async () => {
  const agent = start('HELLO', { session: { id: 'session-1', mode: 'resume' } });
  expect(await agent.ended).toEqual({ end: { type: 'end', verdict: 'done', text: 'Hello.' } });
  expect(JSON.stringify(agent.events)).not.toContain('said before');
});

test('a session that is not there is told, and started anew only for a turn that was cut off', async () => {
  expect(await start('HELLO', gone).ended).toEqual({
    end: {
      type: 'end',
      verdict: 'session_lost',
      message: 'SDK Agent cannot go on in the session session-2: Resource not found: session-2',
    },
  });
  expect(await start('HELLO', { ...gone, preamble: 'You were interrupted.' }).ended).toEqual({
    respawnAs: 'new',
  });
});

test('what a person answers holds once', async () => {
  const agent = start('ASK');
  const asked = await agent.whenEvent('permission');
  expect(asked).toMatchObject({ toolId: 'call-1', tool: 'delete', input: { path: '/tmp/it' } });
  agent.answer({ requestId: asked.requestId, allow: true });
  expect(await agent.ended).toMatchObject({ end: { verdict: 'done', text: 'You chose once.' } });
});

test('what the configuration denies is denied', async () => {
  expect(await start('ASK', {}, { permissions: 'none' }).ended).toMatchObject({
    end: { verdict: 'denied', text: 'You chose no.', message: 'Denied: delete.' },
  });
});

test('a question is withdrawn with its turn', async () => {
  const agent = start('ASK');
  const { requestId } = await agent.whenEvent('permission');
  agent.cancel();
  agent.answer({ requestId, allow: true });
  expect(await agent.ended).toMatchObject({ end: { text: 'You chose cancelled.' } });
});

test('files of the client are not offered', async () => {
  expect(await start('READ').ended).toMatchObject({
    end: { verdict: 'done', text: 'The client answered with -32601.' },
  });
});

test('a cancel ends the turn', async () => {
  const agent = start('WAIT');
  await agent.whenEvent('text');
  agent.cancel();
  expect(await agent.ended).toMatchObject({
    end: { verdict: 'agent_error', message: 'SDK Agent was interrupted.' },
  });
});

test('no word and no tool is no answer', async () => {
  expect(await start('nothing').ended).toMatchObject({ end: { verdict: 'agent_error' } });
});

test('a model that is not on offer is refused', async () => {
  expect(await start('HELLO', {}, { model: 'opus' }).ended).toMatchObject({
    end: { verdict: 'agent_error', message: 'SDK Agent offers no choice of a model.' },
  });
});
