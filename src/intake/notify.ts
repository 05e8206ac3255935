// Whether somebody can be told at all: a channel that is off, or a chat that nobody let in, is refused before there is a job.

import type { Config } from '../config/config.ts';
import { parseTarget } from '../core/delivery.ts';
import { HomerError } from '../core/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';

export interface NotifyOptions {
  readonly ledger: Pick<Ledger, 'chats'>;
  readonly config: () => Pick<Config, 'telegram'>;
}

/** Throws HOMER_CHANNEL_OFF, and HOMER_TARGET_INVALID for a chat that is neither allowed nor paired. */
export function checkNotify({ ledger, config }: NotifyOptions, notify: string): void {
  const target = parseTarget(notify);
  if (target?.channel !== 'telegram') return;
  const { telegram } = config();
  if (telegram === null) throw new HomerError('HOMER_CHANNEL_OFF', 'Telegram is not configured.');
  const { chat } = target;
  // Groups have negative ids, and are let in by the list alone.
  const isKnown =
    telegram.allow.includes(Number(chat)) ||
    ledger.chats.paired('telegram').some(({ person }) => person === chat);
  if (!isKnown)
    throw new HomerError('HOMER_TARGET_INVALID', `The chat ${chat} is neither in telegram.allow nor paired.`);
}
