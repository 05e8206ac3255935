import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { AgentEvent, EndEvent, Permissions } from '../../src/core/agent.ts';
import { decideCodexFailure } from '../../src/executors/codex-end.ts';
import type { ExecutorSettings, Turn } from '../../src/executors/executor.ts';
import { openExecutor } from '../../src/executors/open.ts';
import { resumePreamble } from '../../src/executors/preamble.ts';
import { executorSuite, type RecordedCase, type Step } from './executor.suite.ts';

const settings: ExecutorSettings = {
  kind: 'codex',
  name: 'codex',
  bin: '/usr/local/bin/codex',
  args: [],
  permissions: 'edits',
  input: 'stdin',
  model: null,
  maxTurns: null,
  maxBudgetUsd: null,
};

function linesOf(file: string): readonly string[] {
  const text = readFileSync(new URL(`../fixtures/streams/codex/${file}`, import.meta.url), 'utf8');
  return text.trimEnd().split('\n');
}

const recorded = (name: string): Step => ({ out: linesOf(`${name}.jsonl`) });
const complained = (name: string): Step => ({ err: linesOf(`${name}.stderr`) });
const exited = (code: number) => ({ code, signal: null });
const killed = { code: null, signal: 'SIGKILL' };
const remark = (text: string): AgentEvent => ({ type: 'text', text, stream: 'stderr' });
/** What every recorded turn begins with. */
const begun = (agentSessionId: string): readonly AgentEvent[] => [
  { type: 'session', agentSessionId },
  remark(
    'Model metadata for `scripted` not found. Defaulting to fallback metadata; this can degrade performance and cause issues.',
  ),
];
const said = (text: string): AgentEvent => ({ type: 'text', text });
const usage = (inputTokens: number | null, outputTokens: number | null): AgentEvent => ({
  type: 'usage',
  inputTokens,
  outputTokens,
  costUsd: null,
});
const retry = (attempt: number, reason: string): AgentEvent => ({
  type: 'retry',
  attempt,
  delayMs: null,
  reason,
});
const ended = (verdict: EndEvent['verdict'], message: string): EndEvent => ({
  type: 'end',
  verdict,
  message,
});
const done = (text: string): EndEvent => ({ type: 'end', verdict: 'done', text });

const hello = 'Hello from the scripted model.';
const status401 =
  'unexpected status 401 Unauthorized: scripted error 401, url: http://127.0.0.1:4000/v1/responses';
const status429 = 'exceeded retry limit, last status: 429 Too Many Requests';
const status500 = 'We’re currently experiencing high demand, which may cause temporary errors.';
const down = 'Connection failed: error sending request';
const noWebSocket = 'unexpected status 404 Not Found: Unknown error, url: ws://127.0.0.1:4000/v1/responses';
const notFound =
  'Error: thread/resume: thread/resume failed: no rollout found for thread id 11111111-2222-4333-8444-555555555555 (code -32600)';
const rejected = 'approval required by policy, but AskForApproval is set to Never';
const huge = 'é'.repeat(1 << 20);

const plainTurn: RecordedCase = {
  steps: [recorded('plain')],
  exit: exited(0),
  events: [...begun('01a2110b-0c8d-74c3-ba24-0fb49ee950d8'), said(hello), usage(5336, 20)],
  ending: { end: done(hello) },
};
const unknown: RecordedCase = {
  turn: {
    session: { id: '11111111-2222-4333-8444-555555555555', mode: 'resume' },
    preamble: resumePreamble,
  },
  steps: [complained('session-unknown')],
  exit: exited(1),
  events: [remark(notFound)],
  ending: { respawnAs: 'new' },
};
const lost = ended('lost', 'Codex was ended by SIGKILL before its answer was complete.');
const gone = ended('session_lost', 'Codex no longer has the session 11111111-2222-4333-8444-555555555555.');
const toolSaid = expect.stringContaining('Output:\nhi-from-tool') as string;

executorSuite('codex', {
  create: () => openExecutor('codex'),
  settings,
  cases: {
    'plain turn': plainTurn,
    'plain turn, whatever the exit code says': { ...plainTurn, exit: exited(1) },
    'permissions it cannot ask for': {
      ...plainTurn,
      settings: { permissions: 'ask' },
      events: [
        remark(
          'Codex cannot ask for an approval: it may change files in the working directory, and what its sandbox does not ' +
            'allow fails. (executors.codex.permissions is "ask" in Homer\'s config.yaml.)',
        ),
        ...plainTurn.events,
      ],
    },
    'tool call': {
      steps: [recorded('tool')],
      exit: exited(0),
      events: [
        ...begun('01a2110b-0f94-7611-a80d-e072d9988cef'),
        said('I will use a tool.'),
        { type: 'tool_start', toolId: 'item_2', name: 'shell', summary: 'echo hi-from-tool; touch made' },
        { type: 'tool_end', toolId: 'item_2', ok: true, summary: 'hi-from-tool' },
        said(toolSaid),
        usage(10_821, 40),
      ],
      ending: { end: done(toolSaid) },
    },
    'a tool call that fails': {
      steps: [recorded('tool-failed')],
      exit: exited(0),
      events: [
        ...begun('01a2110b-12cd-70b1-bfca-8002bb184fd7'),
        said('I will use a tool.'),
        { type: 'tool_start', toolId: 'item_2', name: 'shell', summary: 'echo bad; exit 3' },
        { type: 'tool_end', toolId: 'item_2', ok: false, summary: 'bad' },
        said(expect.stringContaining('exited with code 3') as string),
        usage(10_809, 40),
      ],
      ending: { end: done(expect.stringContaining('exited with code 3') as string) },
    },
    'a file that is written': {
      steps: [recorded('patch')],
      exit: exited(0),
      events: [
        ...begun('01a2110b-174f-79c0-a25f-3a462419ad70'),
        said('I will use a tool.'),
        { type: 'tool_start', toolId: 'item_2', name: 'edit', summary: '/home/user/project/note.txt' },
        { type: 'tool_end', toolId: 'item_2', ok: true, summary: '' },
        said(expect.stringContaining('A note.txt') as string),
        usage(10_870, 40),
      ],
      ending: { end: done(expect.stringContaining('A note.txt') as string) },
    },
    'denied tool': {
      // Told on standard error only.
      steps: [
        { out: linesOf('denied.jsonl').slice(0, 4) },
        complained('denied'),
        { out: linesOf('denied.jsonl').slice(4) },
      ],
      exit: exited(0),
      events: [
        ...begun('01a2110b-1b11-7a60-9a25-df33e371fd0a'),
        said('I will use a tool.'),
        remark(linesOf('denied.stderr')[0] ?? ''),
        said(expect.stringContaining('exec_command failed') as string),
        usage(10_810, 40),
      ],
      ending: {
        end: {
          ...ended('denied', `Denied: ${rejected}.`),
          text: expect.stringContaining('exec_command failed') as string,
        },
      },
    },
    'API 401': {
      steps: [{ out: linesOf('status-401.jsonl').slice(0, 5) }],
      exit: killed,
      events: [
        ...begun('01a2110b-1e50-71a3-b68f-439e6a9614a9'),
        retry(1, status401),
        retry(2, status401),
        ended('auth', status401),
      ],
      ending: { end: ended('auth', status401) },
    },
    'a key that is not set': {
      steps: [recorded('no-key')],
      exit: exited(1),
      events: begun('01a2110b-9ea9-7ea1-8bf2-3ef659c477b2'),
      ending: { end: ended('auth', 'Missing environment variable: `FAKE_KEY`.') },
    },
    'API 429': {
      steps: [recorded('status-429')],
      exit: exited(1),
      events: begun('01a2110b-3aef-78d2-9eb1-f43356aca912'),
      ending: { end: ended('rate_limited', status429) },
    },
    'usage limit': {
      steps: [recorded('usage-limit')],
      exit: exited(1),
      events: begun('01a2110b-9c16-7f50-a75d-7121db7a72b2'),
      ending: {
        end: {
          ...ended('rate_limited', expect.stringContaining('try again at May 18th, 2033 3:33 AM.') as string),
          // Told in local time and to the minute.
          until: new Date(2033, 4, 18, 3, 34).getTime(),
        },
      },
    },
    'API 500': {
      steps: [recorded('status-500')],
      exit: exited(1),
      events: [
        ...begun('01a2110b-3ccf-7371-ac8b-a87a678035b9'),
        ...[1, 2, 3, 4, 5].map((attempt) => retry(attempt, status500)),
      ],
      ending: { end: ended('agent_error', status500) },
    },
    'endpoint down': {
      steps: [{ out: linesOf('endpoint-down.jsonl').slice(0, 6) }],
      exit: killed,
      events: [
        ...begun('01a2110b-a037-70f2-a4d6-9252dfd31acc'),
        retry(1, down),
        retry(2, down),
        retry(3, down),
        ended('offline', down),
      ],
      ending: { end: ended('offline', down) },
    },
    'WebSockets that are refused': {
      steps: [recorded('web-sockets-refused')],
      exit: exited(0),
      events: [
        { type: 'session', agentSessionId: '01a2110c-3c81-73f2-8c66-92d5b9dcf990' },
        ...[2, 3, 4, 5].map((attempt) => retry(attempt, noWebSocket)),
        remark(`Falling back from WebSockets to HTTPS transport. ${noWebSocket}`),
        said(hello),
        usage(16_742, 20),
      ],
      ending: { end: done(hello) },
    },
    'killed in stream': {
      steps: [recorded('killed-in-stream')],
      exit: killed,
      events: begun('01a2110c-60a3-7643-a868-efce97e5a0d5'),
      ending: { end: lost },
    },
    'killed in tool': {
      steps: [recorded('killed-in-tool')],
      // As a wrapper that outlives it tells of a signal.
      exit: exited(137),
      events: [
        ...begun('01a2110c-58a8-7d22-ba68-030985e8c361'),
        said('I will use a tool.'),
        { type: 'tool_start', toolId: 'item_2', name: 'shell', summary: 'tail -f /dev/null' },
      ],
      ending: { end: lost },
    },
    resumed: {
      turn: {
        session: { id: '01a2110b-0c8d-74c3-ba24-0fb49ee950d8', mode: 'resume' },
        preamble: resumePreamble,
      },
      steps: [recorded('resumed')],
      exit: exited(0),
      events: [
        ...begun('01a2110b-0c8d-74c3-ba24-0fb49ee950d8'),
        said('I recall: CODEWORD-fig. Prompts seen: 2.'),
        // It tells of the whole session, and what was used before is not known here.
        usage(null, null),
      ],
      ending: { end: done('I recall: CODEWORD-fig. Prompts seen: 2.') },
    },
    'session unknown': unknown,
    'session unknown that was not interrupted': {
      ...unknown,
      turn: { session: { id: '11111111-2222-4333-8444-555555555555', mode: 'resume' } },
      ending: { end: gone },
    },
    'session unknown in which turns were completed': {
      ...unknown,
      turn: {
        session: { id: '11111111-2222-4333-8444-555555555555', mode: 'resume', established: true },
        preamble: resumePreamble,
      },
      ending: { end: gone },
    },
    'session open elsewhere': {
      ...unknown,
      steps: [complained('session-busy')],
      events: [remark(linesOf('session-busy.stderr')[0] ?? '')],
      ending: {
        end: ended(
          'session_busy',
          'Another Codex has the session 11111111-2222-4333-8444-555555555555 open.',
        ),
      },
    },
    'session id in use': {
      cannotBe: 'Codex names its sessions itself, so a new one is never in use.',
    },
    'no output': {
      steps: [],
      exit: exited(0),
      events: [],
      ending: { end: ended('agent_error', 'Codex exited with code 0 before its answer was complete.') },
    },
    'a program that refuses to start': {
      steps: [{ err: ["error: unexpected argument '--nope' found", "For more information, try '--help'."] }],
      exit: exited(2),
      events: [
        remark("error: unexpected argument '--nope' found"),
        remark("For more information, try '--help'."),
      ],
      ending: {
        end: ended(
          'agent_error',
          "Codex exited with code 2 before its answer was complete:\nerror: unexpected argument '--nope' found\nFor more information, try '--help'.",
        ),
      },
    },
    interrupted: {
      steps: [recorded('killed-in-stream'), { cancel: true }],
      exit: { code: null, signal: 'SIGTERM' },
      events: begun('01a2110c-60a3-7643-a868-efce97e5a0d5'),
      ending: { end: ended('lost', 'Codex was ended by SIGTERM before its answer was complete.') },
    },
    'a tool of an MCP server, and one that was declined': {
      steps: [
        {
          out: [
            '{"type":"item.started","item":{"id":"i1","type":"mcp_tool_call","server":"docs","tool":"find","arguments":{"query":"owl"}}}',
            '{"type":"item.completed","item":{"id":"i1","type":"mcp_tool_call","server":"docs","tool":"find","status":"failed","error":{"message":"no such page"}}}',
            '{"type":"item.completed","item":{"id":"i2","type":"command_execution","command":"rm x","status":"declined"}}',
            '{"type":"turn.completed"}',
          ],
        },
      ],
      exit: exited(0),
      events: [
        { type: 'tool_start', toolId: 'i1', name: 'docs.find', summary: 'owl' },
        { type: 'tool_end', toolId: 'i1', ok: false, summary: 'no such page' },
        { type: 'tool_end', toolId: 'i2', ok: false, summary: '' },
        usage(null, null),
      ],
      ending: { end: { ...ended('denied', 'Denied: rm x.'), text: '' } },
    },
    'a huge answer': {
      steps: [
        {
          out: [
            JSON.stringify({ type: 'item.completed', item: { id: 'i', type: 'agent_message', text: huge } }),
            '{"type":"turn.completed"}',
          ],
        },
      ],
      exit: exited(0),
      // Nothing was told of usage: unknown, not 0.
      events: [said(huge), usage(null, null)],
      ending: { end: done(`${'é'.repeat(65_520)}\n[… 1835072 bytes left out …]\n${'é'.repeat(65_520)}`) },
    },
  },
});

const now = new Date(2026, 10, 25, 14, 0, 20).getTime();
test.each([
  ['try again at 3:05 PM.', new Date(2026, 10, 25, 15, 6).getTime()],
  ['try again at Nov 26th, 2026 12:30 AM.', new Date(2026, 10, 26, 0, 31).getTime()],
  ['Please try again in 17.252s. Visit', now + 17_252],
  ['Please try again in 6m0s.', now + 360_000],
  ['Try again in 2 days 3 hours 5 minutes.', now + 183_900_000],
  ['try again in 3 moons', undefined],
  ['try again later.', undefined],
])('knows when a limit is lifted: %s', (words, until) => {
  const message = `You’ve hit your usage limit. ${words}`;
  expect(decideCodexFailure(message, now)).toEqual({
    ...ended('rate_limited', message),
    ...(until === undefined ? {} : { until }),
  });
});

test.each([
  ['Your access token could not be refreshed. Please log out and sign in again.', 'auth'],
  ['Quota exceeded. Check your plan and billing details.', 'auth'],
  ['stream disconnected before completion: failed to lookup address information', 'offline'],
  ['Codex ran out of room in the model’s context window.', 'agent_error'],
])('reads a verdict from its words: %s', (message, verdict) => {
  expect(decideCodexFailure(message, now).verdict).toBe(verdict);
});

test('permissions become its sandbox, and a session is resumed by its id', () => {
  const argumentsFor = (permissions: Permissions, session: Turn['session']): string =>
    openExecutor('codex')
      .invocation(
        { ...settings, permissions, model: 'gpt-5', args: ['--add-dir', '/srv'] },
        { prompt: 'p', cwd: '/', session, preamble: null },
      )
      .args.join(' ');
  const fresh = { id: null, mode: 'new' } as const;
  expect(argumentsFor('none', fresh)).toBe(
    'exec --add-dir /srv --json --skip-git-repo-check -c sandbox_mode="read-only" -c approval_policy="never" --model gpt-5 -',
  );
  expect(argumentsFor('edits', fresh)).toContain('-c sandbox_mode="workspace-write"');
  expect(argumentsFor('all', fresh)).toContain('--dangerously-bypass-approvals-and-sandbox');
  expect(argumentsFor('ask', { id: 'thread', mode: 'resume' })).toMatch(
    /^exec --add-dir \/srv resume --json .* --model gpt-5 thread -$/,
  );
});

test('a turn that cannot come to anything is given up', () => {
  const gaveUpAt = (name: string): number => {
    const conversation = openExecutor('codex').converse(settings, {
      prompt: 'p',
      cwd: '/',
      session: { id: null, mode: 'new' },
      preamble: null,
    });
    return linesOf(`${name}.jsonl`).findIndex((line) => conversation.output(line).giveUp === true);
  };
  expect(gaveUpAt('status-401')).toBe(4);
  expect(gaveUpAt('endpoint-down')).toBe(5);
  // Passing troubles are left to Codex, which ends by itself.
  for (const name of ['status-500', 'web-sockets-refused', 'plain']) expect(gaveUpAt(name)).toBe(-1);
});
