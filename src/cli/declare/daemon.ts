// Commands on the daemon: how it is, start, stop, serve, release.

import { Argument, type Command, Option } from 'commander';
import type { ServeOptions } from '../commands/serve.ts';
import type { ServiceAction, ServiceOptions } from '../commands/service.ts';
import type { StopOptions } from '../commands/stop.ts';
import { parseCount, type Declaration } from './declaration.ts';

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
  add('service', 'Have Homer started at boot or login and kept running, by systemd or launchd')
    .addArgument(
      new Argument('[action]', 'what to do')
        .choices(['install', 'uninstall', 'start', 'stop', 'restart', 'status', 'logs', 'print'])
        .default('status'),
    )
    .option('--system', "the machine's service instead of the account's own; systemd, as root")
    .option(
      '--run-as <account>',
      'install, print: whom a service of the machine runs as (default: who called sudo)',
    )
    .option('--linger', 'install: also run while the account is not logged in')
    .option('-y, --yes', 'install: do not ask')
    .option('--pm2', 'print: an ecosystem file for PM2')
    .option('--launchd', 'print: the agent for a Mac, also elsewhere')
    .option('-f, --follow', 'logs: go on as more comes')
    .option('-n, --lines <count>', 'logs: the last ones', parseCount, 50)
    .action(async (action: ServiceAction, options: ServiceOptions) =>
      act(async () => {
        const { service } = await import('../commands/service.ts');
        return (context) => service(context, action, options);
      }),
    );
  add('resume', 'Release a daemon that is held after a restore, copy or move').action(async () =>
    act(async () => (await import('../commands/act.ts')).resume),
  );
}
