// Commands on messages: deliveries, Telegram, the way of a job.

import { Argument, Option } from 'commander';
import { deliveryStates } from '../../core/delivery.ts';
import type { DeliveriesAction, DeliveriesOptions } from '../commands/deliveries.ts';
import type { TelegramAction } from '../commands/telegram.ts';
import { parseCount, type Declaration } from './declaration.ts';

export function declareChannels({ add, act }: Declaration): void {
  add('trace', 'Show the way of a job, step by step, from its receipt to its delivery')
    .argument('<id>', 'the job: its id, four or more characters of its beginning or end, or "last"')
    .action(async (id: string) =>
      act(async () => {
        const { trace } = await import('../commands/trace.ts');
        return (context) => trace(context, id);
      }),
    );
  add('digest', 'Show what ran, failed, was missed and waits, and what restarted and why, since a time')
    .option('--since <time>', 'so long ago (8h, 2d), or a time such as 2026-12-24T18:00', '1d')
    .action(async ({ since }: { readonly since: string }) =>
      act(async () => {
        const { digest } = await import('../commands/digest.ts');
        return (context) => digest(context, since);
      }),
    );
  add('deliveries', 'Show what was said to whom; send one again, or give it up')
    .addArgument(new Argument('[action]').choices(['list', 'retry', 'drop']).default('list'))
    .argument('[id]', 'the delivery: its id, or four or more characters of its end')
    .addOption(new Option('--state <state>', 'only those in this state').choices(deliveryStates))
    .option('-n, --limit <count>', 'at most this many', parseCount, 20)
    .action(async (action: DeliveriesAction, id: string | undefined, options: DeliveriesOptions) =>
      act(async () => {
        const { deliveries } = await import('../commands/deliveries.ts');
        return (context) => deliveries(context, action, id, options);
      }),
    );
  add('telegram', 'Show how Telegram is connected; let somebody in with a code, or shut them out')
    .addArgument(new Argument('[action]').choices(['show', 'pair', 'unpair']).default('show'))
    .argument('[person]', 'unpair: their numeric id')
    .action(async (action: TelegramAction, person: string | undefined) =>
      act(async () => {
        const { telegram } = await import('../commands/telegram.ts');
        return (context) => telegram(context, action, person);
      }),
    );
  add('presence', 'Show who is connected: pages, programs and terminals that listen').action(async () =>
    act(async () => (await import('../commands/presence.ts')).presence),
  );
}
