// Commands on schedules and reminders.

import { Argument, InvalidArgumentError, Option } from 'commander';
import { catchUpChoices, overlapChoices } from '../../core/schedule.ts';
import type { RemindOptions } from '../commands/remind.ts';
import type { SchedulesAction, SchedulesOptions } from '../commands/schedules.ts';
import { addLimitOptions } from '../limit-options.ts';
import { parseCount, parseTime, type Declaration } from './declaration.ts';

const actions: readonly SchedulesAction[] = [
  'list',
  'show',
  'add',
  'edit',
  'pause',
  'resume',
  'run',
  'rm',
  'log',
];

export function declareSchedules({ add, act }: Declaration): void {
  const schedules = add(
    'schedules',
    'Show schedules with their next times; make, change, pause, run or remove one, or see what became of it',
  )
    .addArgument(new Argument('[action]').choices(actions).default('list'))
    .argument('[name]', 'the schedule: its name or id')
    .argument('[prompt...]', 'add, edit: the task')
    .option('--at <time>', 'once, such as "2026-12-24 18:00"')
    .option('--every <time>', 'again and again, such as 90s, 30m, 2h, 1d or 2w')
    .option('--cron <expression>', 'minute hour day month weekday, such as "0 8 * * 1-5"')
    .option('--tz <zone>', 'the time zone, such as Europe/Berlin (default: the one here)')
    .option('-x, --executor <name>', 'the agent or program that does it')
    .option('-l, --lane <name>', 'the lane it waits in')
    .option('-s, --session <name>', 'turns of this conversation')
    .option('-C, --cwd <dir>', 'where it works (add: default here)')
    .option('--notify <target>', 'where results go, such as telegram:123456')
    .addOption(
      new Option('--catch-up <what>', 'what is made up for after Homer was away').choices(catchUpChoices),
    )
    .option('--window <time>', 'how long after its time something is still made up for', parseTime)
    .addOption(
      new Option('--overlap <what>', 'what happens while the one before has not ended').choices(
        overlapChoices,
      ),
    )
    .option('--jitter <time>', 'fire up to so much later', parseTime)
    .option('--pause-after <count>', 'pause it after so many failures in a row; 0: never', parseFailures)
    .option('--active-hours <times>', 'with --every: only then, such as 08:00-22:00')
    .option('--quiet <text>', 'a result that says just this is told to nobody')
    .option('--name <name>', 'edit: its new name')
    .option('-n, --limit <count>', 'log: at most this many', parseCount, 20);
  addLimitOptions(schedules).action(
    async (action: SchedulesAction, name: string | undefined, words: string[], options: SchedulesOptions) =>
      act(async () => {
        const { schedules } = await import('../commands/schedules.ts');
        return (context) => schedules(context, action, name, words, options);
      }),
  );
  add('remind', 'Be told something at a time, said in your own words; list, undo')
    .argument('[words...]', 'when and what; or: list, undo ID, seen [ID]')
    .option('--tz <zone>', 'the time zone where none is said (default: the one here)')
    .option('--do', 'give it to an agent as a task instead of saying it')
    .option('-x, --executor <name>', 'the agent or program that does it; means --do')
    .option('-l, --lane <name>', 'with --do: the lane it waits in')
    .option('-s, --session <name>', 'with --do: a turn of this conversation')
    .option('-C, --cwd <dir>', 'with --do: where it works (default: here)')
    .option('--notify <target>', 'where it is told, such as telegram:123456')
    .action(async (words: string[], options: RemindOptions) =>
      act(async () => {
        const { remind } = await import('../commands/remind.ts');
        return (context) => remind(context, words, options);
      }),
    );
}

function parseFailures(text: string): number {
  if (!/^\d{1,4}$/.test(text) || Number(text) > 1_000)
    throw new InvalidArgumentError('It must be a number from 0 to 1000.');
  return Number(text);
}
