import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { AgentEvent, Permissions } from '../../src/core/agent.ts';
import type { ExecutorSettings } from '../../src/executors/executor.ts';
import { openExecutor } from '../../src/executors/open.ts';
import { resumePreamble } from '../../src/executors/preamble.ts';
import { executorSuite, type RecordedCase, type Step } from './executor.suite.ts';

const settings: ExecutorSettings = {
  kind: 'claude',
  name: 'claude',
  bin: '/usr/local/bin/claude',
  args: [],
  permissions: 'ask',
  input: 'stdin',
  model: null,
  maxTurns: null,
  maxBudgetUsd: null,
};

function recorded(name: string): Step {
  const text = readFileSync(new URL(`../fixtures/streams/claude/${name}.jsonl`, import.meta.url), 'utf8');
  return { out: text.trimEnd().split('\n') };
}

const exited = (code: number) => ({ code, signal: null });
const killed = { code: null, signal: 'SIGKILL' };
const session = (agentSessionId: string, model = 'claude-opus-5-5'): AgentEvent => ({
  type: 'session',
  agentSessionId,
  model,
});
const usage = (inputTokens: number, outputTokens: number, costUsd: number, turns = 1): AgentEvent => ({
  type: 'usage',
  inputTokens,
  outputTokens,
  costUsd,
  turns,
});
/** What is known when a model call has begun. */
const called = (inputTokens: number, turns = 1): AgentEvent => ({
  type: 'usage',
  inputTokens,
  outputTokens: turns,
  costUsd: null,
  turns,
});
const retry = (delayMs: number, reason: string): AgentEvent => ({
  type: 'retry',
  attempt: 1,
  delayMs,
  reason,
});
const nothing = usage(0, 0, 0);

const deniedText =
  "DONE. The tool said: Permission to use Bash has been denied because Claude Code is running in don't ask mode. IMPORTANT: You *may* attempt to accomplish this action using other tools that might naturally be used to accomp";
const huge = 'é'.repeat(1 << 20);
const asked = '1b5f4230-953e-4d91-920b-4230277989dc';
const denial =
  'Bash needs an approval and no person is asked. Do what you can without it and say what is missing. ' +
  '(executors.claude.permissions is "none" in Homer\'s config.yaml.)';

const plainTurn: RecordedCase = {
  steps: [recorded('plain')],
  exit: exited(0),
  events: [
    session('d5e4af2f-142b-4bfa-8432-facb1fae81a8'),
    called(2705),
    { type: 'text', text: 'Hello from the fake model.' },
    usage(2705, 20, 0.011219999999999999),
  ],
  ending: { end: { type: 'end', verdict: 'done', text: 'Hello from the fake model.' } },
};

executorSuite('claude', {
  create: () => openExecutor('claude'),
  settings,
  cases: {
    'plain turn': plainTurn,
    'plain turn, whatever the exit code says': { ...plainTurn, exit: exited(1) },
    'tool call': {
      steps: [recorded('tool')],
      exit: exited(0),
      events: [
        session('c952a226-030a-43b1-b097-2639ce779d28'),
        called(2716),
        { type: 'text', text: 'I will run a command. ' },
        {
          type: 'tool_start',
          toolId: 'toolu_fake4',
          name: 'Bash',
          summary: "echo hi-from-tool; env | sort | cut -d= -f1 | tr '\\n' ' '",
        },
        { type: 'tool_end', toolId: 'toolu_fake4', ok: true, summary: 'hi-from-tool …' },
        called(5557, 2),
        { type: 'text', text: expect.stringContaining('DONE. The tool said: hi-from-tool') as string },
        usage(5557, 40, 0.023028, 2),
      ],
      ending: {
        end: {
          type: 'end',
          verdict: 'done',
          text: expect.stringContaining('DONE. The tool said: hi-from-tool') as string,
        },
      },
    },
    'denied tool': {
      settings: { permissions: 'none' },
      steps: [recorded('denied')],
      exit: exited(0),
      events: [
        session('495b6c72-bae0-4dc0-989c-8bfccb0e723f'),
        called(2703),
        { type: 'text', text: 'I will run a command. ' },
        { type: 'tool_start', toolId: 'toolu_fake8', name: 'Bash', summary: 'touch x2' },
        {
          type: 'tool_end',
          toolId: 'toolu_fake8',
          ok: false,
          summary: expect.stringMatching(/^Permission to use Bash has been denied.*…$/) as string,
        },
        called(5595, 2),
        { type: 'text', text: deniedText },
        usage(5595, 40, 0.02318, 2),
      ],
      ending: { end: { type: 'end', verdict: 'denied', text: deniedText, message: 'Denied: Bash.' } },
    },
    'asked for a permission': {
      settings: { permissions: 'none' },
      steps: [recorded('permission')],
      exit: exited(0),
      events: [
        session('362da337-e6fb-4c9e-96f7-22c1c7e1cce3'),
        called(2716),
        { type: 'text', text: 'I will run a command. ' },
        { type: 'tool_start', toolId: 'toolu_fake1', name: 'Bash', summary: 'touch bidir-made' },
        {
          type: 'permission',
          requestId: asked,
          toolId: 'toolu_fake1',
          tool: 'Bash',
          input: { command: 'touch bidir-made' },
        },
        { type: 'permission_answered', requestId: asked, allow: false, by: 'policy' },
        { type: 'tool_end', toolId: 'toolu_fake1', ok: true, summary: '(Bash completed with no output)' },
        called(5446, 2),
        { type: 'text', text: 'DONE. The tool said: (Bash completed with no output)' },
        usage(5446, 40, 0.022584, 2),
      ],
      ending: {
        end: { type: 'end', verdict: 'done', text: 'DONE. The tool said: (Bash completed with no output)' },
      },
      writes: [
        {
          type: 'control_response',
          response: {
            subtype: 'success',
            request_id: asked,
            response: { behavior: 'deny', message: denial },
          },
        },
      ],
    },
    'API 401': {
      steps: [recorded('status-401')],
      exit: exited(1),
      events: [
        session('4c89214f-138a-4da1-b13e-e8cb165965ca'),
        retry(563, 'authentication failed (401)'),
        nothing,
      ],
      ending: {
        end: {
          type: 'end',
          verdict: 'auth',
          message: 'Failed to authenticate. API Error: 401 fake error 401',
        },
      },
    },
    'not signed in': {
      steps: [recorded('not-signed-in')],
      exit: exited(1),
      events: [session('52de7443-4455-4c8c-9d7e-c20d54b9454c'), nothing],
      ending: { end: { type: 'end', verdict: 'auth', message: 'Not logged in · Please run /login' } },
    },
    'API 429': {
      steps: [recorded('status-429')],
      exit: exited(1),
      events: [session('b5d5c169-f628-4056-88d5-3c5e73fe31fd'), retry(1114, 'rate limit (429)'), nothing],
      ending: {
        end: {
          type: 'end',
          verdict: 'rate_limited',
          message: 'API Error: Request rejected (429) · fake error 429',
        },
      },
    },
    'usage limit': {
      steps: [recorded('usage-limit')],
      exit: exited(1),
      events: [
        session('40ec9e97-c26f-41b4-8a76-6a5304f60995', 'claude-sonnet-5-5'),
        { type: 'limit', reason: 'five hour limit', until: 1_800_000_000_000 },
        nothing,
      ],
      ending: {
        end: {
          type: 'end',
          verdict: 'rate_limited',
          message: "You've hit your 5-hour limit · resets Jan 15, 2027, 8am (UTC)",
          until: 1_800_000_000_000,
        },
      },
    },
    'API 500': {
      steps: [recorded('status-500')],
      exit: exited(1),
      events: [session('77a2b6fb-c7ec-4087-8496-ae8d326074c5'), retry(534, 'server error (500)'), nothing],
      ending: {
        end: {
          type: 'end',
          verdict: 'agent_error',
          message: expect.stringContaining('API Error: 500') as string,
        },
      },
    },
    'endpoint down': {
      steps: [recorded('endpoint-down')],
      exit: exited(1),
      events: [session('2824ccb2-5731-4335-bbf0-faa95f7d4ca8'), retry(510, 'unknown'), nothing],
      ending: {
        end: {
          type: 'end',
          verdict: 'offline',
          message: 'API Error: Connection refused — a firewall or proxy may be blocking it (ECONNREFUSED)',
        },
      },
    },
    'killed in stream': {
      steps: [recorded('killed-in-stream')],
      exit: killed,
      events: [session('b3fff4a4-65ed-4801-8869-d05f8eea7a50')],
      ending: {
        end: {
          type: 'end',
          verdict: 'lost',
          message: 'Claude Code was ended by SIGKILL before its answer was complete.',
        },
      },
    },
    'killed in tool': {
      steps: [recorded('killed-in-tool')],
      // As a wrapper that outlives it tells of a signal.
      exit: exited(137),
      events: [
        session('adf2d2e5-f2e6-4ce5-a8f1-efbeb3cd5203'),
        called(2712),
        { type: 'text', text: 'I will run a command. ' },
        { type: 'tool_start', toolId: 'toolu_fake57', name: 'Bash', summary: 'tail -f /dev/null' },
      ],
      ending: {
        end: {
          type: 'end',
          verdict: 'lost',
          message: 'Claude Code was ended by SIGKILL before its answer was complete.',
        },
      },
    },
    resumed: {
      turn: {
        session: { id: 'adf2d2e5-f2e6-4ce5-a8f1-efbeb3cd5203', mode: 'resume' },
        preamble: resumePreamble,
      },
      steps: [recorded('resumed')],
      exit: exited(0),
      events: [
        session('adf2d2e5-f2e6-4ce5-a8f1-efbeb3cd5203'),
        called(2773),
        { type: 'text', text: 'I recall: CODEWORD-tool94929. User prompts seen: 2.' },
        usage(2773, 20, 0.011491999999999999),
      ],
      ending: {
        end: { type: 'end', verdict: 'done', text: 'I recall: CODEWORD-tool94929. User prompts seen: 2.' },
      },
    },
    'session unknown': {
      turn: {
        session: { id: '11111111-2222-4333-8444-555555555555', mode: 'resume' },
        preamble: resumePreamble,
      },
      steps: [recorded('session-unknown')],
      exit: exited(1),
      events: [],
      ending: { respawnAs: 'new' },
    },
    'session unknown that was not interrupted': {
      turn: { session: { id: '11111111-2222-4333-8444-555555555555', mode: 'resume' } },
      steps: [recorded('session-unknown')],
      exit: exited(1),
      events: [],
      ending: {
        end: {
          type: 'end',
          verdict: 'session_lost',
          message: 'Claude Code no longer has the session 11111111-2222-4333-8444-555555555555.',
        },
      },
    },
    'session id in use': {
      steps: [{ err: ['Error: Session ID 0b7f7c1e-6f0e-4f57-9a39-6d0a3c1f5a11 is already in use.'] }],
      exit: exited(1),
      events: [
        {
          type: 'text',
          text: 'Error: Session ID 0b7f7c1e-6f0e-4f57-9a39-6d0a3c1f5a11 is already in use.',
          stream: 'stderr',
        },
      ],
      ending: { respawnAs: 'resume' },
    },
    'no output': {
      steps: [],
      exit: exited(0),
      events: [],
      ending: {
        end: {
          type: 'end',
          verdict: 'agent_error',
          message: 'Claude Code exited with code 0 before its answer was complete.',
        },
      },
    },
    'a program that refuses to start': {
      steps: [{ err: ["error: unknown option '--nope'", '(Did you mean --name?)'] }],
      exit: exited(1),
      events: [
        { type: 'text', text: "error: unknown option '--nope'", stream: 'stderr' },
        { type: 'text', text: '(Did you mean --name?)', stream: 'stderr' },
      ],
      ending: {
        end: {
          type: 'end',
          verdict: 'agent_error',
          message:
            "Claude Code exited with code 1 before its answer was complete:\nerror: unknown option '--nope'\n(Did you mean --name?)",
        },
      },
    },
    interrupted: {
      steps: [{ cancel: true }, recorded('interrupted')],
      // It exits with 0 when it was interrupted.
      exit: exited(0),
      events: [
        session('362da337-e6fb-4c9e-96f7-22c1c7e1cce3'),
        called(2746),
        { type: 'text', text: 'w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 ' },
        usage(8192, 57, 0.033908),
      ],
      ending: { end: { type: 'end', verdict: 'agent_error', message: 'Claude Code was interrupted.' } },
      writes: [
        { type: 'control_request', request_id: 'homer-interrupt-1', request: { subtype: 'interrupt' } },
      ],
    },
    'out of turns': {
      steps: [recorded('max-turns')],
      exit: exited(1),
      events: [
        session('30b74952-f7e0-4a49-8519-d19f660d1125'),
        called(2707),
        { type: 'text', text: 'I will run a command. ' },
        { type: 'tool_start', toolId: 'toolu_fake23', name: 'Bash', summary: 'echo a' },
        { type: 'tool_end', toolId: 'toolu_fake23', ok: true, summary: 'a' },
        usage(2707, 20, 0.011228),
      ],
      ending: { end: { type: 'end', verdict: 'max_turns', message: 'Reached maximum number of turns (1)' } },
    },
    'out of money': {
      steps: [recorded('max-budget')],
      exit: exited(1),
      events: [
        session('85fdfd26-52e5-4ad0-b847-118ff741e7f2'),
        called(2717),
        { type: 'text', text: 'I will run a command. ' },
        { type: 'tool_start', toolId: 'toolu_fake22', name: 'Bash', summary: 'echo a' },
        usage(2717, 20, 0.011267999999999999),
      ],
      ending: { end: { type: 'end', verdict: 'budget', message: 'Reached maximum budget ($0.005)' } },
    },
    'a request that Homer does not know': {
      steps: [{ out: ['{"type":"control_request","request_id":"r1","request":{"subtype":"elicitation"}}'] }],
      exit: killed,
      events: [],
      ending: {
        end: { type: 'end', verdict: 'lost', message: expect.stringContaining('SIGKILL') as string },
      },
      writes: [
        {
          type: 'control_response',
          response: { subtype: 'error', request_id: 'r1', error: 'Homer does not answer this request.' },
        },
      ],
    },
    'an answer after the answer, and a question in between': {
      steps: [
        {
          out: [
            '{"type":"result","is_error":false,"result":"Started it."}',
            '{"type":"control_request","request_id":"r1","request":{"subtype":"can_use_tool","tool_name":"Bash"}}',
            '{"type":"result","is_error":false,"result":"It is done.","total_cost_usd":0.5}',
          ],
        },
      ],
      exit: exited(0),
      events: [
        { type: 'usage', inputTokens: null, outputTokens: null, costUsd: null },
        { type: 'end', verdict: 'done', text: 'Started it.' },
        { type: 'usage', inputTokens: null, outputTokens: null, costUsd: 0.5 },
      ],
      ending: { end: { type: 'end', verdict: 'done', text: 'It is done.' } },
    },
    'aborted, whatever it says of errors': {
      steps: [{ out: ['{"type":"result","is_error":false,"result":"","terminal_reason":"aborted_tools"}'] }],
      exit: exited(0),
      events: [{ type: 'usage', inputTokens: null, outputTokens: null, costUsd: null }],
      ending: { end: { type: 'end', verdict: 'agent_error', message: 'Claude Code was interrupted.' } },
    },
    'a huge answer': {
      steps: [
        { out: [JSON.stringify({ type: 'result', subtype: 'success', is_error: false, result: huge })] },
      ],
      exit: exited(0),
      // Nothing was told of usage: unknown, not 0.
      events: [{ type: 'usage', inputTokens: null, outputTokens: null, costUsd: null }],
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

test('permissions become the mode and the tools that hold them', () => {
  const argumentsFor = (permissions: Permissions): string =>
    openExecutor('claude')
      .invocation(
        { ...settings, permissions, model: 'opus', maxTurns: 5, maxBudgetUsd: 1.5, args: ['--debug'] },
        { prompt: 'p', cwd: '/', session: { id: null, mode: 'new' }, preamble: null },
      )
      .args.join(' ');
  expect(argumentsFor('ask')).toContain('--permission-mode default');
  expect(argumentsFor('edits')).toContain('--permission-mode acceptEdits');
  expect(argumentsFor('all')).toContain('--permission-mode bypassPermissions');
  expect(argumentsFor('none')).toContain(
    '--permission-mode dontAsk --tools=Read,Glob,Grep --strict-mcp-config',
  );
  expect(argumentsFor('ask')).toMatch(/^--debug -p .* --model opus --max-turns 5 --max-budget-usd 1.5$/);
  expect(argumentsFor('ask')).not.toContain('--session-id');
});

test('the preamble stands before the prompt', () => {
  const { write } = openExecutor('claude')
    .converse(settings, {
      prompt: 'Count.',
      cwd: '/',
      session: { id: 'x', mode: 'resume' },
      preamble: resumePreamble,
    })
    .started();
  expect(JSON.parse(write ?? '')).toEqual({
    type: 'user',
    message: { role: 'user', content: [{ type: 'text', text: `${resumePreamble}\n\nCount.` }] },
  });
});

test('the end of a turn closes the input, which is what makes the agent exit', () => {
  for (const name of ['plain', 'denied', 'status-401', 'session-unknown', 'interrupted']) {
    const conversation = openExecutor('claude').converse(settings, {
      prompt: 'p',
      cwd: '/',
      session: { id: 'x', mode: 'new' },
      preamble: null,
    });
    const step = recorded(name);
    const closes =
      'out' in step ? step.out.filter((line) => conversation.output(line).closeInput === true) : [];
    expect(closes.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(['result']);
  }
});

test('of two questions under one id neither is allowed, whatever a person says to the one that was shown', () => {
  const conversation = openExecutor('claude').converse(settings, {
    prompt: 'p',
    cwd: '/',
    session: { id: 'x', mode: 'new' },
    preamble: null,
  });
  const ask = (command: string): string =>
    JSON.stringify({
      type: 'control_request',
      request_id: 'r1',
      request: { subtype: 'can_use_tool', tool_name: 'Bash', input: { command } },
    });
  expect(conversation.output(ask('ls')).events).toMatchObject([{ type: 'permission', requestId: 'r1' }]);
  const second = conversation.output(ask('rm -rf /'));
  expect(second.events).toEqual([
    { type: 'permission_answered', requestId: 'r1', allow: false, by: 'withdrawn' },
  ]);
  expect(second.write?.match(/"behavior":"deny"/g)).toHaveLength(2);
  expect(conversation.answer({ requestId: 'r1', allow: true })).toEqual({ events: [] });
});

test('a failure of millions of characters that look like the beginning of a limit holds up nobody', () => {
  const conversation = openExecutor('claude').converse(settings, {
    prompt: 'p',
    cwd: '/',
    session: { id: 'x', mode: 'new' },
    preamble: null,
  });
  const errors = ["you've hit your ".repeat(1 << 18)];
  const before = performance.now();
  conversation.output(JSON.stringify({ type: 'result', is_error: true, errors }));
  expect(conversation.exited(exited(1))).toMatchObject({ end: { verdict: 'agent_error' } });
  expect(performance.now() - before).toBeLessThan(5000);
});
