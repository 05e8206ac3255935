// One process of Gemini CLI: the prompt on its standard input, a stream of lines out, one `result` line at the end.

import type { AgentEvent, EndEvent } from '../core/agent.ts';
import type { Conversation, ExecutorSettings, Reaction, Turn } from './executor.ts';
import { describeExit, signalOf, type ProcessExit } from './exit-text.ts';
import { decideGeminiEnd, usageOf } from './gemini-end.ts';
import { createGeminiRetries } from './gemini-retry.ts';
import { fieldsOf, parseFields, textOf, type Fields } from './json-fields.ts';
import { createLastLines } from './last-lines.ts';
import { mayBeEmpty, withPreamble } from './preamble.ts';
import { summariseInput, summariseOutput } from './tool-summary.ts';

const silent: Reaction = { events: [] };

/** `FATAL_AUTHENTICATION_ERROR`: nobody is signed in, and no request was sent. */
const notSignedIn = 41;

// Said at every start, and the stacks of errors, whose first line is kept.
const noise =
  /^(?:Warning: (?:Basic terminal detected|256-color support not detected)|YOLO mode is enabled|Ripgrep is not available|\[STARTUP\] |\s+at |\s+status: \d+$|\}$)/;

export function createGeminiConversation(
  settings: ExecutorSettings,
  turn: Turn,
  hide: (text: string) => string = (text) => text,
  now: () => number = Date.now,
): Conversation {
  const complaints = createLastLines();
  const retries = createGeminiRetries(now);
  /** Tool calls under way, by id. */
  const tools = new Map<string, string>();
  const denied = new Set<string>();
  let answer: string[] = [];
  let isSpeaking = false;
  /** Calls of the model: each begins with the first it says after the start or after a tool's result. */
  let turns = 0;
  let isAnswering = false;
  let lastError: string | null = null;
  let result: Fields | null = null;
  let refusal: 'unknown' | 'inUse' | null = null;

  /** The count so far; tokens are told at the end only. The first call needs no word, no limit is below it. */
  const beginCall = (): readonly AgentEvent[] => {
    if (isAnswering) return [];
    isAnswering = true;
    turns += 1;
    return turns === 1
      ? []
      : [{ type: 'usage', inputTokens: null, outputTokens: null, costUsd: null, turns }];
  };

  const endOf = (line: Fields): EndEvent =>
    decideGeminiEnd(line, { answer: answer.join(''), denied: [...denied], lastError, hide });

  const plain = (line: string): Reaction => {
    const retry = retries.line(line);
    if (retry !== null) return { events: retry };
    if (line.trim() === '' || noise.test(line)) return silent;
    complaints.add(hide(line));
    if (/^Error starting session: .* already exists/.test(line)) refusal = 'inUse';
    else if (line.startsWith('Error resuming session: ')) refusal = 'unknown';
    return { events: [{ type: 'text', text: line, stream: 'stderr' }] };
  };

  const onMessage = (line: Fields): Reaction => {
    const text = textOf(line['content']);
    // The prompt comes back as a message of the user.
    if (line['role'] !== 'assistant' || text === null || text === '') return silent;
    const event: AgentEvent = isSpeaking ? { type: 'text', text, delta: true } : { type: 'text', text };
    isSpeaking = true;
    answer.push(text);
    return { events: [...beginCall(), event] };
  };

  const onToolUse = (line: Fields): Reaction => {
    const toolId = textOf(line['tool_id']);
    if (toolId === null) return silent;
    const name = textOf(line['tool_name']) ?? 'tool';
    tools.set(toolId, name);
    answer = [];
    isSpeaking = false;
    const summary = summariseInput(line['parameters'], hide);
    return { events: [...beginCall(), { type: 'tool_start', toolId, name, summary }] };
  };

  const onToolResult = (line: Fields): Reaction => {
    const toolId = textOf(line['tool_id']);
    if (toolId === null) return silent;
    const error = fieldsOf(line['error']);
    if (error?.['type'] === 'policy_violation') denied.add(tools.get(toolId) ?? 'a tool');
    tools.delete(toolId);
    isAnswering = false;
    const output = textOf(line['output']) ?? textOf(error?.['message']) ?? '';
    const ok = line['status'] === 'success';
    return { events: [{ type: 'tool_end', toolId, ok, summary: summariseOutput(output, hide) }] };
  };

  const onError = (line: Fields): Reaction => {
    const message = textOf(line['message']);
    if (message === null) return silent;
    // Warnings (a loop, a hook that objects) end nothing by themselves.
    if (line['severity'] === 'error') lastError = message;
    complaints.add(hide(message));
    return { events: [{ type: 'text', text: message, stream: 'stderr' }] };
  };

  const onResult = (line: Fields): Reaction => {
    result = line;
    const usage: AgentEvent = { type: 'usage', ...usageOf(line), ...(turns > 0 ? { turns } : {}) };
    const end = endOf(line);
    // As with every agent: a complete answer is written down at once, any other end may still be that of a stop.
    return { events: end.verdict === 'done' ? [usage, end] : [usage], closeInput: true };
  };

  const endFromExit = (exit: ProcessExit): EndEvent => {
    const said = complaints.text();
    if (exit.code === notSignedIn) {
      const hint =
        'Start `gemini` in a terminal and sign in, or put GEMINI_API_KEY into ' +
        `executors.${settings.name}.env. With GOOGLE_GEMINI_BASE_URL, ~/.gemini/settings.json has to name ` +
        'security.auth.selectedType too.';
      return {
        type: 'end',
        verdict: 'auth',
        message: `Gemini CLI is not signed in. ${hint}\n${said}`.trimEnd(),
      };
    }
    const how = `Gemini CLI ${describeExit(exit)} before its answer was complete`;
    const verdict = signalOf(exit) === null ? 'agent_error' : 'lost';
    return { type: 'end', verdict, message: said === '' ? `${how}.` : `${how}:\n${said}` };
  };

  return {
    // It reads its standard input to the end before it begins, so there is nothing to be said to it later.
    started: () => ({ events: [], write: withPreamble(turn.preamble, turn.prompt), closeInput: true }),
    output(text) {
      const line = parseFields(text);
      if (line === null) return plain(text);
      switch (line['type']) {
        case 'init': {
          const agentSessionId = textOf(line['session_id']);
          if (agentSessionId === null) return silent;
          return {
            events: [{ type: 'session', agentSessionId, model: textOf(line['model']) ?? undefined }],
          };
        }
        case 'message':
          return onMessage(line);
        case 'tool_use':
          return onToolUse(line);
        case 'tool_result':
          return onToolResult(line);
        case 'error':
          return onError(line);
        case 'result':
          return onResult(line);
        // Whatever a newer version adds.
        default:
          return silent;
      }
    },
    errorOutput: plain,
    // Headless it neither asks nor can be told to stop: the ladder goes on with signals, which it heeds at once.
    answer: () => silent,
    cancel: () => silent,
    exited(exit) {
      if (result !== null) return { end: endOf(result) };
      if (refusal === 'inUse' && turn.session.mode === 'new') return { respawnAs: 'resume' };
      if (refusal === 'unknown' && turn.session.mode === 'resume') {
        // Killed before it had written anything down: nothing is lost by starting over under the same id.
        if (mayBeEmpty(turn)) return { respawnAs: 'new' };
        const message =
          `Gemini CLI has no session ${turn.session.id ?? ''} for ${turn.cwd}; ` +
          'it keeps sessions by the folder they were started in.';
        return { end: { type: 'end', verdict: 'session_lost', message } };
      }
      return { end: retries.end ?? endFromExit(exit) };
    },
  };
}
