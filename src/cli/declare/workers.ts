// Commands on workers on other hosts: who they are, and being one.

import { Argument, InvalidArgumentError } from 'commander';
import type { WorkerOptions } from '../commands/worker.ts';
import type { WorkersAction, WorkersOptions } from '../commands/workers.ts';
import type { Declaration } from './declaration.ts';

export function declareWorkers({ add, act }: Declaration): void {
  add(
    'workers',
    'Show the hosts that run jobs, with lanes, load and when they were last seen; let one in, or out',
  )
    .addArgument(new Argument('[action]').choices(['list', 'add', 'remove']).default('list'))
    .argument('[name]', 'the worker')
    .option('--lanes <names>', 'add: the only lanes it may be given jobs of (default: all)', parseNames)
    .action(async (action: WorkersAction, name: string | undefined, options: WorkersOptions) =>
      act(async () => {
        const { workers } = await import('../commands/workers.ts');
        return (context) => workers(context, action, name, options);
      }),
    );
  add('worker', 'Run jobs of a Homer on another host; needs its Redis and a token (homer workers add)')
    .option(
      '--url <url>',
      'the Redis that both reach (default: as the last time, or `engine.url` in config.yaml)',
    )
    .option('--token-file <file>', 'where the token is (default: the one it had, else standard input)')
    .option('--lanes <names>', 'only jobs of these lanes, with commas between them', parseNames)
    .option('--labels <names>', 'what lanes can ask of a host, with commas between them', parseNames)
    .option('--concurrency <count>', 'runs at a time (default: as many as there are processors)', parseRuns)
    .action(async (options: WorkerOptions) =>
      act(async () => {
        const { worker } = await import('../commands/worker.ts');
        return (context) => worker(context, options);
      }),
    );
}

function parseNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.length > 32 || !names.every((name) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)))
    throw new InvalidArgumentError('It must be names with commas between them, such as gpu,fast.');
  return names;
}

function parseRuns(text: string): number {
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > 256) throw new InvalidArgumentError('It must be a number from 1 to 256.');
  return value;
}
