// Commands on the daemon: how it is, start, stop, serve, release.

import { type Command, Option } from 'commander';
import type { ServeOptions } from '../commands/serve.ts';
import type { StopOptions } from '../commands/stop.ts';
import type { Declaration } from './declaration.ts';

export function declareStatus({ add, act }: Declaration): void {
  add('status', 'How Homer is, what needs you, what runs and what comes next').action(async () =>
    act(async () => (await import('../commands/status.ts')).status),
  );
}

export function declareDaemon({ add, act }: Declaration): void {
  add('start', 'Start the daemon in the background; returns when it is ready').action(async () =>
    act(async () => (await import('../commands/start.ts')).start),
  );
  const stopOptions = (command: Command): Command =>
    command
      .option('--now', 'do not wait for runs; they go on and the next start adopts them')
      .option('--kill', 'end the runs too');
  stopOptions(add('stop', 'Let runs finish for a while, then stop the daemon')).action(
    async (options: StopOptions) =>
      act(async () => {
        const { stop } = await import('../commands/stop.ts');
        return (context) => stop(context, options);
      }),
  );
  stopOptions(add('restart', 'Stop the daemon if it runs, and start it')).action(
    async (options: StopOptions) =>
      act(async () => {
        const { restart } = await import('../commands/stop.ts');
        return (context) => restart(context, options);
      }),
  );
  add('serve', 'Run the daemon in the foreground')
    .addOption(new Option('--background').hideHelp())
    .option('--standby', 'wait for the state directory if another Homer holds it, then take over')
    .action(async (options: ServeOptions) =>
      act(async () => {
        const { serve } = await import('../commands/serve.ts');
        return (context) => serve(context, options);
      }),
    );
  add('resume', 'Release a daemon that is held after a restore, copy or move').action(async () =>
    act(async () => (await import('../commands/act.ts')).resume),
  );
}
