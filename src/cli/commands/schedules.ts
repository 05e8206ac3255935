// `homer schedules`: a table, one with its rule, what became of its due times, and what can be done with one.

import { resolve } from 'node:path';
import { readToken } from '../../config/token.ts';
import { catalogue, HomerError } from '../../core/errors.ts';
import type { CatchUp, Overlap } from '../../core/schedule.ts';
import { localTimeZone } from '../../core/wall-clock.ts';
import type { Occurrence, OccurrencesAnswer, Schedule, ScheduleAnswer, SchedulesAnswer } from '../answers.ts';
import { createClient, type Client } from '../client.ts';
import { oldConfigLines } from '../old-config.ts';
import { connectFrom } from '../run-access.ts';
import { report, type Context } from '../context.ts';
import { shortId } from '../job-id.ts';
import { checkZone } from '../zone-option.ts';
import { limitsOf, type LimitOptions } from '../limit-options.ts';
import { ensureDaemon } from '../launch.ts';
import { drawOccurrences, drawSchedule, nextLine, refusalOf, scheduleTable } from '../schedules-screen.ts';

export type SchedulesAction = 'list' | 'show' | 'add' | 'edit' | 'pause' | 'resume' | 'run' | 'rm' | 'log';

export interface SchedulesOptions extends LimitOptions {
  readonly at?: string;
  readonly every?: string;
  readonly cron?: string;
  readonly tz?: string;
  readonly executor?: string;
  readonly lane?: string;
  readonly session?: string;
  readonly cwd?: string;
  readonly notify?: string;
  readonly catchUp?: CatchUp;
  /** Milliseconds, as `jitter`. */
  readonly window?: number;
  readonly overlap?: Overlap;
  readonly jitter?: number;
  readonly pauseAfter?: number;
  readonly activeHours?: string;
  readonly quiet?: string;
  readonly name?: string;
  readonly limit: number;
}

/** One call of the command. */
interface Call {
  readonly context: Context;
  readonly client: Client;
  readonly name: string;
  readonly prompt: string;
  readonly options: SchedulesOptions;
}

export async function schedules(
  context: Context,
  action: SchedulesAction,
  name: string | undefined,
  words: readonly string[],
  options: SchedulesOptions,
): Promise<number> {
  if (action !== 'list' && name === undefined)
    throw new HomerError('HOMER_USAGE', 'Which schedule?', { hint: `homer schedules ${action} NAME` });
  checkZone(options.tz);
  const client = action === 'add' ? await connectOrStart(context) : await connectFrom(context);
  await actions[action]({ context, client, name: name ?? '', prompt: words.join(' '), options });
  return 0;
}

/** What is to happen later needs a daemon from now on. */
export async function connectOrStart(context: Context): Promise<Client> {
  if (context.run !== null) return connectFrom(context);
  const { home, terminal } = context;
  const { record, isOurs } = await ensureDaemon(home, terminal.say);
  if (isOurs)
    terminal.say(terminal.errorPalette.dim(`Homer was started (pid ${record.pid}, port ${record.port}).`));
  return createClient(record, readToken(home));
}

async function list({ context, client }: Call): Promise<void> {
  const answer = await client.call<SchedulesAnswer>('schedules.list');
  const { palette, columns } = context.terminal;
  const none = [
    'There is no schedule; `homer schedules add --help` shows how one is made.',
    ...(answer.schedules.length === 0 ? await oldConfigLines(client) : []),
  ];
  const lines = scheduleTable(answer.schedules, { palette, columns, now: Date.now() });
  report(context, answer, answer.schedules.length === 0 ? none : lines);
}

async function show({ context, client, name }: Call): Promise<void> {
  const answer = await client.call<ScheduleAnswer>('schedules.get', { params: { id: name } });
  const { palette, columns } = context.terminal;
  report(context, answer, drawSchedule(answer.schedule, { palette, columns, now: Date.now() }));
}

async function log({ context, client, name, options }: Call): Promise<void> {
  const query = { limit: options.limit };
  const answer = await client.call<OccurrencesAnswer>('schedules.occurrences', {
    params: { id: name },
    query,
  });
  const { palette, columns } = context.terminal;
  const none = [`${name} was not due yet.`];
  const { schedule } = await client.call<ScheduleAnswer>('schedules.get', { params: { id: name } });
  const lines = drawOccurrences(answer.occurrences, schedule.timeZone, { palette, columns, now: Date.now() });
  report(context, answer, answer.occurrences.length === 0 ? none : lines);
}

async function make(call: Call): Promise<void> {
  const { context, client, name, prompt, options } = call;
  const rule = ruleOf(options);
  if (rule === null)
    throw new HomerError('HOMER_USAGE', 'When is it due?', {
      hint: 'Give one of --at, --every and --cron; `homer schedules --help` has examples.',
    });
  if (prompt === '') throw new HomerError('HOMER_USAGE', 'What is the task?');
  const body = {
    ...changesOf(call),
    name,
    ...rule,
    prompt,
    timeZone: options.tz ?? localTimeZone(),
    // A session knows where it works.
    ...(options.cwd === undefined && options.session === undefined ? { cwd: resolve('.') } : {}),
  };
  const answer = await client.call<ScheduleAnswer>('schedules.create', { body });
  tell(context, answer, `Schedule ${answer.schedule.name} is made.`);
}

async function edit(call: Call): Promise<void> {
  const { context, client, name, options } = call;
  const body = { ...changesOf(call), ...ruleOf(options), timeZone: options.tz, name: options.name };
  if (Object.values(body).every((value) => value === undefined))
    throw new HomerError('HOMER_USAGE', 'What is to be changed?', {
      hint: '`homer schedules --help` lists what can be.',
    });
  const answer = await client.call<ScheduleAnswer>('schedules.change', { params: { id: name }, body });
  tell(context, answer, `Schedule ${answer.schedule.name} is changed.`);
}

async function pause({ context, client, name }: Call): Promise<void> {
  const answer = await client.call<ScheduleAnswer>('schedules.pause', { params: { id: name } });
  report(context, answer, [`Schedule ${answer.schedule.name} is paused, also after a restart.`]);
}

async function resume({ context, client, name }: Call): Promise<void> {
  const answer = await client.call<ScheduleAnswer>('schedules.resume', { params: { id: name } });
  tell(context, answer, `Schedule ${answer.schedule.name} goes on.`);
}

async function run({ context, client, name }: Call): Promise<void> {
  const answer = await client.call<ScheduleAnswer & { readonly occurrence: Occurrence }>('schedules.run', {
    params: { id: name },
  });
  const { jobId, reason, state } = answer.occurrence;
  if (jobId === null && state !== 'ran' && state !== 'pending') throw noJob(answer.schedule.name, reason);
  const what =
    jobId === null
      ? (reason ?? 'It was said.')
      : `Job ${jobId}; \`homer attach ${shortId(jobId)}\` shows it.`;
  report(context, answer, [what]);
}

function noJob(name: string, reason: string | null): HomerError {
  const refusal = refusalOf(reason);
  const message = `"${name}" made no job: ${refusal?.message ?? reason ?? 'nothing is known of why'}`;
  const entry = Object.entries(catalogue).find(([code]) => code === refusal?.code)?.[1];
  return new HomerError('HOMER_SCHEDULE_NO_JOB', message, entry === undefined ? {} : { hint: entry.hint });
}

async function remove({ context, client, name }: Call): Promise<void> {
  const answer = await client.call<ScheduleAnswer>('schedules.remove', { params: { id: name } });
  report(context, answer, [`Schedule ${answer.schedule.name} is removed; jobs it has made go on.`]);
}

function tell(context: Context, answer: { readonly schedule: Schedule }, what: string): void {
  report(context, answer, [what, nextLine(answer.schedule, Date.now())]);
}

/** Null: none was given. */
function ruleOf({ at, every, cron }: SchedulesOptions): { kind: string; spec: string } | null {
  const given = Object.entries({ at, every, cron }).flatMap(([kind, spec]) =>
    spec === undefined ? [] : [{ kind, spec }],
  );
  if (given.length > 1)
    throw new HomerError('HOMER_USAGE', 'A schedule has one rule: --at, --every or --cron.');
  return given[0] ?? null;
}

function changesOf({ prompt, options }: Call): Record<string, unknown> {
  const { executor, lane, session, cwd, notify, catchUp, window, overlap, jitter, pauseAfter } = options;
  const { activeHours, quiet } = options;
  return {
    ...{ executor, lane, session, notify, catchUp, overlap, pauseAfter, activeHours, quiet },
    ...limitsOf(options),
    catchUpWindowMs: window,
    jitterMs: jitter,
    cwd: cwd === undefined ? undefined : resolve(cwd),
    prompt: prompt === '' ? undefined : prompt,
  };
}

const actions: Readonly<Record<SchedulesAction, (call: Call) => Promise<void>>> = {
  list,
  show,
  add: make,
  edit,
  pause,
  resume,
  run,
  rm: remove,
  log,
};
