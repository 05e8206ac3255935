// Commands on what is kept: backups, putting one back, removing what is over its time, and trying out that all of it works.

import { Argument, Option } from 'commander';
import type { AlertsAction, AlertsOptions } from '../commands/alerts.ts';
import type { BackupOptions, RestoreOptions } from '../commands/backup.ts';
import type { DrillOptions } from '../commands/drill.ts';
import type { UpdateOptions } from '../commands/update.ts';
import { parseCount, parseTime, type Declaration } from './declaration.ts';

export function declareUpkeep({ add, act }: Declaration): void {
  add('backup', 'Copy the ledger while Homer works and verify the copy; or list the copies there are')
    .addArgument(new Argument('[action]', 'what to do').choices(['make', 'list']).default('make'))
    .option(
      '--to <path>',
      'a directory; make: also a new file, named .db or .db.age (default: as configured)',
    )
    .option('--encrypt <recipient...>', 'make: for these recipients of age (age1…; default: as configured)')
    .action(async (action: 'make' | 'list', options: BackupOptions) =>
      act(async () => {
        const { backup, listBackups } = await import('../commands/backup.ts');
        return (context) => (action === 'list' ? listBackups(context, options) : backup(context, options));
      }),
    );
  add('restore', 'Put a backup in the place of the ledger of a stopped Homer, or only verify it')
    .argument('<file>', 'the backup')
    .option('--verify', 'read it from the first to the last page and change nothing')
    .option('--identity <file>', 'what opens an encrypted one: a file as age-keygen writes it')
    .action(async (file: string, options: RestoreOptions) =>
      act(async () => {
        const { restore } = await import('../commands/backup.ts');
        return (context) => restore(context, file, options);
      }),
    );
  add('alerts', 'Show what is wrong and who is told of it; silence a rule for a while, or send a test')
    .addArgument(new Argument('[action]').choices(['list', 'silence', 'unsilence', 'test']).default('list'))
    .argument('[what]', 'silence: the rule; unsilence: the id of a silence')
    .option('--subject <name>', 'silence: only this lane, part, executor, … of the rule')
    .option('--for <time>', 'silence: how long (default: 4h)')
    .action(async (action: AlertsAction, what: string | undefined, options: AlertsOptions) =>
      act(async () => {
        const { alerts } = await import('../commands/alerts.ts');
        return (context) => alerts(context, action, what, options);
      }),
    );
  add('update', 'Replace Homer by another version, which is taken over only once it has shown that it works')
    .option('--check', 'only tell what is installed, and the newest version there is')
    .option('--to <version>', 'the version to have')
    .option('--patience <time>', 'how long the new version may take for its trial', parseTime, 120_000)
    .addOption(new Option('--drive').hideHelp())
    .addOption(new Option('--roll-back').hideHelp())
    .action(async (options: UpdateOptions) =>
      act(async () => {
        const { update } = await import('../commands/update.ts');
        return (context) => update(context, options);
      }),
    );
  add('cleanup', 'End what is left of runs that are over, and remove what is over its time')
    .option('--dry-run', 'only say what that is')
    .action(async ({ dryRun }: { readonly dryRun?: boolean }) =>
      act(async () => {
        const { cleanup } = await import('../commands/cleanup.ts');
        return (context) => cleanup(context, dryRun === true);
      }),
    );
  add('drill', 'Try on this machine, in a directory made for it, what Homer does when things go wrong')
    .argument('[name]', 'the drill (default: show which there are)')
    .option('--all', 'all of them, one after the other')
    .option('-n, --rounds <count>', 'so many times', parseCount, 1)
    .addOption(new Option('--on-disk <dir>').hideHelp())
    .action(async (name: string | undefined, options: DrillOptions) =>
      act(async () => {
        const { drill } = await import('../commands/drill.ts');
        return (context) => drill(context, name, options);
      }),
    );
}
