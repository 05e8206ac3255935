// One process of an ACP agent as a dialogue: initialize, the session (new or gone on with), the prompt, its updates, its answer.

import type { AgentEvent, EndEvent } from '../core/agent.ts';
import type { AcpAgent } from './acp-agents.ts';
import { decideAcpEnd, decideAcpFailure, isSessionLost } from './acp-end.ts';
import {
  cancelNotification,
  heard,
  methodNotFound,
  onceKinds,
  permissionAnswer,
  protocolVersion,
  request,
  type RequestId,
} from './acp-protocol.ts';
import { modelOf, openingOf, settingsFor, type Request } from './acp-session.ts';
import { createAcpTurn } from './acp-turn.ts';
import type { Conversation, ExecutorSettings, Reaction, Turn } from './executor.ts';
import { describeExit, signalOf, type ProcessExit } from './exit-text.ts';
import { acpToolServers } from './homer-tools.ts';
import { fieldsOf, itemsOf, numberOf, parseFields, textOf, type Fields } from './json-fields.ts';
import { createLastLines } from './last-lines.ts';
import { decidePermission } from './permission-policy.ts';
import { mayBeEmpty, withPreamble } from './preamble.ts';

const silent: Reaction = { events: [] };

/** What the agent was asked last; there is never more than one request under way. */
type Step = 'initialize' | 'session' | 'setting' | 'prompt' | 'over';

interface Asked {
  readonly id: RequestId;
  readonly tool: string;
  readonly options: readonly Fields[];
}

export function createAcpConversation(
  agent: AcpAgent,
  settings: ExecutorSettings,
  turn: Turn,
  hide: (text: string) => string = (text) => text,
  env: Readonly<Record<string, string>> = {},
): Conversation {
  const complaints = createLastLines();
  const resumes = turn.session.mode === 'resume' && turn.session.id !== null;
  const said = createAcpTurn({ isNew: !resumes, tellsTokens: agent.tellsTokens, hide });
  /** Permission requests nobody has answered, by what the house knows them by. */
  const asked = new Map<string, Asked>();
  const denied: string[] = [];
  let title = agent.title ?? settings.name;
  let step: Step = 'initialize';
  let lastId = 0;
  let settingsLeft: readonly Request[] = [];
  let sessionId: string | null = null;
  let end: EndEvent | null = null;
  let isLost = false;
  /** Homer asked it to stop. */
  let isStopped = false;
  /** It says it was stopped, although nobody in Homer asked for it. */
  let isCutOff = false;

  const ask = (next: Step, make: Request, events: readonly AgentEvent[] = []): Reaction => {
    step = next;
    lastId += 1;
    return { events, write: make(lastId) };
  };

  const finish = (verdict: EndEvent, events: readonly AgentEvent[] = []): Reaction => {
    step = 'over';
    end = verdict;
    // A complete answer is written down at once. Any other end may still be that of a stop, which only the runner knows.
    return { events: verdict.verdict === 'done' ? [...events, verdict] : events, closeInput: true };
  };
  const fail = (message: string, events: readonly AgentEvent[] = []): Reaction =>
    finish({ type: 'end', verdict: 'agent_error', message }, events);

  /** The session that was to go on is gone, or the agent has no way to go on in one. */
  const loseSession = (why: string): Reaction => {
    isLost = true;
    const message = `${title} cannot go on in the session ${turn.session.id ?? ''}: ${why}`;
    return finish({ type: 'end', verdict: 'session_lost', message });
  };

  const onInitialized = (result: Fields): Reaction => {
    const info = fieldsOf(result['agentInfo']) ?? {};
    title = agent.title ?? textOf(info['title']) ?? textOf(info['name']) ?? title;
    const version = numberOf(result['protocolVersion']);
    if (version !== protocolVersion)
      return fail(
        `${title} speaks version ${version ?? '?'} of the protocol, Homer version ${protocolVersion}.`,
      );
    const place = { cwd: turn.cwd, mcpServers: [...acpToolServers(settings, env)] };
    const { id } = turn.session;
    if (!resumes || id === null) return ask('session', (it) => request(it, 'session/new', place));
    const method = openingOf(fieldsOf(result['agentCapabilities']) ?? {});
    if (method === null) return loseSession('it cannot go on in any.');
    return ask('session', (it) => request(it, method, { sessionId: id, ...place }));
  };

  const onSession = (session: Fields): Reaction => {
    const id = resumes ? turn.session.id : textOf(session['sessionId']);
    if (id === null) return fail(`${title} started no session.`);
    sessionId = id;
    const model = settings.model ?? modelOf(session) ?? undefined;
    const events: AgentEvent[] = [{ type: 'session', agentSessionId: id, model }];
    const left = settingsFor(session, id, { mode: agent.askingMode, model: settings.model });
    if ('problem' in left) return fail(`${title} ${left.problem}`, events);
    settingsLeft = left;
    return prepare(id, events);
  };

  /** Sets what is left to set, one request at a time, then says the prompt. */
  const prepare = (id: string, events: readonly AgentEvent[] = []): Reaction => {
    const [setting, ...left] = settingsLeft;
    settingsLeft = left;
    if (setting !== undefined) return ask('setting', setting, events);
    const text = withPreamble(turn.preamble, turn.prompt);
    const prompt = { sessionId: id, prompt: [{ type: 'text' as const, text }] };
    return ask('prompt', (it) => request(it, 'session/prompt', prompt), events);
  };

  const onAnswered = (result: Fields): Reaction => {
    const events = said.answered(result);
    const text = said.text();
    const isConcluded = agent.hidesFailures ? said.isConcluded() : text !== '' || said.usedTools();
    const stopReason = textOf(result['stopReason']);
    isCutOff = stopReason === 'cancelled' && !isStopped && denied.length === 0;
    return finish(decideAcpEnd({ agent: title, stopReason, text, isConcluded, denied }), events);
  };

  const onResult = (result: Fields): Reaction => {
    if (step === 'initialize') return onInitialized(result);
    if (step === 'session') return onSession(result);
    return step === 'setting' ? prepare(sessionId ?? '') : onAnswered(result);
  };

  const onError = (error: Fields): Reaction => {
    const failure = decideAcpFailure(title, error, hide);
    if (step === 'session' && resumes && isSessionLost(error)) return loseSession(failure.message ?? '');
    return finish(failure);
  };

  const onPermission = (id: RequestId, params: Fields): Reaction => {
    const { toolId, tool, events } = said.asked(fieldsOf(params['toolCall']) ?? {});
    const request: Asked = { id, tool: tool.name, options: itemsOf(params['options']) };
    const decision = decidePermission(settings.name, settings.permissions, tool.name, tool.effect);
    if (decision.do === 'allow') return { events, write: settle(request, true) };
    const requestId = nameOf(id);
    const event: AgentEvent = { type: 'permission', requestId, toolId, tool: tool.name, input: tool.input };
    if (decision.do === 'deny') {
      const answered: AgentEvent = { type: 'permission_answered', requestId, allow: false, by: 'policy' };
      return { events: [...events, event, answered], write: settle(request, false) };
    }
    const earlier = asked.get(requestId);
    if (earlier === undefined) {
      asked.set(requestId, request);
      return { events: [...events, event] };
    }
    // An answer under one id for two questions could allow the one nobody saw: then none is given but no, to both.
    const write = settle(earlier, false) + settle(request, false);
    return { events: [...events, ...onTakenBack(requestId).events], write };
  };

  const onTakenBack = (requestId: string): Reaction => {
    if (!asked.delete(requestId)) return silent;
    return { events: [{ type: 'permission_answered', requestId, allow: false, by: 'withdrawn' }] };
  };

  /** The answer in the agent's own options. One that does not offer to allow just once is denied, rather than given more. */
  const settle = ({ id, tool, options }: Asked, allow: boolean): string => {
    const optionOf = (kind: string): string | null =>
      textOf(options.find((option) => option['kind'] === kind)?.['optionId']);
    const allowing = allow ? optionOf(onceKinds.allow) : null;
    if (allowing === null) denied.push(tool);
    return permissionAnswer(id, allowing ?? optionOf(onceKinds.deny));
  };

  const onMethod = (message: Fields, method: string): Reaction => {
    const params = fieldsOf(message['params']) ?? {};
    const id = idOf(message['id']);
    if (id !== null) {
      if (step === 'over') return silent;
      // It waits for an answer to whatever it asks, for ever.
      if (method !== heard.session_request_permission)
        return { events: [], write: methodNotFound(id, method) };
      return onPermission(id, params);
    }
    if (step === 'over') return silent;
    if (method === heard.cancel_request) return onTakenBack(nameOf(idOf(params['requestId'])));
    if (method !== heard.session_update) return silent;
    // A subagent's session is the affair of the agent that started it.
    if (sessionId !== null && params['sessionId'] !== sessionId) return silent;
    return { events: said.told(fieldsOf(params['update']) ?? {}, step === 'prompt') };
  };

  const plain = (line: string): Reaction => {
    complaints.add(hide(line));
    return { events: [{ type: 'text', text: line, stream: 'stderr' }] };
  };

  const endFromExit = (exit: ProcessExit): EndEvent => {
    const last = complaints.text();
    const how = `${title} ${describeExit(exit)} before its answer was complete`;
    // Nobody in Homer sent that signal: the runner tells of those itself.
    const verdict = signalOf(exit) === null ? 'agent_error' : 'lost';
    return { type: 'end', verdict, message: last === '' ? `${how}.` : `${how}:\n${last}` };
  };

  return {
    started: () =>
      ask('initialize', (id) =>
        request(id, 'initialize', {
          protocolVersion,
          clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
          clientInfo: { name: 'homer', version: '1' },
        }),
      ),
    output(text) {
      const message = parseFields(text);
      if (message === null) return text.trim() === '' ? silent : plain(text);
      const method = textOf(message['method']);
      if (method !== null) return onMethod(message, method);
      if (message['id'] !== lastId || step === 'over') return silent;
      const error = fieldsOf(message['error']);
      if (error !== null) return onError(error);
      // Some answer a request that has nothing to tell with null.
      return 'result' in message ? onResult(fieldsOf(message['result']) ?? {}) : silent;
    },
    errorOutput: plain,
    answer({ requestId, allow }) {
      const request = asked.get(requestId);
      asked.delete(requestId);
      if (request === undefined || step === 'over') return silent;
      return { events: [], write: settle(request, allow) };
    },
    cancel() {
      // Before the prompt there is nothing to cancel; the end of its input ends an agent.
      if (sessionId === null || step !== 'prompt')
        return step === 'over' ? silent : { events: [], closeInput: true };
      // The protocol has every question of a cancelled turn answered with that.
      const answers = [...asked.values()].map(({ id }) => permissionAnswer(id, null));
      asked.clear();
      isStopped = true;
      return { events: [], write: [...answers, cancelNotification(sessionId)].join('') };
    },
    exited(exit) {
      // Killed before the agent had written anything down: there is nothing to lose by starting over. A session that went
      // on for turns is another matter, its loss has to be told.
      if (isLost && mayBeEmpty(turn)) return { respawnAs: 'new' };
      // Of a program in two processes (Qwen Code) one is killed and the other takes the end of its input for a cancel.
      const isKilled = isCutOff && signalOf(exit) !== null;
      return { end: isKilled ? endFromExit(exit) : (end ?? endFromExit(exit)) };
    },
  };
}

function idOf(value: unknown): RequestId | null {
  return textOf(value) ?? numberOf(value);
}

/** What the house knows a request by: 7 and "7" are two. */
function nameOf(id: RequestId | null): string {
  return JSON.stringify(id);
}
