import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { AgentEvent, EndEvent, Permissions } from '../../src/core/agent.ts';
import type { ExecutorSettings, Turn } from '../../src/executors/executor.ts';
import { createGeminiConversation } from '../../src/executors/gemini-conversation.ts';
import { openExecutor } from '../../src/executors/open.ts';
import { resumePreamble } from '../../src/executors/preamble.ts';
import { executorSuite, type RecordedCase, type Step } from './executor.suite.ts';

const settings: ExecutorSettings = {
  kind: 'gemini',
  name: 'gemini',
  bin: '/usr/local/bin/gemini',
  args: [],
  permissions: 'ask',
  input: 'stdin',
  model: null,
  maxTurns: null,
  maxBudgetUsd: null,
};
const sessionId = '0b7f7c1e-6f0e-4f57-9a39-6d0a3c1f5a11';

function linesOf(file: string): readonly string[] {
  const text = readFileSync(new URL(`../fixtures/streams/gemini/${file}`, import.meta.url), 'utf8');
  return text.trimEnd().split('\n');
}

const recorded = (name: string): Step => ({ out: linesOf(`${name}.jsonl`) });
const complained = (name: string): Step => ({ err: linesOf(`${name}.stderr`) });
/** The stream up to the answer that came after minutes. */
const cutShort = (name: string): Step => ({ out: linesOf(`${name}.jsonl`).slice(0, -1) });
const exited = (code: number) => ({ code, signal: null });
const killed = { code: null, signal: 'SIGKILL' };
const session = (agentSessionId: string): AgentEvent => ({ type: 'session', agentSessionId, model: 'auto' });
const usage = (inputTokens: number, outputTokens: number, turns?: number): AgentEvent => ({
  type: 'usage',
  inputTokens,
  outputTokens,
  costUsd: null,
  ...(turns === undefined ? {} : { turns }),
});
const unknownUsage: AgentEvent = { type: 'usage', inputTokens: null, outputTokens: null, costUsd: null };
const secondCall: AgentEvent = { ...unknownUsage, turns: 2 };
const retry = (attempt: number, reason: string, delayMs: number | null = null): AgentEvent => ({
  type: 'retry',
  attempt,
  delayMs,
  reason,
});
const complaint = (text: string): AgentEvent => ({ type: 'text', text, stream: 'stderr' });
const ended = (verdict: EndEvent['verdict'], message: string): EndEvent => ({
  type: 'end',
  verdict,
  message,
});
const words = (count: number): readonly AgentEvent[] =>
  Array.from({ length: count }, (_, word) =>
    word === 0 ? { type: 'text', text: 'w0 ' } : { type: 'text', text: `w${word} `, delta: true },
  );

const plainTurn: RecordedCase = {
  steps: [complained('start'), recorded('plain')],
  exit: exited(0),
  events: [
    session('f4a2ad62-5862-4d37-b21d-b544ff14bf41'),
    { type: 'text', text: 'Hello from the fake model.' },
    usage(758, 40, 1),
  ],
  ending: { end: { type: 'end', verdict: 'done', text: 'Hello from the fake model.' } },
};
const unknown = (id: string): Step => ({
  err: [
    `Error resuming session: Invalid session identifier "${id}".`,
    '  Searched for sessions in /home/user/.gemini/tmp/project/chats.',
    '  Use --list-sessions to see available sessions, then use --resume {number}, --resume {uuid}, or --resume latest.',
  ],
});
const inUse = `Error starting session: Session ID "${sessionId}" already exists. Use --resume to resume it, or provide a different ID.`;
const tried = 'Gemini CLI tried 3 times: ';
const failed500 = ended('agent_error', `${tried}scripted error 500 (500)`);
const failed429 = ended('rate_limited', `${tried}scripted error 429 (429)`);
const offline = ended('offline', `${tried}exception TypeError: fetch failed sending request`);
const commandTool = 'run_shell_command__run_shell_command';
const huge = 'é'.repeat(1 << 20);
const said = (type: string, fields: object): string => JSON.stringify({ type, ...fields });

executorSuite('gemini', {
  create: () => openExecutor('gemini'),
  settings,
  cases: {
    'plain turn': plainTurn,
    'plain turn, whatever the exit code says': { ...plainTurn, exit: exited(1) },
    'tool call': {
      settings: { permissions: 'all' },
      steps: [recorded('tool')],
      exit: exited(0),
      events: [
        session(expect.any(String) as string),
        { type: 'text', text: 'I will use a tool.' },
        {
          type: 'tool_start',
          toolId: expect.stringContaining(commandTool) as string,
          name: 'run_shell_command',
          summary: 'echo hi-from-tool; echo second',
        },
        {
          type: 'tool_end',
          toolId: expect.stringContaining(commandTool) as string,
          ok: true,
          summary: 'hi-from-tool …',
        },
        secondCall,
        { type: 'text', text: 'Hello ' },
        usage(30, 15, 2),
      ],
      // What it said before the tool is not of the answer.
      ending: { end: { type: 'end', verdict: 'done', text: 'Hello ' } },
    },
    'denied tool': {
      settings: { permissions: 'all' },
      steps: [
        {
          out: [
            said('tool_use', {
              tool_name: 'run_shell_command',
              tool_id: 't1',
              parameters: { command: 'rm x' },
            }),
            said('tool_result', {
              tool_id: 't1',
              status: 'error',
              output: 'Tool execution denied by policy.',
              error: { type: 'policy_violation', message: 'Tool execution denied by policy.' },
            }),
            said('message', { role: 'assistant', content: 'I may not.', delta: true }),
            said('result', { status: 'success', stats: {} }),
          ],
        },
      ],
      exit: exited(0),
      events: [
        { type: 'tool_start', toolId: 't1', name: 'run_shell_command', summary: 'rm x' },
        { type: 'tool_end', toolId: 't1', ok: false, summary: 'Tool execution denied by policy.' },
        secondCall,
        { type: 'text', text: 'I may not.' },
        secondCall,
      ],
      ending: {
        end: { type: 'end', verdict: 'denied', text: 'I may not.', message: 'Denied: run_shell_command.' },
      },
    },
    'a tool it was never given': {
      steps: [recorded('no-tool')],
      exit: exited(0),
      events: [
        session('e980ae37-6123-46a2-9dc6-788ab5dc0d55'),
        { type: 'text', text: expect.stringMatching(/^NO SHELL TOOL among: /) as string },
        usage(754, 40, 1),
      ],
      ending: {
        end: { type: 'end', verdict: 'done', text: expect.stringMatching(/^NO SHELL TOOL/) as string },
      },
    },
    'a call of a tool that is not there': {
      steps: [recorded('unknown-tool')],
      exit: exited(0),
      events: [
        session(expect.any(String) as string),
        { type: 'text', text: 'I will use a tool.' },
        {
          type: 'tool_start',
          toolId: expect.any(String) as string,
          name: 'run_shell_command',
          summary: 'touch x',
        },
        {
          type: 'tool_end',
          toolId: expect.any(String) as string,
          ok: false,
          summary: expect.stringContaining('Tool "run_shell_command" not found') as string,
        },
        secondCall,
        { type: 'text', text: 'Hello ' },
        usage(30, 15, 2),
      ],
      ending: { end: { type: 'end', verdict: 'done', text: 'Hello ' } },
    },
    'API 401': {
      steps: [recorded('status-401')],
      exit: exited(145),
      events: [session('e5d773cf-6a19-4848-8f8f-cf4c72dbfc44'), usage(0, 0)],
      ending: { end: ended('auth', 'fake error 401 (401)') },
    },
    'a key that the API does not know': {
      steps: [
        {
          out: [
            said('result', {
              status: 'error',
              error: {
                type: 'unknown',
                message:
                  '[API Error: {"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]',
              },
            }),
          ],
        },
      ],
      exit: exited(144),
      events: [unknownUsage],
      ending: { end: ended('auth', 'API key not valid. Please pass a valid API key. (400)') },
    },
    'not signed in': {
      steps: [{ err: ['Invalid auth method selected.'] }],
      exit: exited(41),
      events: [complaint('Invalid auth method selected.')],
      ending: {
        end: ended(
          'auth',
          'Gemini CLI is not signed in. Start `gemini` in a terminal and sign in, or put GEMINI_API_KEY into executors.gemini.env. ' +
            'With GOOGLE_GEMINI_BASE_URL, ~/.gemini/settings.json has to name security.auth.selectedType too.\nInvalid auth method selected.',
        ),
      },
    },
    'API 429': {
      steps: [cutShort('status-429'), complained('status-429')],
      exit: killed,
      events: [
        session(expect.any(String) as string),
        retry(1, 'scripted error 429 (429)'),
        retry(2, 'scripted error 429 (429)'),
        retry(3, 'scripted error 429 (429)'),
        failed429,
      ],
      ending: { end: failed429 },
    },
    'API 429, left to itself': {
      steps: [recorded('status-429')],
      exit: exited(173),
      events: [session(expect.any(String) as string), usage(10, 5)],
      ending: { end: ended('rate_limited', 'scripted error 429') },
    },
    'a limit with a time': {
      steps: [recorded('usage-limit')],
      exit: exited(173),
      events: [session(expect.any(String) as string), usage(10, 5)],
      ending: {
        end: {
          ...ended('rate_limited', 'scripted error 429\nSuggested retry after 3600s.'),
          until: Date.parse('2026-11-25T05:41:16.133Z'),
        },
      },
    },
    'a limit that it waits for by itself': {
      steps: [{ err: linesOf('retry-told.stderr') }, recorded('plain')],
      exit: exited(0),
      events: [retry(1, 'scripted error 429'), retry(2, 'scripted error 429'), ...plainTurn.events],
      ending: plainTurn.ending,
    },
    'API 500': {
      steps: [cutShort('status-500'), complained('status-500')],
      exit: killed,
      events: [
        session(expect.any(String) as string),
        retry(1, 'scripted error 500 (500)'),
        retry(2, 'scripted error 500 (500)'),
        retry(3, 'scripted error 500 (500)'),
        failed500,
      ],
      ending: { end: failed500 },
    },
    'API 500, left to itself': {
      steps: [recorded('status-500')],
      exit: exited(244),
      events: [session(expect.any(String) as string), usage(10, 5)],
      ending: { end: ended('agent_error', 'scripted error 500 (500)') },
    },
    'endpoint down': {
      steps: [cutShort('endpoint-down'), complained('endpoint-down')],
      exit: killed,
      events: [
        session(expect.any(String) as string),
        retry(1, 'exception TypeError: fetch failed sending request'),
        retry(2, 'exception TypeError: fetch failed sending request'),
        retry(3, 'exception TypeError: fetch failed sending request'),
        offline,
      ],
      ending: { end: offline },
    },
    'endpoint down, left to itself': {
      steps: [recorded('endpoint-down')],
      exit: exited(1),
      events: [session(expect.any(String) as string), usage(0, 0)],
      ending: { end: ended('offline', 'exception TypeError: fetch failed sending request') },
    },
    'an answer in spite of three failures': {
      steps: [complained('status-500'), recorded('plain')],
      exit: exited(0),
      events: [
        retry(1, 'scripted error 500 (500)'),
        retry(2, 'scripted error 500 (500)'),
        retry(3, 'scripted error 500 (500)'),
        failed500,
        ...plainTurn.events,
      ],
      ending: plainTurn.ending,
    },
    'killed in stream': {
      steps: [recorded('killed-in-stream')],
      exit: killed,
      events: [session('2a3a536a-9d84-450d-ba91-bb578959e2ee'), ...words(19)],
      ending: { end: ended('lost', 'Gemini CLI was ended by SIGKILL before its answer was complete.') },
    },
    'killed in tool': {
      steps: [recorded('killed-in-tool')],
      // As a wrapper that outlives it tells of a signal.
      exit: exited(137),
      events: [
        session('8c7a1883-c8d9-412a-bf82-20e6ef106692'),
        { type: 'text', text: 'I will run a command. ' },
        {
          type: 'tool_start',
          toolId: 'run_shell_command__fc107',
          name: 'run_shell_command',
          summary: 'tail -f /dev/null',
        },
      ],
      ending: { end: ended('lost', 'Gemini CLI was ended by SIGKILL before its answer was complete.') },
    },
    resumed: {
      turn: {
        session: { id: '8c7a1883-c8d9-412a-bf82-20e6ef106692', mode: 'resume' },
        preamble: resumePreamble,
      },
      steps: [recorded('resumed')],
      exit: exited(0),
      events: [
        session('8c7a1883-c8d9-412a-bf82-20e6ef106692'),
        { type: 'text', text: 'I recall: CODEWORD-tool92724. User prompts seen: 2.' },
        usage(796, 40, 1),
      ],
      ending: {
        end: { type: 'end', verdict: 'done', text: 'I recall: CODEWORD-tool92724. User prompts seen: 2.' },
      },
    },
    'session unknown': {
      turn: { session: { id: sessionId, mode: 'resume' }, preamble: resumePreamble },
      steps: [unknown(sessionId)],
      exit: exited(42),
      events: (unknown(sessionId) as { readonly err: readonly string[] }).err.map(complaint),
      ending: { respawnAs: 'new' },
    },
    'session unknown that had turns': {
      turn: { session: { id: sessionId, mode: 'resume', established: true }, preamble: resumePreamble },
      steps: [unknown(sessionId)],
      exit: exited(42),
      events: (unknown(sessionId) as { readonly err: readonly string[] }).err.map(complaint),
      ending: {
        end: ended(
          'session_lost',
          `Gemini CLI has no session ${sessionId} for /home/user/project; it keeps sessions by the folder they were started in.`,
        ),
      },
    },
    'no session at all in this folder': {
      turn: { session: { id: sessionId, mode: 'resume' } },
      steps: [{ err: ['Error resuming session: No previous sessions found for this project.'] }],
      exit: exited(42),
      events: [complaint('Error resuming session: No previous sessions found for this project.')],
      ending: {
        end: ended('session_lost', expect.stringContaining(`has no session ${sessionId}`) as string),
      },
    },
    'session id in use': {
      steps: [{ err: [inUse] }],
      exit: exited(42),
      events: [complaint(inUse)],
      ending: { respawnAs: 'resume' },
    },
    'no output': {
      steps: [],
      exit: exited(0),
      events: [],
      ending: { end: ended('agent_error', 'Gemini CLI exited with code 0 before its answer was complete.') },
    },
    'a program that refuses to start': {
      steps: [{ err: ['Unknown argument: nope', '    at file:///usr/lib/x.js:1:2'] }],
      exit: exited(1),
      events: [complaint('Unknown argument: nope')],
      ending: {
        end: ended(
          'agent_error',
          'Gemini CLI exited with code 1 before its answer was complete:\nUnknown argument: nope',
        ),
      },
    },
    // Told to stop it ends with 0 and without a word.
    interrupted: {
      steps: [recorded('killed-in-stream'), { cancel: true }],
      exit: exited(0),
      events: [session('2a3a536a-9d84-450d-ba91-bb578959e2ee'), ...words(19)],
      ending: { end: ended('agent_error', 'Gemini CLI exited with code 0 before its answer was complete.') },
    },
    'an answer the API refused to give': {
      steps: [
        {
          out: [
            said('error', { severity: 'warning', message: 'Loop detected, stopping execution' }),
            said('error', { severity: 'error', message: 'The answer was blocked.' }),
            said('result', { status: 'success', stats: { input_tokens: 7 } }),
          ],
        },
      ],
      exit: exited(0),
      events: [
        complaint('Loop detected, stopping execution'),
        complaint('The answer was blocked.'),
        { type: 'usage', inputTokens: 7, outputTokens: null, costUsd: null },
      ],
      ending: { end: ended('agent_error', 'The answer was blocked.') },
    },
    'out of turns': {
      steps: [
        {
          out: [
            said('result', {
              status: 'error',
              error: {
                type: 'FatalTurnLimitedError',
                message: 'Reached max session turns for this session.',
              },
            }),
          ],
        },
      ],
      exit: exited(53),
      events: [unknownUsage],
      ending: { end: ended('max_turns', 'Reached max session turns for this session.') },
    },
    'a huge answer': {
      steps: [
        {
          out: [
            said('message', { role: 'assistant', content: huge, delta: true }),
            said('result', { status: 'success' }),
          ],
        },
      ],
      exit: exited(0),
      events: [
        { type: 'text', text: huge },
        { ...unknownUsage, turns: 1 },
      ],
      ending: {
        end: {
          type: 'end',
          verdict: 'done',
          text: `${'é'.repeat(65_520)}\n[… 1835072 bytes left out …]\n${'é'.repeat(65_520)}`,
        },
      },
    },
  },
});

const turn: Turn = {
  prompt: 'x',
  cwd: '/',
  session: { id: sessionId, mode: 'new' },
  preamble: null,
};

test('permissions become the approval mode, and none a policy above those of the user', () => {
  const argumentsFor = (permissions: Permissions): readonly string[] =>
    openExecutor('gemini').invocation({ ...settings, permissions }, turn).args;
  expect(argumentsFor('ask').join(' ')).toContain('--approval-mode default --session-id');
  expect(argumentsFor('edits')).toContain('auto_edit');
  expect(argumentsFor('all')).toContain('yolo');
  const none = argumentsFor('none');
  expect(none).not.toContain('plan');
  const policy = none[none.indexOf('--admin-policy') + 1] ?? '';
  expect(existsSync(policy)).toBe(true);
  expect(none.join(' ')).toContain('--extensions none --allowed-mcp-server-names none');
});

test('the model is an argument, the session stays out where none is named', () => {
  const { args } = openExecutor('gemini').invocation(
    { ...settings, model: 'gemini-2.5-flash', args: ['--debug'] },
    { ...turn, session: { id: null, mode: 'new' } },
  );
  expect(args).toEqual([
    ...['--debug', '--output-format', 'stream-json', '--approval-mode', 'default'],
    ...['--model', 'gemini-2.5-flash'],
  ]);
});

test('a wait of more than a minute that the server asks for is the queue to keep', () => {
  const conversation = createGeminiConversation(settings, turn, undefined, () => 1_000_000);
  conversation.started();
  conversation.errorOutput('Attempt 1 failed: scripted error 429');
  const { events } = conversation.errorOutput('Suggested retry after 90s.. Retrying after 91000ms...');
  const end = { ...ended('rate_limited', 'Gemini CLI tried once: scripted error 429'), until: 1_091_000 };
  expect(events).toEqual([end]);
  expect(conversation.exited(killed)).toEqual({ end });
});

test('failures of the small model that picks a model do not end the turn', () => {
  const conversation = openExecutor('gemini').converse(settings, turn);
  const lines = linesOf('status-500.stderr').map((line) => line.replace('GeminiChat', 'BaseLlmClient'));
  const events = lines.flatMap((line) => conversation.errorOutput(line).events);
  expect(events.map(({ type }) => type)).toEqual(['retry', 'retry', 'retry']);
});

test('a secret is taken out of an answer before it is cut, and out of summaries', () => {
  const secret = 'qZ7wXv2KpL9tRm4BnY';
  const hide = (text: string): string => text.replaceAll(secret, '[redacted]');
  const conversation = openExecutor('gemini').converse(settings, turn, hide);
  const many = `x${secret.repeat(20_000)}`;
  conversation.started();
  const told = [
    said('tool_use', { tool_name: 'run_shell_command', tool_id: 't', parameters: { command: many } }),
    said('tool_result', { tool_id: 't', status: 'success', output: many }),
  ].map((line) => conversation.output(line));
  // Pieces end anywhere.
  for (const content of [many.slice(0, 100), many.slice(100)])
    conversation.output(said('message', { role: 'assistant', content, delta: true }));
  const end = conversation.output(said('result', { status: 'success' }));
  const text = JSON.stringify([told, end]);
  expect(text).toContain('[redacted]');
  expect(text).not.toMatch(/qZ7wXv|4BnY/);
});
