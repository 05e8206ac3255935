// The command that serves the tools, and those on what agents ask with them.

import { Option } from 'commander';
import { questionStates } from '../../core/question.ts';
import type { McpOptions } from '../commands/mcp.ts';
import type { QuestionsOptions } from '../commands/questions.ts';
import type { Declaration } from './declaration.ts';

export function declareQuestions({ add, act }: Declaration): void {
  add('questions', 'Show what agents ask in words, and the answers')
    .addOption(new Option('--state <state>', 'only questions in this state').choices(questionStates))
    .option('--job <id>', 'only questions of this job')
    .action(async (options: QuestionsOptions) =>
      act(async () => {
        const { questions } = await import('../commands/questions.ts');
        return (context) => questions(context, options);
      }),
    );
  add('answer', 'Answer a question of an agent')
    .argument('<id>', 'the question: its id, four or more characters of its end, or "last"')
    .argument('<words...>', 'the answer')
    .action(async (id: string, words: readonly string[]) =>
      act(async () => {
        const { answer } = await import('../commands/questions.ts');
        return (context) => answer(context, id, words.join(' '));
      }),
    );
}

export function declareMcp({ add, act }: Declaration): void {
  add('mcp', 'Serve the tools of Homer to a program that speaks the Model Context Protocol')
    .addOption(new Option('--run', 'only inside a run, with what the run may do').hideHelp())
    .action(async (options: McpOptions) =>
      act(async () => {
        const { mcp } = await import('../commands/mcp.ts');
        return (context) => mcp(context, options);
      }),
    );
}
