// The tool calls of one turn, as an ACP agent tells of them piece by piece: agents differ in what comes first.

import type { ToolCallStatus, ToolKind } from '@agentclientprotocol/sdk';
import type { AgentEvent } from '../core/agent.ts';
import { fieldsOf, itemsOf, parseFields, textOf, type Fields } from './json-fields.ts';
import type { ToolEffect } from './permission-policy.ts';
import { summariseInput, summariseOutput } from './tool-summary.ts';

export interface AcpTool {
  readonly name: string;
  readonly input: unknown;
  readonly effect: ToolEffect;
}

/** The call a permission is asked for, and the events it takes to be under way. */
export interface AskedTool {
  readonly toolId: string | undefined;
  readonly tool: AcpTool;
  readonly events: readonly AgentEvent[];
}

export interface AcpTools {
  /** A `tool_call`, a `tool_call_update`, or the call a permission is asked for. */
  told(call: Fields): readonly AgentEvent[];
  /** Starts a call, whatever is known of it: the agent waits within it. */
  asked(call: Fields): AskedTool;
  /** Starts the calls of which nothing more was told before something else came. */
  settle(): readonly AgentEvent[];
}

interface Call {
  name: string | null;
  title: string;
  /** Null while none was told; of two that contradict each other, neither is believed. */
  kind: string | null;
  input: Fields;
  state: 'announced' | 'started' | 'ended';
}

/** `hide` takes secrets out of a text before it is cut. */
export function createAcpTools(hide: (text: string) => string): AcpTools {
  const calls = new Map<string, Call>();

  const nameOf = (call: Call): string => call.name ?? call.kind ?? 'tool';

  const start = (toolId: string, call: Call): readonly AgentEvent[] => {
    if (call.state !== 'announced') return [];
    call.state = 'started';
    const summary = summariseInput(call.input, hide) || summariseOutput(call.title, hide);
    const name = nameOf(call);
    return [{ type: 'tool_start', toolId, name, summary: summary === name ? '' : summary }];
  };

  const learn = (
    update: Fields,
    isAsked = false,
  ): { readonly toolId: string; readonly call: Call } | null => {
    const toolId = textOf(update['toolCallId']);
    if (toolId === null) return null;
    const known = calls.get(toolId);
    // Under the name of a call that is over another begins, of which nothing is known.
    const isAnother = known?.state === 'ended' && (isAsked || isBeginning(update));
    const call: Call =
      known === undefined || isAnother
        ? { name: null, title: '', kind: null, input: {}, state: 'announced' }
        : known;
    calls.set(toolId, call);
    call.name ??= toolName(update);
    call.title = textOf(update['title']) ?? call.title;
    const kind = textOf(update['kind']);
    call.kind = call.kind === null || kind === null || kind === call.kind ? (call.kind ?? kind) : 'other';
    const input = inputOf(update);
    if (Object.keys(input).length > 0) {
      const isNews =
        Object.keys(call.input).length > 0 && JSON.stringify(input) !== JSON.stringify(call.input);
      // What was told of one input does not hold for another.
      if (isAsked && isNews && kind === null) call.kind = 'other';
      call.input = input;
    }
    return { toolId, call };
  };

  const startOthers = (except: string | null): readonly AgentEvent[] =>
    [...calls].flatMap(([toolId, call]) => (toolId === except ? [] : start(toolId, call)));

  return {
    told(update) {
      const known = learn(update);
      if (known === null) return [];
      const { toolId, call } = known;
      const events = [...startOthers(toolId)];
      const status = textOf(update['status']) ?? ('pending' satisfies ToolCallStatus);
      if (status !== 'pending' || summariseInput(call.input) !== '') events.push(...start(toolId, call));
      if (!isFinal(status) || call.state === 'ended') return events;
      call.state = 'ended';
      const summary = summariseOutput(outputOf(update), hide);
      return [...events, { type: 'tool_end', toolId, ok: status === 'completed', summary }];
    },
    asked(update) {
      const known = learn(update, true);
      if (known === null)
        return { toolId: undefined, tool: { name: 'a tool', input: {}, effect: 'other' }, events: [] };
      const { toolId, call } = known;
      const events = [...startOthers(toolId), ...start(toolId, call)];
      const input = Object.keys(call.input).length > 0 ? call.input : { title: call.title };
      return { toolId, tool: { name: nameOf(call), input, effect: effectOf(call.kind) }, events };
    },
    settle: () => startOthers(null),
  };
}

function isBeginning(update: Fields): boolean {
  return update['sessionUpdate'] === 'tool_call' && !isFinal(textOf(update['status']) ?? '');
}

function isFinal(status: string): boolean {
  return status === ('completed' satisfies ToolCallStatus) || status === ('failed' satisfies ToolCallStatus);
}

/** The tool's own name where it is told: as a field, in what agents add to the protocol, or as a title of one word. */
function toolName(call: Fields): string | null {
  const meta = fieldsOf(call['_meta']) ?? {};
  const title = textOf(call['title']);
  return (
    textOf(call['name']) ??
    textOf(meta['toolName']) ??
    textOf(fieldsOf(meta['claudeCode'])?.['toolName']) ??
    (title !== null && /^[\w.-]{1,64}$/.test(title) ? title : null)
  );
}

/** Kimi Code tells its input as JSON in the content first; OpenCode adds where a command runs, which tells nothing. */
function inputOf(call: Fields): Fields {
  const raw = fieldsOf(call['rawInput']) ?? parseFields(textOf(contentOf(call)[0]?.['text']) ?? '') ?? {};
  return Object.fromEntries(Object.entries(raw).filter(([name]) => name !== 'cwd'));
}

function outputOf(call: Fields): unknown {
  const raw = call['rawOutput'];
  return textOf(raw) ?? textOf(fieldsOf(raw)?.['output']) ?? contentOf(call);
}

function contentOf(call: Fields): readonly Fields[] {
  return itemsOf(itemsOf(call['content']).map((item) => item['content']));
}

const effects: Readonly<Partial<Record<ToolKind, ToolEffect>>> = {
  read: 'read',
  search: 'read',
  edit: 'edit',
};

function effectOf(kind: string | null): ToolEffect {
  return (effects as Readonly<Record<string, ToolEffect | undefined>>)[kind ?? ''] ?? 'other';
}
