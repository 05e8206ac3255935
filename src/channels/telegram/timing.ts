// Commands on what comes by itself: reminders and schedules.

import { brief, literal } from './asking.ts';
import { say, type Command } from './desk.ts';

export const timing: Readonly<Record<string, Command>> = {
  remind: {
    summary: 'A reminder: /remind in 20 minutes to call Bob',
    act: async ({ ask, target, key }, rest) => {
      if (rest.trim() === '') return say('`/remind tomorrow at 9 to call Bob`');
      const { reminder } = await ask<{ reminder: { reading: string; text: string } }>('reminders.create', {
        phrase: rest.trim(),
        notify: target,
        key,
      });
      return say(`⏰ ${literal(reminder.reading)}: ${literal(reminder.text)}`);
    },
  },
  reminders: {
    summary: 'Reminders that are to come',
    act: async ({ ask }) => {
      const { reminders } = await ask<{ reminders: readonly { reading: string; text: string }[] }>(
        'reminders.list',
      );
      const lines = reminders.map(({ reading, text }) => `⏰ ${literal(reading)}: ${literal(brief(text))}`);
      return say(lines.length === 0 ? 'There is no reminder.' : lines.join('\n'));
    },
  },
  schedules: {
    summary: 'What runs by itself',
    act: async ({ ask }) => {
      const { schedules } = await ask<{
        schedules: readonly { name: string; spec: string; nextAt: string | null }[];
      }>('schedules.list');
      const lines = schedules.map(
        ({ name, spec, nextAt }) => `🗓 ${literal(name)} (${literal(spec)}), next ${nextAt ?? 'never'}`,
      );
      return say(lines.length === 0 ? 'There is no schedule.' : lines.join('\n'));
    },
  },
};
