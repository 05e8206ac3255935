import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { AgentEvent, EndEvent } from '../../src/core/agent.ts';
import type { AcpKind } from '../../src/executors/acp-agents.ts';
import type { ExecutorSettings, Turn } from '../../src/executors/executor.ts';
import { openExecutor } from '../../src/executors/open.ts';
import { executorSuite, type RecordedCase, type Step } from './executor.suite.ts';

function settingsOf(kind: AcpKind): ExecutorSettings {
  return {
    kind,
    name: kind,
    bin: `/usr/local/bin/${kind}`,
    args: [],
    permissions: 'all',
    input: 'stdin',
    model: null,
    maxTurns: null,
    maxBudgetUsd: null,
  };
}

const exited = (code: number) => ({ code, signal: null });
const killed = { code: null, signal: 'SIGKILL' };
const cwd = '/home/user/project';
const prompt = 'Do the work.';
const huge = 'é'.repeat(1 << 20);

/** What is peculiar to the recordings of one agent. */
interface Flavour {
  readonly kind: Exclude<AcpKind, 'acp'>;
  readonly title: string;
  readonly model: string;
  readonly allowOnce: string;
  readonly rejectOnce: string;
  /** What it asks of its own accord after a tool, and Homer does not offer. */
  readonly extra?: string;
  /** After so many calls of the model, the last of which took so many tokens in all. */
  readonly usage: (calls: number, inputTokens: number) => readonly AgentEvent[];
  /** What each recording tells after its session has begun. */
  readonly tool: readonly AgentEvent[];
  readonly toolText: string;
  readonly denied: readonly AgentEvent[];
  readonly deniedText: string;
  readonly inTool: readonly AgentEvent[];
  readonly resumed: readonly AgentEvent[];
  readonly resumedText: string;
  readonly unknown: string;
  readonly failures: Readonly<
    Record<'401' | '429' | '500' | 'down', EndEvent | { readonly cannotBe: string }>
  >;
}

const end = (verdict: EndEvent['verdict'], message: string): EndEvent => ({ type: 'end', verdict, message });
const done = (text: string): { readonly end: EndEvent } => ({ end: { type: 'end', verdict: 'done', text } });

function lines(kind: AcpKind, name: string): readonly string[] {
  const file = new URL(`../fixtures/streams/${kind}/${name}.jsonl`, import.meta.url);
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

interface Wire {
  readonly id?: number;
  readonly method?: string;
  readonly result?: { readonly sessionId?: string };
  readonly params?: { readonly sessionId?: string; readonly toolCall?: { readonly toolCallId: string } };
}

function wire(kind: AcpKind, name: string): readonly Wire[] {
  return lines(kind, name).map((line) => JSON.parse(line) as Wire);
}

function sessionOf(kind: AcpKind, name: string): string {
  const told = wire(kind, name).find((it) => (it.result?.sessionId ?? it.params?.sessionId) !== undefined);
  return told?.result?.sessionId ?? told?.params?.sessionId ?? '';
}

function flavourSuite(flavour: Flavour): void {
  const { kind, title } = flavour;
  const recorded = (name: string): Step => ({ out: lines(kind, name) });
  const request = (id: number, method: string, params: object) => ({ jsonrpc: '2.0', id, method, params });
  const opening = { cwd, mcpServers: [] };
  const prompted = (sessionId: string) =>
    request(3, 'session/prompt', { sessionId, prompt: [{ type: 'text', text: prompt }] });
  const asks = (name: string): readonly unknown[] => [
    request(2, 'session/new', opening),
    prompted(sessionOf(kind, name)),
  ];
  const answered = (optionId: string) => ({
    jsonrpc: '2.0',
    id: 0,
    result: { outcome: { outcome: 'selected', optionId } },
  });
  const message = `Homer does not offer ${flavour.extra ?? ''}.`;
  const extra =
    flavour.extra === undefined ? [] : [{ jsonrpc: '2.0', id: 1, error: { code: -32_601, message } }];
  const begun = (name: string): AgentEvent => ({
    type: 'session',
    agentSessionId: sessionOf(kind, name),
    model: flavour.model,
  });
  const text = (said: unknown, delta?: boolean): AgentEvent =>
    ({ type: 'text', text: said, ...(delta === true ? { delta } : {}) }) as AgentEvent;
  /** Words of a stream as they came. */
  const words = (name: string): readonly AgentEvent[] =>
    lines(kind, name)
      .flatMap((line) => /agent_message_chunk.*"text":"(.+?)"/.exec(line)?.[1] ?? [])
      .map((word, index) => text(word, index > 0));
  const failed = (
    name: string,
    how: EndEvent | { readonly cannotBe: string },
  ): RecordedCase | { readonly cannotBe: string } =>
    'cannotBe' in how
      ? how
      : {
          steps: [recorded(name)],
          exit: exited(0),
          events: [begun(name), ...flavour.usage(0, 0)],
          ending: { end: how },
          writes: asks(name),
        };
  const resume = (id: string, more: Partial<Turn> = {}): Partial<Turn> => ({
    session: { id, mode: 'resume' },
    ...more,
  });
  const lost = end(
    'session_lost',
    `${title} cannot go on in the session ${sessionUnknown[kind]}: ${flavour.unknown}`,
  );
  const reopened = (id: string) => request(2, 'session/resume', { sessionId: id, ...opening });
  const unknown: RecordedCase = {
    turn: resume(sessionUnknown[kind]),
    steps: [recorded('session-unknown')],
    exit: exited(0),
    events: [],
    ending: { end: lost },
    writes: [reopened(sessionUnknown[kind])],
  };

  executorSuite(kind, {
    create: () => openExecutor(kind),
    settings: settingsOf(kind),
    cases: {
      'plain turn': {
        steps: [recorded('plain')],
        exit: exited(0),
        events: [begun('plain'), text('Hello from the scripted model.'), ...flavour.usage(1, 9554)],
        ending: done('Hello from the scripted model.'),
        writes: asks('plain'),
      },
      'tool call': {
        steps: [recorded('tool')],
        exit: exited(0),
        events: [begun('tool'), ...flavour.tool],
        ending: done(flavour.toolText),
        writes: [...asks('tool'), answered(flavour.allowOnce), ...extra],
      },
      'denied tool': {
        settings: { permissions: 'none' },
        steps: [recorded('denied')],
        exit: exited(0),
        events: [begun('denied'), ...flavour.denied],
        ending: {
          end: {
            type: 'end',
            verdict: 'denied',
            text: flavour.deniedText,
            message: expect.stringMatching(/^Denied: (Bash|bash|run_shell_command)\.$/) as string,
          },
        },
        writes: [...asks('denied'), answered(flavour.rejectOnce), ...extra],
      },
      'API 401': failed('status-401', flavour.failures['401']),
      'API 429': failed('status-429', flavour.failures['429']),
      'API 500': failed('status-500', flavour.failures['500']),
      'endpoint down': failed('endpoint-down', flavour.failures.down),
      'killed in stream': {
        steps: [recorded('killed-in-stream')],
        exit: killed,
        events: [begun('killed-in-stream'), ...words('killed-in-stream')],
        ending: { end: end('lost', `${title} was ended by SIGKILL before its answer was complete.`) },
        writes: asks('killed-in-stream'),
      },
      'killed in tool': {
        steps: [recorded('killed-in-tool')],
        exit: killed,
        events: [begun('killed-in-tool'), ...flavour.inTool],
        ending: { end: end('lost', `${title} was ended by SIGKILL before its answer was complete.`) },
        writes: [...asks('killed-in-tool'), answered(flavour.allowOnce)],
      },
      resumed: {
        turn: resume(sessionOf(kind, 'killed-in-stream')),
        steps: [recorded('resumed')],
        exit: exited(0),
        events: [
          { ...begun('resumed'), agentSessionId: sessionOf(kind, 'killed-in-stream') } as AgentEvent,
          ...flavour.resumed,
        ],
        ending: done(flavour.resumedText),
        writes: [
          reopened(sessionOf(kind, 'killed-in-stream')),
          prompted(sessionOf(kind, 'killed-in-stream')),
          ...(kind === 'opencode' ? [answered(flavour.allowOnce)] : []),
        ],
      },
      'session unknown': unknown,
      'session unknown to a turn that was cut off': {
        ...unknown,
        turn: resume(sessionUnknown[kind], { preamble: 'You were interrupted.' }),
        ending: { respawnAs: 'new' },
      },
      'session unknown that had turns': {
        ...unknown,
        turn: {
          session: { id: sessionUnknown[kind], mode: 'resume', established: true },
          preamble: 'You were interrupted.',
        },
      },
      'session id in use': { cannotBe: 'The agent chooses the id of a new session itself.' },
      'no output': {
        steps: [],
        exit: exited(0),
        events: [],
        ending: { end: end('agent_error', `${title} exited with code 0 before its answer was complete.`) },
      },
      'a program that refuses to start': {
        steps: [{ err: ['error: unknown option'] }],
        exit: exited(2),
        events: [{ type: 'text', text: 'error: unknown option', stream: 'stderr' }],
        ending: {
          end: end(
            'agent_error',
            `${title} exited with code 2 before its answer was complete:\nerror: unknown option`,
          ),
        },
      },
      interrupted: {
        steps: [
          { out: lines(kind, 'interrupted').slice(0, 2) },
          { cancel: true },
          { out: lines(kind, 'interrupted').slice(2) },
        ],
        exit: exited(0),
        events: [begun('interrupted'), ...words('interrupted'), ...flavour.usage(0, 0)],
        ending: {
          end: {
            ...end('agent_error', `${title} was interrupted.`),
            text: expect.stringMatching(/^w0 w1 .*w\d+$/) as string,
          },
        },
        writes: [
          ...asks('interrupted'),
          { jsonrpc: '2.0', method: 'session/cancel', params: { sessionId: sessionOf(kind, 'interrupted') } },
        ],
      },
      'a huge answer': {
        steps: [
          { out: [...lines(kind, 'plain').slice(0, 2)] },
          {
            out: [
              JSON.stringify({
                jsonrpc: '2.0',
                method: 'session/update',
                params: {
                  sessionId: sessionOf(kind, 'plain'),
                  update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: huge } },
                },
              }),
              JSON.stringify({ jsonrpc: '2.0', id: 3, result: { stopReason: 'end_turn' } }),
            ],
          },
        ],
        exit: exited(0),
        events: [begun('plain'), text(huge)],
        ending: done(`${'é'.repeat(65_520)}\n[… 1835072 bytes left out …]\n${'é'.repeat(65_520)}`),
        writes: asks('plain'),
      },
    },
  });
}

const sessionUnknown: Readonly<Record<AcpKind, string>> = {
  kimi: 'session_21553f2c-4756-44d8-a233-32ce50fa9e00',
  opencode: 'ses_df6c89bdbffewDXCtDyZgrKSUO',
  qwen: '0b7f7c1e-6f0e-4f57-9a39-6d0a3c1f5a11',
  acp: '',
};

const tool = (
  toolId: string,
  name: string,
  command: string,
  result: string | null,
): readonly AgentEvent[] => [
  { type: 'tool_start', toolId, name, summary: command },
  ...(result === null ? [] : [{ type: 'tool_end', toolId, ok: true, summary: result } as const]),
];
const denial = (toolId: string, name: string, more: object, result: string): readonly AgentEvent[] => [
  { type: 'tool_start', toolId, name, summary: 'touch denied' },
  { type: 'permission', requestId: '0', toolId, tool: name, input: { command: 'touch denied', ...more } },
  { type: 'permission_answered', requestId: '0', allow: false, by: 'policy' },
  { type: 'tool_end', toolId, ok: false, summary: result },
];
const started: AgentEvent = { type: 'text', text: 'I will use a tool.' };
const say = (text: string): AgentEvent => ({ type: 'text', text });
const streamed: readonly AgentEvent[] = Array.from({ length: 10 }, (_, n) =>
  n === 0 ? say('w0 ') : { type: 'text', text: `w${n} `, delta: true },
);
const recalled = 'the end. I recall: CODEWORD-plum. Prompts seen: 2.';
const silentEnd = end(
  'agent_error',
  'Kimi Code ended its turn without an answer, as it does when its model cannot be reached, fails or limits it.',
);
const wrongKey = 'Incorrect API key provided: sk-not-a-real-key (scripted 401).';

const kimiTool = 'The tool said: Wall time: 0.075 seconds\nfrom-the-tool';
const kimiDenial = 'Tool "Bash" was not run because the user rejected the approval request.';
const kimiDenied = `The tool said: Wall time: 0.000 seconds\n<system>ERROR: Tool execution failed.</system>\n${kimiDenial}`;
flavourSuite({
  kind: 'kimi',
  title: 'Kimi Code',
  model: 'scripted',
  allowOnce: 'approve_once',
  rejectOnce: 'reject',
  usage: () => [],
  tool: [
    started,
    ...tool('0:call_scripted2', 'Bash', 'echo from-the-tool; touch made', 'from-the-tool'),
    say(`${kimiTool}\n`),
  ],
  toolText: kimiTool,
  denied: [
    started,
    ...denial('0:call_scripted4', 'Bash', { description: 'Runs the command' }, kimiDenial),
    say(kimiDenied),
  ],
  deniedText: kimiDenied,
  inTool: [started, ...tool('0:call_scripted9', 'Bash', 'sleep 30', null)],
  resumed: [...streamed, { type: 'text', text: recalled, delta: true }],
  resumedText: `w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 ${recalled}`,
  unknown: `Invalid params: Unknown sessionId: ${sessionUnknown.kimi}`,
  failures: {
    '401': end('auth', `Authentication required: 401 ${wrongKey}`),
    '429': silentEnd,
    '500': silentEnd,
    down: silentEnd,
  },
});

const free: AgentEvent = { type: 'usage', inputTokens: null, outputTokens: null, costUsd: 0 };
const openCodeTool = 'The tool said: from-the-tool';
flavourSuite({
  kind: 'opencode',
  title: 'OpenCode',
  model: 'scripted/scripted-model',
  allowOnce: 'once',
  rejectOnce: 'reject',
  usage: () => [free],
  tool: [
    started,
    ...tool('call_scripted4', 'bash', 'echo from-the-tool; touch made', 'from-the-tool'),
    say(`${openCodeTool}\n`),
    free,
  ],
  toolText: openCodeTool,
  denied: [
    started,
    ...denial('call_scripted7', 'bash', {}, 'The user rejected permission to use this specific tool call.'),
    free,
  ],
  deniedText: 'I will use a tool.',
  inTool: [started, ...tool('call_scripted15', 'bash', 'sleep 30', null)],
  // What the session cost before is not told, so neither is what this turn did.
  resumed: [
    started,
    ...tool('call_scripted12', 'bash', 'echo second', 'second'),
    say('The tool said: second\n I recall: CODEWORD-plum. Prompts seen: 2.'),
  ],
  resumedText: 'The tool said: second\n I recall: CODEWORD-plum. Prompts seen: 2.',
  unknown: 'Internal error: OpenCode service failure',
  failures: {
    '401': end('auth', `Internal error: ${wrongKey}`),
    '429': end('rate_limited', 'Internal error: Rate limit reached for requests (scripted 429).'),
    '500': end('agent_error', 'Internal error: The server had an error (scripted 500)'),
    down: end(
      'offline',
      'Internal error: Cannot connect to API: Unable to connect. Is the computer able to access the url?',
    ),
  },
});

const used = (inputTokens: number, turns = 1): AgentEvent => ({
  type: 'usage',
  inputTokens,
  outputTokens: 20 * turns,
  costUsd: null,
  turns,
});
/** It tells what a call of the model took before it tells what the call asks for. */
const calling = (inputTokens: number, events: readonly AgentEvent[]): readonly AgentEvent[] => [
  started,
  used(inputTokens),
  ...events,
];
const qwenTool =
  'The tool said: Command: echo from-the-tool; touch made\nDirectory: (root)\nOutput: from-the-tool\n' +
  'Error: (none)\nExit Code: 0\nSignal: (none)\nProcess Group PGID: 11342';
flavourSuite({
  kind: 'qwen',
  title: 'Qwen Code',
  model: '$runtime|openai|scripted-model(openai)',
  allowOnce: 'proceed_once',
  rejectOnce: 'cancel',
  extra: 'craft/drainMidTurnQueue',
  usage: (calls, inputTokens) => (calls === 0 ? [] : [used(inputTokens, calls)]),
  tool: [
    ...calling(
      9562,
      tool('call_scripted3', 'run_shell_command', 'echo from-the-tool; touch made', 'from-the-tool'),
    ),
    say(qwenTool),
    used(19_252, 2),
  ],
  toolText: qwenTool,
  denied: calling(
    9560,
    denial(
      'call_scripted7',
      'run_shell_command',
      { description: 'Runs the command', is_background: false },
      'Tool "run_shell_command" was canceled by the user.',
    ),
  ),
  deniedText: 'I will use a tool.',
  // Its second process takes the end of the first for the end of its input, cancels and says so.
  inTool: [
    ...calling(9562, tool('call_scripted1', 'run_shell_command', "sh -c 'exec tail -f /dev/null'", null)),
    { type: 'tool_end', toolId: 'call_scripted1', ok: false, summary: '' },
  ],
  resumed: [...streamed, { type: 'text', text: recalled, delta: true }, used(9579)],
  resumedText: `w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 ${recalled}`,
  unknown: `Resource not found: session:${sessionUnknown.qwen}`,
  failures: {
    '401': end('auth', `Internal error: 401 ${wrongKey}`),
    '429': {
      cannotBe: 'It repeats a limited request for minutes and says nothing: the stall limit ends it.',
    },
    '500': end('agent_error', 'Internal error: 500 The server had an error (scripted 500)'),
    down: end('offline', 'Internal error: Connection error.'),
  },
});
