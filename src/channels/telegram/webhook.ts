// Receives by webhook: Telegram is told where to bring updates, and asked now and then how that goes. What it brings comes in through
// the gateway (UpdateDoor); one request at a time, so that what is said in a chat keeps its order.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Update, WebhookInfo } from 'grammy/types';
import { HomerError } from '../../core/errors.ts';
import type { PassWaypoint } from '../../lifecycle/waypoint.ts';
import type { UpdateDoor } from '../door.ts';
import type { Called, TelegramApi } from './api.ts';
import { decideAfterFailure } from './polling.ts';

export interface WebhookOptions {
  readonly api: TelegramApi;
  readonly url: string;
  /** Proves requests; never empty. */
  readonly secret: string;
  /** As of polling. */
  readonly handle: (update: Update) => Promise<void>;
  /** Telegram has answered, or brought something. */
  readonly onPoll: () => void;
  readonly onTrouble: (trouble: HomerError | null) => void;
  readonly pass: PassWaypoint;
  readonly signal: AbortSignal;
}

const shortCallMs = 15_000;
const betweenLooksMs = 120_000;
/** An error that Telegram told of longer ago is over, s. */
const freshErrorSeconds = 300;
const longestWaitMs = 60_000;

/** The door of one connection after another; shut until one is opened. */
export class Updates implements UpdateDoor {
  #open: { readonly digest: Buffer; readonly options: WebhookOptions } | null = null;

  isOpen(): boolean {
    return this.#open !== null;
  }

  proves(secret: string): boolean {
    return this.#open !== null && timingSafeEqual(digestOf(secret), this.#open.digest);
  }

  async take(update: unknown): Promise<void> {
    const open = this.#open;
    if (open === null) throw new HomerError('HOMER_STARTING', 'Telegram is not connected.');
    const { handle, onPoll, pass } = open.options;
    pass('m1-received');
    onPoll();
    await handle(update as Update);
    pass('m2-kept');
  }

  /** Tells Telegram where to go, and looks after it until the signal, or until the token is refused. */
  async serve(options: WebhookOptions): Promise<void> {
    const { api, url, secret, onPoll, onTrouble, signal } = options;
    const limit = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(shortCallMs)]);
    const asked = {
      secret_token: secret,
      allowed_updates: ['message', 'callback_query'] as const,
      max_connections: 1,
      drop_pending_updates: false,
    };
    let isSet = false;
    try {
      for (let failures = 0; !signal.aborted;) {
        // Before it is said, so that what comes at once is taken.
        this.#open = { digest: digestOf(secret), options };
        const called: Called<boolean | WebhookInfo> = isSet
          ? await api.call((bot, own) => bot.getWebhookInfo(own), limit())
          : await api.call((bot, own) => bot.setWebhook(url, asked, own), limit());
        if (signal.aborted) return;
        if (!called.ok) {
          const { waitMs, trouble } = decideAfterFailure(called.failure, failures);
          failures += 1;
          if (trouble !== null) onTrouble(trouble);
          if (waitMs === null) return;
          await sleep(Math.min(longestWaitMs, waitMs), signal);
          continue;
        }
        failures = 0;
        onPoll();
        const trouble: HomerError | null =
          typeof called.value === 'object' ? troubleOf(called.value, url) : null;
        // Somebody else set another one, or took it away.
        isSet = trouble?.code !== 'HOMER_TELEGRAM_CONFLICT';
        onTrouble(trouble);
        await sleep(betweenLooksMs, signal);
      }
    } finally {
      this.#open = null;
    }
  }
}

function troubleOf(info: WebhookInfo, url: string): HomerError | null {
  if (info.url !== url)
    return new HomerError('HOMER_TELEGRAM_CONFLICT', 'Another program has set another webhook for the bot.');
  const age = Date.now() / 1_000 - (info.last_error_date ?? 0);
  if (age > freshErrorSeconds) return null;
  const said = info.last_error_message ?? 'an error';
  return new HomerError('HOMER_TELEGRAM_AWAY', `Telegram cannot bring messages to ${url}: ${said}.`);
}

/** For one connection. */
export const randomSecret = (): string => randomBytes(32).toString('hex');

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {
    // Stopped meanwhile, which the caller sees for itself.
  });
}
