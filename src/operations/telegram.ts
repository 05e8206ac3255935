// Operations on Telegram: a code to pair with, who is paired, and how the connection is.

import { z } from 'zod';
import type { TelegramDoor } from '../channels/door.ts';
import { catalogue, HomerError } from '../core/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { defineOperation, type Operation } from './operation.ts';

const person = z.object({ id: z.string(), name: z.string(), pairedAt: z.iso.datetime() });

const problemView = z.object({ code: z.string(), message: z.string(), hint: z.string() });

const telegramView = z.object({
  state: z.enum(['off', 'connecting', 'connected', 'failing']),
  bot: z.string().nullable(),
  lastPollAt: z.iso.datetime().nullable(),
  allow: z.array(z.int()),
  people: z.array(person),
  /** Why it is failing. */
  problem: problemView.nullable(),
  /** The server of the Bot API, where it is not Telegram's own. */
  apiRoot: z.string().nullable(),
});

export type TelegramView = z.infer<typeof telegramView>;

export function telegramOperations(ledger: Ledger, door: TelegramDoor): readonly Operation[] {
  const view = (): { output: TelegramView } => {
    const { state, bot, lastPollAt, allow, problem, apiRoot } = door.look();
    return {
      output: {
        state,
        bot,
        lastPollAt: lastPollAt === null ? null : new Date(lastPollAt).toISOString(),
        allow: [...allow],
        problem,
        apiRoot,
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
      output: z.object({
        code: z.string(),
        expiresAt: z.iso.datetime(),
        bot: z.string().nullable(),
        /** Why the code would not arrive now. */
        problem: problemView.nullable(),
      }),
      async handle() {
        const { state, bot, problem } = door.look();
        if (state === 'off') throw new HomerError('HOMER_CHANNEL_OFF', 'Telegram is not configured.');
        const { code, expiresAt } = door.pairing.offer(ledger.now());
        return { output: { code, expiresAt: new Date(expiresAt).toISOString(), bot, problem } };
      },
    }),
    defineOperation({
      name: 'telegram.unpair',
      input: z.strictObject({ person: z.string().regex(/^\d{1,16}$/, 'is not a numeric id') }),
      output: telegramView,
      async handle({ person: id }) {
        if (!(await ledger.commit(() => ledger.chats.unpair('telegram', id))))
          throw new HomerError('HOMER_PERSON_UNKNOWN', `Nobody with the id ${id} is paired.`, {
            hint: door.look().allow.includes(Number(id))
              ? 'It stands in `telegram.allow` of config.yaml; take it out there.'
              : catalogue.HOMER_PERSON_UNKNOWN.hint,
          });
        return view();
      },
    }),
  ];
}
