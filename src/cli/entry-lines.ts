// Journal entries as lines for people.

import type { AnsweredBy } from '../core/approval.ts';
import type { JournalEntry } from './answers.ts';
import { oneLine, plain, span } from './format.ts';

/** What of a journal is worth a line of its own while one waits: what tools did and what went wrong, not the text. */
export function createEntryLines(): (entry: JournalEntry) => string[] {
  const tools = new Map<string, { readonly name: string; readonly at: number }>();
  let wasResumed = false;
  return (entry) => {
    switch (entry.type) {
      case 'tool_start':
        tools.set(entry.toolId, { name: toolText(entry.name, entry.summary), at: entry.at });
        return [];
      case 'tool_end': {
        const tool = tools.get(entry.toolId);
        tools.delete(entry.toolId);
        const took = tool === undefined ? 0 : entry.at - tool.at;
        const failed = entry.ok ? '' : ', failed';
        return [`  ${tool?.name ?? 'tool'}${took >= 1_000 ? `, ${span(took)}` : ''}${failed}`];
      }
      case 'text':
        return entry.stream === 'stderr'
          ? plain(entry.text)
              .trimEnd()
              .split('\n')
              .map((line) => `  ${line}`)
          : [];
      case 'agent_started': {
        const isRefused = wasResumed && entry.mode === 'new';
        wasResumed = entry.mode === 'resume';
        if (wasResumed) return ['It goes on in the same agent session.'];
        return isRefused ? ['The agent has nothing of that session; it starts anew.'] : [];
      }
      case 'retry': {
        const wait = entry.delayMs === null ? '' : ` in ${span(entry.delayMs)}`;
        return [`The agent tries again${wait}: ${plain(entry.reason)}`];
      }
      case 'limit':
        return [`The agent met a limit: ${plain(entry.reason)}`];
      case 'permission':
        return [`The agent asks whether it may use ${oneLine(entry.tool)}.`];
      case 'permission_answered':
        return [answerLines[entry.by](entry.allow)];
      case 'stopping':
        return entry.step === 'kill'
          ? []
          : [`The run is being ended (${entry.reason.replaceAll('_', ' ')}).`];
      case 'paused':
        return ['The disk is full; the run is paused until there is room.'];
      case 'session':
      case 'usage':
      case 'end':
        return [];
    }
  };
}

const answerLines: Readonly<Record<AnsweredBy, (allow: boolean) => string>> = {
  person: (allow) => `A person ${allow ? 'allowed' : 'denied'} it.`,
  session: () => 'It was allowed before, for the session.',
  policy: (allow) => `It is ${allow ? 'allowed' : 'denied'} by \`permissions\` of the executor.`,
  expired: () => 'Nobody answered in time; it was denied.',
  withdrawn: () => 'The agent does not wait for an answer any more.',
};

/** `Bash npm test`, on one line. */
export function toolText(name: string, summary: string): string {
  return oneLine(`${name} ${summary}`);
}
