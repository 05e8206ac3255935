// What a person should know that is no job's: messages of reminders that nobody has seen, and schedules that were paused.

import { z } from 'zod';
import type { Ledger } from '../ledger/ledger.ts';

export const noticeView = z.object({
  about: z.enum(['reminder', 'schedule']),
  /** Of the schedule or reminder. */
  id: z.string(),
  name: z.string(),
  at: z.iso.datetime(),
  message: z.string(),
  hint: z.string(),
});

export type Notice = z.infer<typeof noticeView>;

const mostShown = 20;
const longestText = 500;

/** Oldest first. */
export function listNotices(ledger: Ledger): Notice[] {
  const reminders = ledger.occurrences.unseen(mostShown).flatMap(({ scheduleId, dueAt }): Notice[] => {
    const schedule = ledger.schedules.findAny(scheduleId);
    if (schedule === null) return [];
    const message =
      schedule.prompt.length > longestText
        ? `${schedule.prompt.slice(0, longestText - 1)}…`
        : schedule.prompt;
    const hint = `\`homer remind seen ${schedule.id}\` takes it off this list.`;
    return [notice('reminder', schedule, dueAt, message, hint)];
  });
  const paused = ledger.schedules
    .list()
    .filter(({ pausedBy }) => pausedBy === 'failures')
    .map((schedule) => {
      const last = ledger.occurrences.last(schedule.id);
      const why = last?.reason === null || last?.reason === undefined ? '' : ` The last time: ${last.reason}`;
      const message = `"${schedule.name}" failed ${schedule.failures} times in a row and is paused.${why}`;
      const hint = `\`homer schedules log ${schedule.name}\` shows what happened; \`homer schedules resume ${schedule.name}\` lets it go on.`;
      return notice('schedule', schedule, last?.dueAt ?? schedule.createdAt, message, hint);
    });
  return [...reminders, ...paused].slice(0, mostShown);
}

function notice(
  about: Notice['about'],
  { id, name }: { readonly id: string; readonly name: string },
  at: number,
  message: string,
  hint: string,
): Notice {
  return { about, id, name, at: new Date(at).toISOString(), message, hint };
}
