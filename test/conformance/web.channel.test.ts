import { describe } from 'vitest';
import { createWebChannel } from '../../src/channels/web.ts';
import { testChannel } from './channel.suite.ts';

describe('the web', () => {
  testChannel(async () => ({
    channel: createWebChannel(),
    target: { channel: 'web', line: 'web', chat: '', topic: null },
    forbidden: null,
    shown: () => null,
    fail: () => undefined,
    close: async () => undefined,
  }));
});
