import { expect, test } from 'vitest';
import type { ExecutorSettings, Turn } from './executor.ts';
import { openExecutor } from './open.ts';

const settings: ExecutorSettings = {
  kind: 'claude',
  name: 'claude',
  bin: 'claude',
  args: [],
  permissions: 'none',
  input: 'argument',
  model: null,
  maxTurns: null,
  maxBudgetUsd: null,
};
const turn: Turn = { prompt: '', cwd: '/', session: { id: null, mode: 'new' }, preamble: null };
const secret = 'qZ7wXv2KpL9tRm4BnY';
const hide = (text: string): string => text.replaceAll(secret, '[redacted]');

/** All the strings that come of these lines and an exit with 1. */
function told(...lines: readonly unknown[]): string {
  const conversation = openExecutor('claude').converse(settings, turn, hide);
  const reactions = lines.map((line) =>
    conversation.output(typeof line === 'string' ? line : JSON.stringify(line)),
  );
  return JSON.stringify([reactions, conversation.exited({ code: 1, signal: null })]);
}

const many = `x${secret.repeat(20_000)}`;
const content = (block: unknown): unknown => ({ content: [block] });

test.each([
  ['the answer', { type: 'result', subtype: 'success', result: many }],
  ['a remark that is no JSON', secret.repeat(1_000)],
  [
    'the summary of a tool call',
    {
      type: 'assistant',
      message: content({ type: 'tool_use', id: 't', name: 'Bash', input: { command: many } }),
    },
  ],
  [
    'the summary of what a tool gave back',
    { type: 'user', message: content({ type: 'tool_result', tool_use_id: 't', content: many }) },
  ],
])('a secret is taken out of %s before it is cut', (_, line) => {
  // What is said whole is redacted by who writes it down.
  const text = hide(told(line));
  expect(text).toContain('[redacted]');
  expect(text).not.toMatch(/qZ7wXv|4BnY/);
});
