// Tools on what comes later: schedules and reminders.

import { z } from 'zod';
import type { Calls } from '../client/calls.ts';
import { defineTool, type AnyTool } from './tool.ts';

type Schedule = Calls['schedules.get']['output']['schedule'];
type Reminder = Calls['reminders.create']['output']['reminder'];

const id = z.string().describe('Id or name');
const timeZone = z
  .string()
  .exactOptional()
  .describe('Such as Europe/Berlin; left out: the one of the machine');

export const timeTools: readonly AnyTool[] = [
  defineTool({
    name: 'schedule_create',
    title: 'Schedule a task',
    description:
      'Lets a task be done at a time, every so often, or by a cron expression. What a run of Homer’s schedules is done as further turns of its own session. To tell a person something later use remind.',
    shape: {
      kind: z.enum(['at', 'every', 'cron']),
      spec: z
        .string()
        .describe('at: 2026-12-24T18:00:00+01:00; every: 30m, 2h, 1d; cron: five fields such as 0 8 * * 1-5'),
      prompt: z.string().min(1).describe('The task, in full'),
      name: z.string().exactOptional().describe('Small letters, digits, - and _'),
      timeZone,
      executor: z.string().exactOptional().describe('Who does it; not for runs'),
      session: z.string().exactOptional().describe('In which conversation; a run has its own'),
    },
    needs: ['schedules.create'],
    async act(input, { desk, signal, onceKey: key }) {
      const { schedule } = await desk.call('schedules.create', { ...input, key }, signal);
      return { schedule: briefSchedule(schedule) };
    },
  }),
  defineTool({
    name: 'schedule_list',
    title: 'List schedules',
    description: 'Schedules with their next times; a run of Homer’s sees those of its own session.',
    shape: {},
    needs: ['schedules.list'],
    reads: true,
    async act(_input, { desk, signal }) {
      const { schedules } = await desk.call('schedules.list', {}, signal);
      return { schedules: schedules.map(briefSchedule) };
    },
  }),
  defineTool({
    name: 'schedule_pause',
    title: 'Pause a schedule',
    description: 'Lets a schedule fire no more until it is resumed.',
    shape: { id },
    needs: ['schedules.pause'],
    async act(input, { desk, signal }) {
      const { schedule } = await desk.call('schedules.pause', input, signal);
      return { schedule: briefSchedule(schedule) };
    },
  }),
  defineTool({
    name: 'schedule_resume',
    title: 'Resume a schedule',
    description: 'Lets a paused schedule fire again.',
    shape: { id },
    needs: ['schedules.resume'],
    async act(input, { desk, signal }) {
      const { schedule } = await desk.call('schedules.resume', input, signal);
      return { schedule: briefSchedule(schedule) };
    },
  }),
  defineTool({
    name: 'schedule_remove',
    title: 'Remove a schedule',
    description: 'Removes a schedule; jobs it has made go on.',
    shape: { id },
    needs: ['schedules.remove'],
    destroys: true,
    async act(input, { desk, signal }) {
      const { schedule } = await desk.call('schedules.remove', input, signal);
      return { removed: briefSchedule(schedule) };
    },
  }),
  defineTool({
    name: 'remind',
    title: 'Remind a person',
    description:
      'Tells a person something later, as a message in the chat of this conversation. Returns how the words were understood; if they can mean several things, the choices.',
    shape: {
      phrase: z
        .string()
        .min(1)
        .max(2_000)
        .describe(
          'When and what, in English or German: "in 20 minutes to call Bob", "every weekday at 8: stand up"',
        ),
      timeZone,
    },
    isAtHand: true,
    needs: ['reminders.create'],
    async act(input, { desk, signal, onceKey: key }) {
      const { reminder } = await desk.call('reminders.create', { ...input, key }, signal);
      return { reminder: briefReminder(reminder) };
    },
  }),
  defineTool({
    name: 'reminder_list',
    title: 'List reminders',
    description: 'Reminders that are to come, or were not seen yet; a run sees those of its own session.',
    shape: {},
    needs: ['reminders.list'],
    reads: true,
    async act(_input, { desk, signal }) {
      const { reminders } = await desk.call('reminders.list', {}, signal);
      return { reminders: reminders.map(briefReminder) };
    },
  }),
  defineTool({
    name: 'reminder_remove',
    title: 'Take a reminder back',
    description: 'Takes a reminder back.',
    shape: { id },
    needs: ['reminders.remove'],
    destroys: true,
    async act(input, { desk, signal }) {
      const { reminder } = await desk.call('reminders.remove', input, signal);
      return { removed: briefReminder(reminder) };
    },
  }),
];

function briefSchedule(schedule: Schedule) {
  const {
    id: scheduleId,
    name,
    kind,
    spec,
    timeZone: zone,
    enabled,
    prompt,
    executor,
    session,
    next,
  } = schedule;
  return { id: scheduleId, name, kind, spec, timeZone: zone, enabled, prompt, executor, session, next };
}

function briefReminder({ id: reminderId, text, reading, nextAt, unseen }: Reminder) {
  return { id: reminderId, text, reading, nextAt, unseen };
}
