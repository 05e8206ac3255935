// Operations on Telegram: a code to pair with, who is paired, and how the connection is.

import { z } from 'zod';
import type { TelegramDoor } from '../channels/door.ts';
import { HomerError } from '../core/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { defineOperation, type Operation } from './operation.ts';

const person = z.object({ id: z.string(), name: z.string(), pairedAt: z.iso.datetime() });

const telegramView = z.object({
  state: z.enum(['off', 'connecting', 'connected', 'failing']),
  bot: z.string().nullable(),
  lastPollAt: z.iso.datetime().nullable(),
  allow: z.array(z.int()),
  people: z.array(person),
});

export type TelegramView = z.infer<typeof telegramView>;

export function telegramOperations(ledger: Ledger, door: TelegramDoor): readonly Operation[] {
  const view = (): { output: TelegramView } => {
    const { state, bot, lastPollAt, allow } = door.look();
    return {
      output: {
        state,
        bot,
        lastPollAt: lastPollAt === null ? null : new Date(lastPollAt).toISOString(),
        allow: [...allow],
        people: ledger.chats.paired('telegram').map(({ person: id, name, pairedAt }) => ({
          id,
          name,
          pairedAt: new Date(pairedAt).toISOString(),
        })),
      },
    };
  };
  return [
    defineOperation({
      name: 'telegram.show',
      input: z.strictObject({}),
      output: telegramView,
      async handle() {
        return view();
      },
    }),
    defineOperation({
      name: 'telegram.pair',
      input: z.strictObject({}),
      output: z.object({ code: z.string(), expiresAt: z.iso.datetime(), bot: z.string().nullable() }),
      async handle() {
        const { state, bot } = door.look();
        if (state === 'off') throw new HomerError('HOMER_CHANNEL_OFF', 'Telegram is not configured.');
        const { code, expiresAt } = door.pairing.offer(ledger.now());
        return { output: { code, expiresAt: new Date(expiresAt).toISOString(), bot } };
      },
    }),
    defineOperation({
      name: 'telegram.unpair',
      input: z.strictObject({ person: z.string().regex(/^\d{1,16}$/, 'is not a numeric id') }),
      output: telegramView,
      async handle({ person: id }) {
        await ledger.commit(() => ledger.chats.unpair('telegram', id));
        return view();
      },
    }),
  ];
}
