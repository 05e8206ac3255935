// A daemon of its own that talks to a Telegram server of ours.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createChaosHome, type ChaosHome } from '../chaos/chaos-home.ts';
import { owner, TelegramServer, token, type Fault } from '../fixtures/telegram-server/server.ts';
import type { SentMessage } from '../fixtures/telegram-server/chats.ts';

export interface TelegramRoom {
  readonly server: TelegramServer;
  readonly home: ChaosHome;
  /** Writes config.yaml anew. */
  configure(telegram?: Record<string, unknown>, more?: Record<string, unknown>): void;
  /** Messages in the private chat of the owner. */
  shown(chat?: number): readonly SentMessage[];
  /** Resolves with the first message of the chat that a person would see with this text. */
  untilSeen(text: string, chat?: number): Promise<SentMessage>;
  remove(): Promise<void>;
}

/** `echo` says what it was told; it may be used by chats. */
export async function openTelegramRoom(): Promise<TelegramRoom> {
  const server = new TelegramServer();
  const apiRoot = await server.start();
  const home = createChaosHome();
  const room: TelegramRoom = {
    server,
    home,
    configure(telegram = {}, more = {}) {
      const config = {
        lanes: { default: { concurrency: 4 }, work: { concurrency: 4 } },
        executors: {
          echo: { kind: 'command', argv: ['cat'], idempotent: true },
          secret: { kind: 'command', argv: ['cat'], idempotent: true },
          asking: {
            kind: 'claude',
            bin: process.execPath,
            args: [join(import.meta.dirname, '../fixtures/agents/asking.ts')],
            permissions: 'ask',
          },
          fails: { kind: 'command', argv: ['sh', '-c', 'echo it broke >&2; exit 1'] },
        },
        defaultExecutor: 'echo',
        telegram: {
          token: { file: join(home.path, 'bot-token') },
          allow: [owner.id],
          apiRoot,
          executors: ['echo', 'fails'],
          ...telegram,
        },
        ...more,
      };
      writeFileSync(join(home.path, 'config.yaml'), JSON.stringify(config));
    },
    shown: (chat = owner.id) => server.chats.in(chat),
    async untilSeen(text, chat = owner.id) {
      const find = (): SentMessage | undefined =>
        room.shown(chat).find((message) => message.text.includes(text));
      await server.until(() => find() !== undefined, `"${text}" in ${chat}`);
      return find() as SentMessage;
    },
    async remove() {
      await home.remove();
      await server.stop();
    },
  };
  writeFileSync(join(home.path, 'bot-token'), `${token}\n`, { mode: 0o600 });
  room.configure();
  return room;
}

/** Faults at this rate, from a generator that always gives the same. */
export function faultsAt(rate: number, kinds: readonly Fault[], seed = 1): () => Fault | null {
  let state = seed;
  const random = (): number => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
  return () => (random() < rate ? (kinds[Math.floor(random() * kinds.length)] ?? null) : null);
}
