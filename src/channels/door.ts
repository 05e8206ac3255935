// What the rest of the house may know of Telegram without loading it.

import type { Pairing } from './pairing.ts';

export interface TelegramLook {
  /** `off`: not configured; `failing`: the last polls came to nothing. */
  readonly state: 'off' | 'connecting' | 'connected' | 'failing';
  /** The bot's @name; null while it is not known. */
  readonly bot: string | null;
  /** When Telegram last answered a request for messages, ms since the epoch. */
  readonly lastPollAt: number | null;
  readonly allow: readonly number[];
}

export interface TelegramDoor {
  readonly pairing: Pairing;
  look(): TelegramLook;
}
