// The executor for any program: the prompt is an argument or its standard input, the answer its standard output.

import type { EndEvent } from '../core/agent.ts';
import { answerBytes, createBoundedText } from './bounded-text.ts';
import type { Executor, ExecutorSettings, Reaction, Turn } from './executor.ts';
import { describeExit } from './exit-text.ts';
import { createLastLines, lastLinesOf } from './last-lines.ts';

/** Between its complaints and the end of its output, where a command that failed wrote both. */
const printedHead = 'Its output ended with:';

const silent: Reaction = { events: [] };

/** Runs any program; nothing of ours interprets the prompt, it is one literal argument or standard input. */
export function createCommandExecutor(): Executor {
  return {
    kind: 'command',
    framing: 'chunks',
    choosesSessionId: false,
    resumable: false,
    invocation(settings, turn) {
      return { file: settings.bin, args: argumentsOf(settings, turn), env: {} };
    },
    converse(settings, turn) {
      const answer = createBoundedText(answerBytes);
      const complaints = createLastLines();
      return {
        started: () =>
          settings.input === 'stdin'
            ? { events: [], write: turn.prompt, closeInput: true }
            : { events: [], closeInput: true },
        output(text) {
          answer.add(text);
          return { events: [{ type: 'text', text, delta: true }] };
        },
        errorOutput(line) {
          complaints.add(line);
          return { events: [{ type: 'text', text: line, stream: 'stderr' }] };
        },
        // A program has no way to ask or to be asked; the ladder goes on with signals.
        answer: () => silent,
        cancel: () => silent,
        exited: (exit) => ({ end: endOf(exit, answer.text(), complaints.text()) }),
      };
    },
  };
}

// With the prompt on standard input `{prompt}` is the program's own text (a jq filter, a template) and stays.
function argumentsOf(settings: ExecutorSettings, turn: Turn): readonly string[] {
  if (settings.input === 'stdin') return settings.args;
  // A function as replacement, since `$&` in a prompt must not mean anything.
  return settings.args.map((argument) => argument.replaceAll('{prompt}', () => turn.prompt));
}

function endOf(
  exit: { readonly code: number | null; readonly signal: string | null },
  output: string,
  complaints: string,
): EndEvent {
  // Like `$(…)` in a shell, but only one end of line is cut: blank lines at the end may be meant.
  if (exit.code === 0) return { type: 'end', verdict: 'done', text: output.replace(/\n$/, '') };
  // Programs that complain on standard output (test runners) have their last lines there.
  const printed = lastLinesOf(output);
  const both = complaints !== '' && printed !== '';
  const said = both ? `${complaints}\n${printedHead}\n${printed}` : complaints || printed;
  const how = `The command ${describeExit(exit)}`;
  return { type: 'end', verdict: 'agent_error', message: said === '' ? `${how}.` : `${how}:\n${said}` };
}
