// `homer remind`: a reminder in a person's words, told back in full; the list, taking one back, having seen one.

import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { HomerError, isHomerError } from '../../core/errors.ts';
import { localTimeZone } from '../../core/wall-clock.ts';
import type { Occurrence, Reminder, ReminderAnswer, RemindersAnswer } from '../answers.ts';
import { type Client } from '../client.ts';
import { connectFrom } from '../run-access.ts';
import { report, type Context } from '../context.ts';
import { count, firstLine, oneLine, table, type Cell } from '../format.ts';
import { shortId } from '../job-id.ts';
import { choicesOf, withCommands, type ReminderChoice } from '../remind-choices.ts';
import { clocks } from '../schedules-screen.ts';
import { checkZone } from '../zone-option.ts';
import { connectOrStart } from './schedules.ts';

export interface RemindOptions {
  readonly tz?: string;
  readonly do?: boolean;
  readonly executor?: string;
  readonly lane?: string;
  readonly session?: string;
  readonly cwd?: string;
  readonly notify?: string;
}

export async function remind(
  context: Context,
  words: readonly string[],
  options: RemindOptions,
): Promise<number> {
  const [action = 'list', id, ...more] = words;
  const isAlone = id === undefined && more.length === 0;
  if (action === 'list' && isAlone) return list(context);
  if (action === 'seen' && more.length === 0 && !id?.includes(' ')) return seen(context, id);
  if (['undo', 'rm'].includes(action) && more.length === 0) return undo(context, id);
  return create(context, words.join(' '), options);
}

async function create(context: Context, phrase: string, options: RemindOptions): Promise<number> {
  const { tz, do: does, executor, lane, session, notify } = options;
  const isTask = does === true || executor !== undefined;
  if (!isTask && (lane !== undefined || session !== undefined || options.cwd !== undefined))
    throw new HomerError('HOMER_USAGE', '--lane, --session and --cwd belong to a task.', {
      hint: 'With --do or -x the reminder is given to an agent.',
    });
  checkZone(tz);
  const client = await connectOrStart(context);
  const here = session === undefined ? resolve('.') : undefined;
  const cwd = options.cwd === undefined ? here : resolve(options.cwd);
  const common = { timeZone: tz ?? localTimeZone(), executor, lane, session, notify };
  const body = { ...common, ...(isTask ? { do: true, cwd } : {}) };
  // The same key when it is sent again; a choice is another request.
  const send = (words: string): Promise<ReminderAnswer> =>
    client.call<ReminderAnswer>('reminders.create', {
      key: `cli-${randomUUID()}`,
      body: { ...body, phrase: words },
    });
  let answer: ReminderAnswer;
  try {
    answer = await send(phrase);
  } catch (error) {
    if (!isHomerError(error, 'HOMER_REMINDER_AMBIGUOUS')) throw error;
    const chosen = await choose(context, choicesOf(error));
    if (chosen === null) throw context.json ? error : withCommands(error, wordsOf(options));
    answer = await send(chosen);
  }
  report(context, answer, tellReminder(answer.reminder));
  return 0;
}

/** The options as they were given, but for the zone, which the words of a choice name. */
function wordsOf({ do: does, executor, lane, session, cwd, notify }: RemindOptions): string[] {
  const named = { executor, lane, session, cwd, notify };
  return [
    ...(does === true ? ['--do'] : []),
    ...Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
  ];
}

function tellReminder({ id, reading, text, does, next, timeZone }: Reminder): string[] {
  const later = clocks(next.slice(1), timeZone, Date.now());
  return [
    `${does ? 'Task' : 'Reminder'}: ${oneLine(text)}`,
    `  ${reading}`,
    ...(later.length === 0 ? [] : [`  then ${later.join(', ')}`]),
    `\`homer remind undo ${shortId(id)}\` takes it back.`,
  ];
}

/** Asks on a terminal which reading is meant: the words for it; null where nobody can answer, or nothing was chosen. */
async function choose(
  { terminal, json }: Context,
  choices: readonly ReminderChoice[],
): Promise<string | null> {
  if (json || !terminal.isInteractive || !process.stdin.isTTY || choices.length === 0) return null;
  terminal.say('This can be read in more than one way:');
  for (const [index, { reading }] of choices.entries()) terminal.say(`  ${index + 1}  ${oneLine(reading)}`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const said = (await lines.question(`Which is meant? [1-${choices.length}] `)).trim();
    return /^\d{1,2}$/.test(said) ? (choices[Number(said) - 1]?.phrase ?? null) : null;
  } finally {
    lines.close();
  }
}

async function list(context: Context): Promise<number> {
  const client = await connectFrom(context);
  const answer = await client.call<RemindersAnswer>('reminders.list');
  const { palette, columns } = context.terminal;
  const rows = answer.reminders.map(({ id, text, nextAt, reading, unseen, enabled, timeZone }): Cell[] => [
    { text: columns === null ? id : shortId(id), paint: palette.dim },
    {
      text:
        nextAt === null
          ? unseen
            ? 'told'
            : enabled
              ? 'over'
              : 'paused'
          : `${clocks([nextAt], timeZone, Date.now()).join('')}${timeZone === localTimeZone() ? '' : ` (${timeZone})`}`,
      ...(unseen ? { paint: palette.needs } : {}),
    },
    { text: firstLine(text) },
    { text: reading, paint: palette.dim },
  ]);
  const head = ['id', 'next', 'reminder', 'understood as'].map((name): Cell => ({
    text: name,
    paint: palette.dim,
  }));
  const none = ["There is no reminder; `homer remind 'in 20 minutes to call Bob'` makes one."];
  report(context, answer, rows.length === 0 ? none : table([head, ...rows], columns));
  return 0;
}

async function undo(context: Context, id: string | undefined): Promise<number> {
  if (id === undefined)
    throw new HomerError('HOMER_USAGE', 'Which reminder?', {
      hint: '`homer remind list` shows them; then `homer remind undo ID`.',
    });
  const client = await connectFrom(context);
  const answer = await client.call<ReminderAnswer>('reminders.remove', {
    params: { id: await wholeId(client, id) },
  });
  report(context, answer, [`The reminder is taken back: ${oneLine(answer.reminder.text)}`]);
  return 0;
}

async function seen(context: Context, id: string | undefined): Promise<number> {
  const client = await connectFrom(context);
  const body = id === undefined ? {} : { id: await wholeId(client, id) };
  const answer = await client.call<{ readonly seen: readonly Occurrence[] }>('reminders.seen', { body });
  report(context, answer, [
    answer.seen.length === 0 ? 'There was nothing to see.' : `${count(answer.seen.length, 'message')} seen.`,
  ]);
  return 0;
}

/** `last`, or the end of an id, as it is shown. */
async function wholeId(client: Client, text: string): Promise<string> {
  const wanted = text.toLowerCase();
  const { reminders } = await client.call<RemindersAnswer>('reminders.list');
  if (wanted === 'last') return reminders.toSorted((a, b) => (a.id < b.id ? 1 : -1))[0]?.id ?? wanted;
  const fitting = reminders.filter(({ id }) => wanted.length >= 4 && id.endsWith(wanted));
  return fitting.length === 1 ? (fitting[0]?.id ?? wanted) : wanted;
}
