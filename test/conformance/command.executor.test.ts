import { expect, test } from 'vitest';
import type { AgentEvent } from '../../src/core/agent.ts';
import type { ExecutorSettings } from '../../src/executors/executor.ts';
import { openExecutor } from '../../src/executors/open.ts';
import { executorSuite } from './executor.suite.ts';

const settings: ExecutorSettings = {
  kind: 'command',
  name: 'shell',
  bin: 'sh',
  args: ['-c', '{prompt}'],
  permissions: 'all',
  input: 'argument',
  model: null,
  maxTurns: null,
  maxBudgetUsd: null,
};

const said = (text: string): AgentEvent => ({ type: 'text', text, delta: true });
const complained = (text: string): AgentEvent => ({ type: 'text', text, stream: 'stderr' });
const noModel = { cannotBe: 'A command talks to no model that Homer knows of.' };
const noSession = { cannotBe: 'A command has no session to go on in.' };
const hugeChunk = `${'x'.repeat(1023)}\n`.repeat(64);

executorSuite('command', {
  create: () => openExecutor('command'),
  settings,
  cases: {
    'plain turn': {
      steps: [{ out: ['half a li', 'ne\n', '  42 README.md\n'] }],
      exit: { code: 0, signal: null },
      events: [said('half a li'), said('ne\n'), said('  42 README.md\n')],
      ending: { end: { type: 'end', verdict: 'done', text: 'half a line\n  42 README.md' } },
    },
    'tool call': { cannotBe: 'A command is itself what a tool call would be.' },
    'denied tool': { cannotBe: 'A command is itself what a tool call would be.' },
    'API 401': noModel,
    'API 429': noModel,
    'API 500': noModel,
    'endpoint down': noModel,
    'killed in stream': {
      steps: [{ out: ['one\ntw'] }],
      exit: { code: null, signal: 'SIGKILL' },
      events: [said('one\ntw')],
      ending: {
        end: { type: 'end', verdict: 'agent_error', message: 'The command was ended by SIGKILL:\none\ntw' },
      },
    },
    'killed in tool': {
      steps: [],
      exit: { code: 143, signal: null },
      events: [],
      ending: { end: { type: 'end', verdict: 'agent_error', message: 'The command was ended by SIGTERM.' } },
    },
    resumed: noSession,
    'session unknown': noSession,
    'session id in use': noSession,
    'no output': {
      steps: [],
      exit: { code: 0, signal: null },
      events: [],
      ending: { end: { type: 'end', verdict: 'done', text: '' } },
    },
    'a program that refuses to start': {
      steps: [{ err: ['sh: 1: nope: not found'] }],
      exit: { code: 127, signal: null },
      events: [complained('sh: 1: nope: not found')],
      ending: {
        end: {
          type: 'end',
          verdict: 'agent_error',
          message: 'The command exited with code 127:\nsh: 1: nope: not found',
        },
      },
    },
    'a failure that is told on both outputs': {
      steps: [{ out: ['2 tests failed\n'] }, { err: ['npm error code 1'] }],
      exit: { code: 1, signal: null },
      events: [said('2 tests failed\n'), complained('npm error code 1')],
      ending: {
        end: {
          type: 'end',
          verdict: 'agent_error',
          message:
            'The command exited with code 1:\nnpm error code 1\nIts output ended with:\n2 tests failed',
        },
      },
    },
    interrupted: {
      steps: [{ out: ['busy\n'] }, { cancel: true }],
      exit: { code: null, signal: 'SIGTERM' },
      events: [said('busy\n')],
      ending: {
        end: { type: 'end', verdict: 'agent_error', message: 'The command was ended by SIGTERM:\nbusy' },
      },
    },
    'complaints are not part of the answer': {
      steps: [{ err: ['warning: old'] }, { out: ['answer\n\n'] }],
      exit: { code: 0, signal: null },
      events: [complained('warning: old'), said('answer\n\n')],
      ending: { end: { type: 'end', verdict: 'done', text: 'answer\n' } },
    },
    'only the last complaints are told': {
      steps: [{ err: Array.from({ length: 100 }, (_, i) => `line ${i}`) }],
      exit: { code: 2, signal: null },
      events: Array.from({ length: 100 }, (_, i) => complained(`line ${i}`)),
      ending: {
        end: {
          type: 'end',
          verdict: 'agent_error',
          message: `The command exited with code 2:\n${Array.from({ length: 20 }, (_, i) => `line ${80 + i}`).join('\n')}`,
        },
      },
    },
    'a huge answer': {
      steps: [{ out: Array.from({ length: 20 }, () => hugeChunk) }],
      exit: { code: 0, signal: null },
      events: Array.from({ length: 20 }, () => said(hugeChunk)),
      ending: {
        end: {
          type: 'end',
          verdict: 'done',
          text: expect.stringMatching(/^(x+\n)+x*\n\[… 1048640 bytes left out …\]\nx*\n(x+\n)*x+$/) as string,
        },
      },
    },
  },
});

test('41 the prompt takes every place of {prompt} in an argument, and stands on standard input only where it is asked for', () => {
  const executor = openExecutor('command');
  const turn = {
    prompt: '$& {prompt}',
    cwd: '/',
    session: { id: null, mode: 'new' },
    preamble: 'You were interrupted.',
  } as const;
  const two = { ...settings, args: ['a={prompt}', 'b', '{prompt}{prompt}'] };
  expect(executor.invocation(two, turn).args).toEqual(['a=$& {prompt}', 'b', '$& {prompt}$& {prompt}']);
  expect(executor.converse(two, turn).started()).toEqual({ events: [], closeInput: true });

  const piped: ExecutorSettings = { ...settings, bin: 'cat', args: ['{prompt}'], input: 'stdin' };
  expect(executor.invocation(piped, turn).args).toEqual(['{prompt}']);
  expect(executor.converse(piped, turn).started()).toEqual({
    events: [],
    write: '$& {prompt}',
    closeInput: true,
  });
});
