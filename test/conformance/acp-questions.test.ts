// What an ACP agent asks before it may use a tool, where it does not keep to its own names.

import { expect, test } from 'vitest';
import type { AgentEvent, Permissions } from '../../src/core/agent.ts';
import type { Conversation } from '../../src/executors/executor.ts';
import { openExecutor } from '../../src/executors/open.ts';

/** A conversation in which the prompt is under way. */
function prompted(permissions: Permissions): Conversation {
  const settings = {
    kind: 'acp',
    name: 'mine',
    bin: 'mine',
    args: [],
    permissions,
    input: 'stdin',
    model: null,
    maxTurns: null,
    maxBudgetUsd: null,
  } as const;
  const session = { id: null, mode: 'new' } as const;
  const conversation = openExecutor('acp').converse(settings, {
    prompt: 'p',
    cwd: '/',
    session,
    preamble: null,
  });
  conversation.started();
  conversation.output(line({ id: 1, result: { protocolVersion: 1 } }));
  conversation.output(line({ id: 2, result: { sessionId: 's1' } }));
  return conversation;
}

function line(message: object): string {
  return JSON.stringify({ jsonrpc: '2.0', ...message });
}

function update(more: object): string {
  return line({ method: 'session/update', params: { sessionId: 's1', update: more } });
}

function ask(id: string | number, toolCall: object): string {
  const options = [
    { optionId: 'yes', kind: 'allow_once', name: 'Yes' },
    { optionId: 'no', kind: 'reject_once', name: 'No' },
  ];
  return line({ id, method: 'session/request_permission', params: { sessionId: 's1', toolCall, options } });
}

const names = (events: readonly AgentEvent[]): readonly string[] =>
  events.flatMap((event) => ('requestId' in event ? [`${event.type} ${event.requestId}`] : []));

test('of two questions under one id neither is allowed, whatever a person says to the one that was shown', () => {
  const conversation = prompted('ask');
  const first = conversation.output(
    ask(7, { toolCallId: 't1', kind: 'execute', rawInput: { command: 'ls' } }),
  );
  expect(names(first.events)).toEqual(['permission 7']);
  const second = conversation.output(
    ask(7, { toolCallId: 't2', kind: 'execute', rawInput: { command: 'rm -rf /' } }),
  );
  expect(names(second.events)).toEqual(['permission_answered 7']);
  expect(second.write?.match(/"optionId":"no"/g)).toHaveLength(2);
  expect(conversation.answer({ requestId: '7', allow: true })).toEqual({ events: [] });
});

test('the ids 7 and "7" are two, and each gets its own answer', () => {
  const conversation = prompted('ask');
  const asked = [7, '7'].flatMap((id) =>
    names(conversation.output(ask(id, { toolCallId: `t${id}` })).events),
  );
  expect(asked).toEqual(['permission 7', 'permission "7"']);
  expect(conversation.answer({ requestId: '"7"', allow: true }).write).toContain('"id":"7"');
  expect(conversation.answer({ requestId: '7', allow: false }).write).toContain('"id":7');
  const cancel = line({ method: '$/cancel_request', params: { requestId: '8' } });
  conversation.output(ask(8, { toolCallId: 't8' }));
  expect(conversation.output(cancel).events).toEqual([]);
});

const read = { sessionUpdate: 'tool_call', toolCallId: 't1', kind: 'read', status: 'in_progress' };
const command = { command: 'rm -rf /' };

test.each([
  ['that is over', { ...read, sessionUpdate: 'tool_call_update', status: 'completed' }, { kind: 'execute' }],
  ['that is over, of no kind', { ...read, sessionUpdate: 'tool_call_update', status: 'completed' }, {}],
  ['that goes on', read, { kind: 'execute' }],
  ['that goes on, of no kind', read, {}],
])('a command under the name of a read %s is not let through as one', (_, then, asked) => {
  const conversation = prompted('edits');
  conversation.output(update({ ...read, rawInput: { path: 'a' } }));
  conversation.output(update(then));
  const { events, write } = conversation.output(ask(1, { toolCallId: 't1', rawInput: command, ...asked }));
  expect(write).toBeUndefined();
  expect(names(events)).toEqual(['permission 1']);
});

test('a question that leaves out what its call told before is of that kind', () => {
  const conversation = prompted('edits');
  conversation.output(update({ ...read, rawInput: { path: 'a' } }));
  expect(conversation.output(ask(1, { toolCallId: 't1' })).write).toContain('"optionId":"yes"');
});
