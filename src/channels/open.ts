// Opens the channels there are; Telegram's library is loaded only where it is configured.

import type { HomerError } from '../core/errors.ts';
import type { Service } from '../lifecycle/service.ts';
import type { ChannelOf } from './channel.ts';
import type { TelegramDoor } from './door.ts';
import { Pairing } from './pairing.ts';
import { Telegram, type TelegramOptions } from './telegram/telegram.ts';
import { createWebChannel } from './web.ts';

export interface Channels {
  readonly channelOf: ChannelOf;
  readonly telegram: TelegramDoor;
  /** What brings messages in. */
  readonly services: readonly Service[];
  /** The configuration was read again. */
  reload(): void;
}

export type ChannelsOptions = Omit<TelegramOptions, 'pairing'> & {
  readonly onTrouble: (trouble: HomerError | null) => void;
};

export function openChannels(options: ChannelsOptions): Channels {
  const pairing = new Pairing();
  const telegram = new Telegram({ ...options, pairing });
  const web = createWebChannel();
  return {
    channelOf: (name) => {
      if (name === 'web') return web;
      return name === 'telegram' && options.config() !== null ? telegram.channel : null;
    },
    telegram: { pairing, updates: telegram.updates, look: () => telegram.look() },
    services: [telegram],
    reload: () => telegram.reload(),
  };
}
