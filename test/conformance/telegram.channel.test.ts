import { describe } from 'vitest';
import { openApi } from '../../src/channels/telegram/api.ts';
import { createTelegramChannel } from '../../src/channels/telegram/channel.ts';
import type { Target } from '../../src/core/delivery.ts';
import { TelegramServer, token, type Fault } from '../fixtures/telegram-server/server.ts';
import { testChannel } from './channel.suite.ts';

const to = (chat: string): Target => ({ channel: 'telegram', line: `telegram:${chat}`, chat, topic: null });

describe('Telegram', () => {
  testChannel(async () => {
    const server = new TelegramServer();
    const api = await openApi(token, await server.start());
    const faults: Fault[] = [];
    server.fault = () => faults.shift() ?? null;
    return {
      channel: createTelegramChannel({ api: () => api, mayWrite: (chat) => chat === '7', now: Date.now }),
      target: to('7'),
      forbidden: to('8'),
      shown: () => server.chats.in(7).map(({ text }) => text),
      fail: (how) => faults.push(({ after: 'cut-after', before: 'error', later: 'flood' } as const)[how]),
      close: () => server.stop(),
    };
  });
});
