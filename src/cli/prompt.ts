// The task of `homer run`: the words of the command line, then what is piped in.

import { HomerError } from '../core/errors.ts';
import type { Client } from './client.ts';
import { readPipedInput } from './piped-input.ts';

export interface Asked {
  readonly words: string;
  readonly piped: string;
}

/** As in /api/v1/executors. */
interface ExecutorsAnswer {
  readonly executors: readonly {
    readonly name: string;
    readonly kind: string;
    readonly isDefault: boolean;
    readonly input: 'argument' | 'stdin';
  }[];
}

export const noTask = (): HomerError =>
  new HomerError('HOMER_USAGE', 'There is no task.', { hint: "homer run 'summarize README.md'" });

/** `isOptional`: there may be no task at all. */
export async function readAsked(
  words: readonly string[],
  isOptional: boolean,
  say: (line: string) => void,
): Promise<Asked> {
  const asked = words.join(' ');
  const options = { onWait: say, isOptional: isOptional || asked !== '' };
  return { words: asked, piped: (await readPipedInput(options)).replace(/\r?\n$/, '') };
}

/** Empty when nothing was asked. */
export function joinAsked({ words, piped }: Asked): string {
  return [words, piped].filter((part) => part.trim() !== '').join('\n\n');
}

/**
 * The task for an executor. A command whose argv is fixed needs none: its name stands for it. What is piped into one whose
 * argv has a `{prompt}` becomes part of that argument, which is said. Throws HOMER_USAGE where there is no task.
 */
export async function taskFor(
  client: Client,
  executor: string | undefined,
  asked: Asked,
  say: (line: string) => void,
): Promise<string> {
  const task = joinAsked(asked);
  // Text that is piped in alone is the task, as whoever pipes it knows.
  if (task !== '' && (asked.piped.trim() === '' || asked.words.trim() === '')) return task;
  if (task === '' && executor === undefined) throw noTask();
  const { executors } = await client.call<ExecutorsAnswer>('executors.list');
  const chosen = executors.find(({ name, isDefault }) =>
    executor === undefined ? isDefault : name === executor,
  );
  const isCommand = chosen?.kind === 'command';
  if (task !== '') {
    if (isCommand && chosen.input === 'argument')
      say(
        `What was piped in becomes part of the command of ${chosen.name}; it is not the standard input of what that runs.`,
      );
    return task;
  }
  if (isCommand && chosen.input === 'stdin') return chosen.name;
  throw noTask();
}
