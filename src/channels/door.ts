// What the rest of the house may know of Telegram without loading it.

import type { Problem } from '../core/errors.ts';
import type { Pairing } from './pairing.ts';

export interface TelegramLook {
  /** `off`: not configured; `failing`: the last polls came to nothing. */
  readonly state: 'off' | 'connecting' | 'connected' | 'failing';
  /** The bot's @name; null while it is not known. */
  readonly bot: string | null;
  /** When Telegram last answered a request for messages, ms since the epoch. */
  readonly lastPollAt: number | null;
  readonly allow: readonly number[];
  /** What is wrong while it is `failing`, or cannot connect. */
  readonly problem: Problem | null;
  /** The server of the Bot API, where it is not Telegram's own. */
  readonly apiRoot: string | null;
}

/** Where Telegram brings updates to, for whoever answers HTTP. */
export interface UpdateDoor {
  /** Whether updates are taken here now: in the mode `webhook`, once connected. */
  isOpen(): boolean;
  /** Whether a request comes from Telegram, by its head alone (`X-Telegram-Bot-Api-Secret-Token`). */
  proves(secret: string): boolean;
  /** Resolves when the update is in the ledger; rejects when it must come again. */
  take(update: unknown): Promise<void>;
}

export interface TelegramDoor {
  readonly pairing: Pairing;
  readonly updates: UpdateDoor;
  look(): TelegramLook;
}
