// Telegram as a part of the house: connects, receives, and can be given another token or list while Homer runs. A token that is
// missing or wrong is said and never stops the daemon.

import type { Update } from 'grammy/types';
import { resolveSecret } from '../../config/secrets.ts';
import { telegramRoot, type TelegramConfig } from '../../config/telegram.ts';
import { HomerError, isHomerError, messageOf } from '../../core/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Service } from '../../lifecycle/service.ts';
import type { PassWaypoint } from '../../lifecycle/waypoint.ts';
import type { Channel } from '../channel.ts';
import type { TelegramLook } from '../door.ts';
import type { Pairing } from '../pairing.ts';
import { openApi, type TelegramApi } from './api.ts';
import type { Ask } from './asking.ts';
import { createTelegramChannel } from './channel.ts';
import { commands } from './commands.ts';
import { Handler } from './handler.ts';
import { decideAfterFailure, receive } from './polling.ts';
import { randomSecret, Updates } from './webhook.ts';

export interface TelegramOptions {
  readonly ledger: Ledger;
  readonly config: () => TelegramConfig | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the state directory. */
  readonly home: string;
  readonly ask: Ask;
  readonly pairing: Pairing;
  readonly pass: PassWaypoint;
  /** What is wrong; null: nothing any more. */
  readonly onTrouble: (trouble: HomerError | null) => void;
  /** It can send, or may send to others than before. */
  readonly onChange: () => void;
  readonly note: (fields: Readonly<Record<string, unknown>>, message: string) => void;
}

const shortCallMs = 15_000;
const againMs = 10_000;
/** The watchdog: polls end within 70 s, so whoever has not completed one for this long is deaf. */
const deafMs = 180_000;
const deaf = new HomerError('HOMER_TELEGRAM_AWAY', 'Telegram has not answered for minutes.');

export class Telegram implements Service {
  readonly channel: Channel;
  readonly updates = new Updates();
  readonly #options: TelegramOptions;
  #api: TelegramApi | null = null;
  #token = '';
  /** How it is connected, as text: another one needs another connection. */
  #how = '';
  #bot: string | null = null;
  #lastPollAt: number | null = null;
  #failure: HomerError | null = null;
  #polling = new AbortController();
  #working: Promise<void> = Promise.resolve();
  #reloads = 0;
  #isStopped = false;
  #isStarted = false;

  constructor(options: TelegramOptions) {
    this.#options = options;
    const { ledger } = options;
    const mayWrite = (chat: string): boolean =>
      chat.startsWith('-') ? this.#mayUseGroup(chat) : this.#mayUse(chat);
    this.channel = createTelegramChannel({ api: () => this.#api, mayWrite, now: ledger.now });
  }

  /** Returns at once; what has to be waited for is waited for in the background. */
  async start(): Promise<void> {
    if (this.#isStopped || this.#isStarted) return;
    this.#isStarted = true;
    this.#begin();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#polling.abort();
    await this.#working;
  }

  /** The configuration was read again: another token is used at once, another list at the next message anyway. */
  reload(): void {
    if (!this.#isStarted || this.#isStopped) return;
    const reload = ++this.#reloads;
    void this.#resolve().then((token) => {
      if (this.#isStopped || reload !== this.#reloads) return;
      const isSame = token === this.#token && howOf(this.#options.config()) === this.#how;
      if (isSame && this.#api !== null && this.#failure === null) {
        this.#options.onChange();
        return;
      }
      this.#polling.abort();
      void this.#working.then(() => {
        if (!this.#isStopped && reload === this.#reloads) this.#begin();
      });
    });
  }

  look(): TelegramLook {
    const config = this.#options.config();
    const { ledger } = this.#options;
    const isOn = this.#lastPollAt !== null;
    const isDeaf = isOn && ledger.now() - (this.#lastPollAt ?? 0) > deafMs && !ledger.isHeld();
    const failure = this.#failure ?? (isDeaf ? deaf : null);
    const how = failure !== null ? 'failing' : isOn ? 'connected' : 'connecting';
    const state = config === null ? 'off' : how;
    const { code, message, hint } = failure ?? deaf;
    return {
      state,
      bot: this.#bot,
      lastPollAt: this.#lastPollAt,
      allow: config?.allow ?? [],
      problem: state === 'failing' ? { code, message, hint } : null,
      apiRoot: config === null || config.apiRoot === telegramRoot ? null : config.apiRoot,
    };
  }

  #begin(): void {
    this.#polling = new AbortController();
    this.#working = this.#run(this.#polling.signal).catch((error: unknown) => {
      this.#options.note(
        { error: this.#redact(messageOf(error)) },
        'telegram: ended by an error nobody foresaw',
      );
      this.#trouble(new HomerError('HOMER_TELEGRAM_AWAY', 'Telegram ended by an error; the log has it.'));
      // Alive but deaf is the worst of all: whatever it was, it is tried again.
      const { signal } = this.#polling;
      const timer = setTimeout(() => {
        if (!signal.aborted) this.#begin();
      }, againMs);
      signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { config, ledger, onChange, note } = this.#options;
    const found = config();
    if (found === null) {
      this.#api = null;
      this.#trouble(null);
      return;
    }
    const token = await this.#resolve();
    this.#token = token;
    this.#how = howOf(found);
    if (token === '' || signal.aborted) return;
    const api = await openApi(token, found.apiRoot);
    this.#api = api;
    onChange();
    // A copy must not take the messages of the original.
    await untilReleased(ledger, signal);
    const { webhook } = found;
    const bot = await this.#greet(api, webhook === null, signal);
    if (bot === null) return;
    this.#bot = bot.name;
    note({ bot: bot.name }, 'telegram: connected');
    const handler = new Handler({
      ...this.#options,
      api,
      bot,
      signal,
      doors: { mayUse: (person) => this.#mayUse(person), mayUseGroup: (chat) => this.#mayUseGroup(chat) },
      commandExecutors: () => config()?.executors ?? [],
    });
    const inlet = {
      api,
      handle: (update: Update) => handler.handle(update),
      onPoll: () => {
        this.#lastPollAt = ledger.now();
      },
      onTrouble: (trouble: HomerError | null) => this.#trouble(trouble),
      pass: this.#options.pass,
      signal,
    };
    if (webhook === null) return receive(inlet);
    const secret = webhook.secret === null ? randomSecret() : await this.#resolve(webhook.secret);
    // Without one anybody could speak for Telegram; what is missing was said.
    if (secret === '') return;
    return this.updates.serve({ ...inlet, url: webhook.url, secret });
  }

  /** Who the bot is; null when the token is refused or Homer stops. Tries until it is known. */
  async #greet(
    api: TelegramApi,
    polls: boolean,
    signal: AbortSignal,
  ): Promise<{ id: number; name: string } | null> {
    const limit = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(shortCallMs)]);
    for (let failures = 0; !signal.aborted; failures++) {
      const me = await api.call((bot, own) => bot.getMe(own), limit());
      if (me.ok) {
        // With a webhook set, nothing could be polled; what waits there stays.
        if (polls)
          await api.call((bot, own) => bot.deleteWebhook({ drop_pending_updates: false }, own), limit());
        const list = Object.entries(commands).map(([command, { summary }]) => ({
          command,
          description: summary,
        }));
        await api.call((bot, own) => bot.setMyCommands(list, {}, own), limit());
        return { id: me.value.id, name: me.value.username };
      }
      const { waitMs, trouble } = decideAfterFailure(me.failure, failures);
      if (trouble !== null) this.#trouble(trouble);
      if (waitMs === null) return null;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, waitMs);
        function done(): void {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resolve();
        }
        signal.addEventListener('abort', done, { once: true });
      });
    }
    return null;
  }

  /** '' and a trouble when it is not to be had. */
  async #resolve(secret = this.#options.config()?.token): Promise<string> {
    if (secret === undefined) return '';
    try {
      return (await resolveSecret(secret, this.#options.env)).trim();
    } catch (error) {
      const why = isHomerError(error) ? error : new HomerError('HOMER_SECRET_MISSING', messageOf(error));
      this.#trouble(why);
      return '';
    }
  }

  #trouble(trouble: HomerError | null): void {
    this.#failure = trouble;
    this.#options.onTrouble(trouble);
  }

  #redact(text: string): string {
    return this.#token === '' ? text : text.replaceAll(this.#token, '[redacted]');
  }

  #mayUse(person: string): boolean {
    const { config, ledger } = this.#options;
    if (config()?.allow.includes(Number(person)) === true) return true;
    return ledger.chats.paired('telegram').some((each) => each.person === person);
  }

  #mayUseGroup(chat: string): boolean {
    return this.#options.config()?.allow.includes(Number(chat)) === true;
  }
}

const howOf = (config: TelegramConfig | null): string => JSON.stringify([config?.apiRoot, config?.webhook]);

/** Resolves when Homer is not held (any more), or at the signal. */
function untilReleased(ledger: Ledger, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (ledger.isHeld() && !signal.aborted) return;
      unsubscribe();
      signal.removeEventListener('abort', look);
      resolve();
    };
    // The event of the release is told before the ledger says so; the next turn of the loop knows.
    const unsubscribe = ledger.events.subscribe(() => setImmediate(look));
    signal.addEventListener('abort', look);
    look();
  });
}
