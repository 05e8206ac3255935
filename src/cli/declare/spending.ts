// The command on what was used.

import type { Declaration } from './declaration.ts';

export function declareSpending({ add, act }: Declaration): void {
  add('spending', 'What a day cost by lane and executor, and what is left of its budgets')
    .option('--day <date>', 'another day than today: 2026-03-01')
    .action(async (options: { readonly day?: string }) =>
      act(async () => {
        const { spending } = await import('../commands/spending.ts');
        return (context) => spending(context, options.day);
      }),
    );
}
