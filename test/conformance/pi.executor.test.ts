import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { AgentEvent, EndEvent, Permissions } from '../../src/core/agent.ts';
import type { ExecutorSettings, Turn } from '../../src/executors/executor.ts';
import { openExecutor } from '../../src/executors/open.ts';
import { decidePiFailure } from '../../src/executors/pi-end.ts';
import { resumePreamble } from '../../src/executors/preamble.ts';
import { executorSuite, type RecordedCase, type Step } from './executor.suite.ts';

const settings: ExecutorSettings = {
  kind: 'pi',
  name: 'pi',
  bin: '/usr/local/bin/pi',
  args: [],
  permissions: 'all',
  input: 'stdin',
  model: null,
  maxTurns: null,
  maxBudgetUsd: null,
};

function linesOf(file: string): readonly string[] {
  const text = readFileSync(new URL(`../fixtures/streams/pi/${file}`, import.meta.url), 'utf8');
  return text.trimEnd().split('\n');
}

const recorded = (name: string): Step => ({ out: linesOf(`${name}.jsonl`) });
const complained = (name: string): Step => ({ err: linesOf(`${name}.stderr`) });
const exited = (code: number) => ({ code, signal: null });
const killed = { code: null, signal: 'SIGKILL' };
const remark = (text: string): AgentEvent => ({ type: 'text', text, stream: 'stderr' });
const sessionIn = (name: string): AgentEvent => {
  const { id } = JSON.parse(linesOf(`${name}.jsonl`)[0] ?? '{}') as { readonly id: string };
  return { type: 'session', agentSessionId: id };
};
const said = (text: string): AgentEvent => ({ type: 'text', text });
/** At the prices of the recording: 1 and 2 dollars for a million tokens. */
const usage = (inputTokens: number, outputTokens: number, turns: number): AgentEvent => ({
  type: 'usage',
  inputTokens,
  outputTokens,
  costUsd: expect.closeTo((inputTokens + 2 * outputTokens) / 1e6, 9) as number,
  turns,
});
const ended = (verdict: EndEvent['verdict'], message: string): EndEvent => ({
  type: 'end',
  verdict,
  message,
});
const done = (text: string): EndEvent => ({ type: 'end', verdict: 'done', text });
const retries = (reason: string): readonly AgentEvent[] =>
  [1, 2, 3].map((attempt) => ({ type: 'retry', attempt, delayMs: 1000 * 2 ** attempt, reason }));
const words = (count: number): readonly AgentEvent[] =>
  Array.from({ length: count }, (_, word) =>
    word === 0 ? { type: 'text', text: 'w0 ' } : { type: 'text', text: `w${word} `, delta: true },
  );
const toolUse = (summary: string, ok: boolean, output: string): readonly AgentEvent[] => {
  const toolId = expect.any(String) as string;
  return [
    { type: 'tool_start', toolId, name: 'bash', summary },
    { type: 'tool_end', toolId, ok, summary: output },
  ];
};

const hello = 'Hello from the scripted model.';
const sessionId = '0b7f7c1e-6f0e-4f57-9a39-6d0a3c1f5a12';
const status = (code: number): string => expect.stringMatching(new RegExp(`^${code}\\b`)) as string;
const huge = 'é'.repeat(1 << 20);
const message = (content: unknown, stopReason: string): string =>
  JSON.stringify({ type: 'message_end', message: { role: 'assistant', content, stopReason } });

const plainTurn: RecordedCase = {
  steps: [complained('plain'), recorded('plain')],
  exit: exited(0),
  events: [
    remark(linesOf('plain.stderr')[0] ?? ''),
    { type: 'session', agentSessionId: sessionId },
    said(hello),
    usage(698, 20, 1),
  ],
  ending: { end: done(hello) },
};
const unknown: RecordedCase = {
  turn: {
    session: { id: '11111111-2222-4333-8444-555555555555', mode: 'resume' },
    preamble: resumePreamble,
  },
  steps: [complained('session-unknown')],
  exit: exited(1),
  events: [remark("No session found matching '11111111-2222-4333-8444-555555555555'")],
  ending: { respawnAs: 'new' },
};
const gone = ended('session_lost', 'pi no longer has the session 11111111-2222-4333-8444-555555555555.');
const lost = ended('lost', 'pi was ended by SIGKILL before its answer was complete.');

executorSuite('pi', {
  create: () => openExecutor('pi'),
  settings,
  cases: {
    'plain turn': plainTurn,
    'plain turn, whatever the exit code says': { ...plainTurn, exit: exited(1) },
    'permissions it cannot ask for': {
      ...plainTurn,
      settings: { permissions: 'ask' },
      events: [
        remark(
          'pi cannot ask for an approval: it has the tools that read, and no others. ' +
            '(executors.pi.permissions is "ask" in Homer\'s config.yaml.)',
        ),
        ...plainTurn.events,
      ],
    },
    'tool call': {
      steps: [recorded('tool')],
      exit: exited(0),
      events: [
        sessionIn('tool'),
        said('I will use a tool.'),
        usage(703, 20, 1),
        ...toolUse('echo hi-from-tool; touch made', true, 'hi-from-tool'),
        said('The tool said: hi-from-tool\n'),
        usage(1484, 40, 2),
      ],
      ending: { end: done('The tool said: hi-from-tool\n') },
    },
    'a tool call that fails': {
      steps: [recorded('tool-failed')],
      exit: exited(0),
      events: [
        sessionIn('tool-failed'),
        said('I will use a tool.'),
        usage(700, 20, 1),
        ...toolUse('echo bad; exit 3', false, 'bad …'),
        said(expect.stringContaining('bad') as string),
        usage(1480, 40, 2),
      ],
      ending: { end: done(expect.stringContaining('bad') as string) },
    },
    'denied tool': {
      cannotBe: 'pi has no approvals: a tool that is not allowed is not offered to the model at all.',
    },
    'API 401': {
      steps: [recorded('status-401')],
      // It exits with 0 whatever happened.
      exit: exited(0),
      events: [sessionIn('status-401')],
      ending: { end: ended('auth', status(401)) },
    },
    'a key that is not set': {
      steps: [recorded('no-key'), complained('no-key')],
      exit: exited(1),
      events: [sessionIn('no-key'), ...linesOf('no-key.stderr').map(remark)],
      ending: {
        end: ended('auth', expect.stringMatching(/^No API key found for scripted\.\nUse \/login/) as string),
      },
    },
    'API 429': {
      steps: [recorded('status-429')],
      exit: exited(0),
      events: [sessionIn('status-429'), ...retries(status(429))],
      ending: { end: ended('rate_limited', status(429)) },
    },
    'API 500': {
      steps: [recorded('status-500')],
      exit: exited(0),
      events: [sessionIn('status-500'), ...retries(status(500))],
      ending: { end: ended('agent_error', status(500)) },
    },
    'endpoint down': {
      steps: [recorded('endpoint-down')],
      exit: exited(0),
      events: [sessionIn('endpoint-down'), ...retries('Connection error.')],
      ending: { end: ended('offline', 'Connection error.') },
    },
    'killed in stream': {
      steps: [recorded('killed-in-stream')],
      exit: killed,
      events: [sessionIn('killed-in-stream'), ...words(25)],
      ending: { end: lost },
    },
    'killed in tool': {
      steps: [recorded('killed-in-tool')],
      // As a wrapper that outlives it tells of a signal.
      exit: exited(137),
      events: [
        sessionIn('killed-in-tool'),
        said('I will use a tool.'),
        usage(704, 20, 1),
        ...toolUse('tail -f /dev/null', true, '').slice(0, 1),
      ],
      ending: { end: lost },
    },
    resumed: {
      turn: { session: { id: sessionId, mode: 'resume' }, preamble: resumePreamble },
      steps: [recorded('resumed')],
      exit: exited(0),
      events: [
        { type: 'session', agentSessionId: sessionId },
        said('I recall: CODEWORD-fig. Prompts seen: 2.'),
        usage(729, 20, 1),
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
    'session id in use': {
      cannotBe: 'pi takes up a session that is there under the id it is given, and says nothing of it.',
    },
    'no output': {
      steps: [],
      exit: exited(0),
      events: [],
      ending: { end: ended('agent_error', 'pi exited with code 0 before its answer was complete.') },
    },
    'a program that refuses to start': {
      steps: [{ err: ['Error: Unknown option: --nope'] }],
      exit: exited(1),
      events: [remark('Error: Unknown option: --nope')],
      ending: {
        end: ended(
          'agent_error',
          'pi exited with code 1 before its answer was complete:\nError: Unknown option: --nope',
        ),
      },
    },
    interrupted: {
      steps: [recorded('interrupted'), { cancel: true }],
      exit: exited(143),
      events: [sessionIn('interrupted'), ...words(25)],
      ending: { end: ended('lost', 'pi was ended by SIGTERM before its answer was complete.') },
    },
    'an answer that was cut': {
      steps: [
        { out: [message([{ type: 'text', text: 'Once upon' }], 'length'), '{"type":"agent_settled"}'] },
      ],
      exit: exited(0),
      events: [],
      ending: {
        end: {
          ...ended('agent_error', 'The answer was cut at the most the model may write at once.'),
          text: 'Once upon',
        },
      },
    },
    'a model without a price': {
      steps: [
        {
          out: [
            '{"type":"message_end","message":{"role":"assistant","content":[],"stopReason":"stop","usage":{"input":5,"output":2,"cost":{"total":0}}}}',
            '{"type":"agent_settled"}',
          ],
        },
      ],
      exit: exited(0),
      // Unknown, not 0.
      events: [{ type: 'usage', inputTokens: 5, outputTokens: 2, costUsd: null, turns: 1 }],
      ending: { end: done('') },
    },
    'a huge answer': {
      steps: [{ out: [message([{ type: 'text', text: huge }], 'stop'), '{"type":"agent_settled"}'] }],
      exit: exited(0),
      events: [],
      ending: { end: done(`${'é'.repeat(65_520)}\n[… 1835072 bytes left out …]\n${'é'.repeat(65_520)}`) },
    },
  },
});

test('older versions end without a word, so the exit code counts after the end of their last try', () => {
  const conversation = openExecutor('pi').converse(settings, {
    prompt: 'p',
    cwd: '/',
    session: { id: null, mode: 'new' },
    preamble: null,
  });
  for (const line of linesOf('plain.jsonl').slice(0, -1)) conversation.output(line);
  expect(conversation.exited(exited(0))).toEqual({ end: done(hello) });
});

test.each([
  ['Codex error: You have hit your ChatGPT usage limit (plus plan). Try again in ~123 min.', 'rate_limited'],
  ['529 {"type":"error","error":{"type":"overloaded_error"}}', 'agent_error'],
  ['403 forbidden', 'auth'],
  ['fetch failed', 'offline'],
])('reads a verdict from its words: %s', (words, verdict) => {
  expect(decidePiFailure(words, 0)).toMatchObject({ verdict });
});

test('permissions become the tools it has, and a session is begun and resumed by its id', () => {
  const argumentsFor = (permissions: Permissions, session: Turn['session']): string =>
    openExecutor('pi')
      .invocation(
        { ...settings, permissions, model: 'opus', args: ['--provider', 'anthropic'] },
        { prompt: 'p', cwd: '/', session, preamble: null },
      )
      .args.join(' ');
  const fresh = { id: 'x', mode: 'new' } as const;
  expect(argumentsFor('none', fresh)).toBe(
    '--provider anthropic --mode json -p --tools read,grep,find,ls --no-extensions --no-approve --session-id x --model opus',
  );
  expect(argumentsFor('ask', fresh)).toContain('--tools read,grep,find,ls --session-id');
  expect(argumentsFor('edits', fresh)).toContain('--tools read,grep,find,ls,edit,write ');
  expect(argumentsFor('all', { id: 'x', mode: 'resume' })).toBe(
    '--provider anthropic --mode json -p --session x --model opus',
  );
});
