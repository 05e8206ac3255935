// Errors of deliveries and of the channels they go through.

import type { ErrorEntry } from './error-entry.ts';

export const deliveryErrors = {
  HOMER_DELIVERY_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is no such delivery',
    hint: '`homer deliveries` lists them.',
  },
  HOMER_DELIVERY_ENDED: {
    status: 409,
    exit: 1,
    title: 'The delivery is where this makes no sense',
    hint: 'Look at its state with `homer deliveries list`.',
  },
  HOMER_TARGET_INVALID: {
    status: 400,
    exit: 2,
    title: 'This is nowhere to deliver to',
    hint: 'Use `web` or `telegram:CHAT`, with the numeric id of a chat that is in `telegram.allow` or was paired.',
  },
  HOMER_NOTIFY_REFUSED: {
    status: 403,
    exit: 1,
    title: 'A run may not choose who is told',
    hint: 'Leave `notify` out: the job above it tells whoever asked for it.',
  },
  HOMER_CHANNEL_OFF: {
    status: 409,
    exit: 1,
    title: 'The channel is not configured',
    hint: 'Put `telegram: { token: { file: … } }` into config.yaml; docs/telegram.md tells how to get a token.',
  },
  HOMER_PERSON_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'Nobody of this id is paired',
    hint: '`homer telegram` lists who is.',
  },
  HOMER_TELEGRAM_TOKEN: {
    status: null,
    exit: null,
    title: 'Telegram refuses the token of the bot',
    hint: 'Get a token from @BotFather, put it where `telegram.token` points and save config.yaml (or `kill -HUP`).',
  },
  HOMER_TELEGRAM_CONFLICT: {
    status: null,
    exit: null,
    title: 'Another program receives the messages of the bot',
    hint: 'Stop the other program, or give one of the two a bot of its own; Homer tries again by itself.',
  },
  HOMER_TELEGRAM_AWAY: {
    status: null,
    exit: null,
    title: 'Telegram cannot be reached',
    hint: 'Nothing, if the network is away: Homer tries again by itself and nothing is lost.',
  },
} as const satisfies Record<string, ErrorEntry>;
