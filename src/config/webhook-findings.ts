// What is wrong with the webhooks of a configuration as a whole: names that lead nowhere, and payloads that would be run.

import { basename } from 'node:path';
import type { Finding } from './problem.ts';
import type { FileContent } from './schema.ts';

type FileExecutors = NonNullable<FileContent['executors']>;

/** Programs that read an argument or their input as a script. */
const interpreters =
  /^(?:(?:ba|da|z|k|c|tc|fi)?sh|node|nodejs|bun|deno|python[\d.]*|perl[\d.]*|ruby|php|lua|osascript|env|eval|ssh|sudo|su|xargs|busybox)$/;

/** Said of a file that is right otherwise. */
export function findWebhookProblems(file: FileContent): readonly Finding[] {
  return Object.entries(file.webhooks ?? {}).flatMap(([name, hook]) => {
    const problems: Finding[] = [];
    const complain = (key: string, message: string): void =>
      void problems.push({ path: ['webhooks', name, key], at: 'value', message });
    const lanes = ['default', ...Object.keys(file.lanes ?? {})];
    if (hook.lane !== undefined && !lanes.includes(hook.lane))
      complain(
        'lane',
        `${JSON.stringify(hook.lane)} is not a lane; there are ${lanes.join(', ')}; \`lanes: { ${hook.lane}: {} }\` makes it one`,
      );
    if (
      hook.executor !== undefined &&
      hook.prompt.includes('{{') &&
      runsPrompt(hook.executor, file.executors)
    )
      complain(
        'executor',
        `${JSON.stringify(hook.executor)} runs its prompt as a script, so what senders write would be run; use a prompt ` +
          'without {{…}}, or a program that takes it as an argument or on its standard input',
      );
    return problems;
  });
}

/** Whether what the prompt says is code to this executor. */
function runsPrompt(name: string, executors: FileExecutors | undefined): boolean {
  const executor = executors !== undefined && Object.hasOwn(executors, name) ? executors[name] : undefined;
  if (executor === undefined) return name === 'shell';
  if (executor.kind !== 'command') return false;
  const [program = '', ...args] = executor.argv;
  if (!interpreters.test(basename(program))) return false;
  const at = args.indexOf('{prompt}');
  if (at < 0) return args.every((argument) => argument.startsWith('-'));
  // After a script of its own (`sh deploy.sh {prompt}`, `sh -c '… "$1"' x {prompt}`) it is an argument.
  const before = args.slice(0, at);
  const script = before.findLastIndex((argument) => /^-[a-z]*[ce]$/i.test(argument));
  return script >= 0 ? script === at - 1 : before.every((argument) => argument.startsWith('-'));
}
