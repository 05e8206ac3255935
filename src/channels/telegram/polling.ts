// Receives: one long poll after the other. The offset moves only when all it passes is in the ledger, so nothing is lost by a crash;
// what comes twice is known there. A poll cannot hang for ever, and what is wrong is named, not repeated at full speed.

import { setTimeout as delay } from 'node:timers/promises';
import type { Update } from 'grammy/types';
import { HomerError } from '../../core/errors.ts';
import type { PassWaypoint } from '../../lifecycle/waypoint.ts';
import type { TelegramApi } from './api.ts';
import type { ApiFailure } from './outcome.ts';

export interface PollingOptions {
  readonly api: TelegramApi;
  /** Resolves when the update is in the ledger, or is none for Homer; rejects when it must come again. */
  readonly handle: (update: Update) => Promise<void>;
  /** Told of every answer of Telegram to a poll. */
  readonly onPoll: () => void;
  /** Told what is wrong; null: all is well again. */
  readonly onTrouble: (trouble: HomerError | null) => void;
  readonly pass: PassWaypoint;
  readonly signal: AbortSignal;
}

/** Telegram holds a poll for this long when there is nothing, s. */
const pollSeconds = 50;
/** The watchdog: an answer that is later than this does not come any more. */
const longestPollMs = (pollSeconds + 20) * 1_000;
const longestWaitMs = 60_000;
const conflictWaitMs = { first: 30_000, longest: 300_000 };

/** What to do after a poll that failed. Pure. */
export function decideAfterFailure(
  failure: ApiFailure,
  failures: number,
): { readonly waitMs: number | null; readonly trouble: HomerError | null } {
  const backoffMs = Math.min(longestWaitMs, 500 * 2 ** Math.min(failures, 10));
  if (failure.is === 'cut') {
    const trouble =
      failures < 3
        ? null
        : new HomerError('HOMER_TELEGRAM_AWAY', `Telegram does not answer: ${failure.reason}.`);
    return { waitMs: backoffMs, trouble };
  }
  const { code, description, retryAfter } = failure;
  // 404 is what a token of the wrong form gets.
  if (code === 401 || code === 404)
    return {
      waitMs: null,
      trouble: new HomerError('HOMER_TELEGRAM_TOKEN', `Telegram says ${code} ${description}.`),
    };
  if (code === 409) {
    const waitMs = Math.min(conflictWaitMs.longest, conflictWaitMs.first * 2 ** Math.min(failures, 5));
    return { waitMs, trouble: new HomerError('HOMER_TELEGRAM_CONFLICT', `Telegram says ${description}.`) };
  }
  if (code === 429) return { waitMs: (retryAfter ?? 5) * 1_000 + 300, trouble: null };
  const trouble =
    failures < 3 ? null : new HomerError('HOMER_TELEGRAM_AWAY', `Telegram says ${code} ${description}.`);
  return { waitMs: backoffMs, trouble };
}

/** Polls until the signal, or until the token is refused. Never rejects but with the signal's reason. */
export async function receive(options: PollingOptions): Promise<void> {
  const { api, onPoll, onTrouble, pass, signal } = options;
  let offset = 0;
  let failures = 0;
  while (!signal.aborted) {
    const asked = {
      offset,
      timeout: pollSeconds,
      limit: 100,
      allowed_updates: ['message', 'callback_query'] as const,
    };
    const polled = await api.call(
      (bot, own) => bot.getUpdates(asked, own),
      AbortSignal.any([signal, AbortSignal.timeout(longestPollMs)]),
    );
    if (signal.aborted) return;
    if (!polled.ok) {
      const { waitMs, trouble } = decideAfterFailure(polled.failure, failures);
      failures += 1;
      if (trouble !== null) onTrouble(trouble);
      if (waitMs === null) return;
      await sleep(waitMs, signal);
      continue;
    }
    failures = 0;
    onPoll();
    onTrouble(null);
    const last = polled.value.at(-1);
    if (last === undefined) continue;
    pass('m1-received');
    await keepAll(polled.value, options);
    if (signal.aborted) return;
    offset = last.update_id + 1;
    pass('m2-kept');
  }
}

/** All of them, in order within each chat; a chat whose file is slow keeps no other waiting. */
async function keepAll(updates: readonly Update[], { handle, signal }: PollingOptions): Promise<void> {
  const chats = new Map<unknown, Update[]>();
  for (const update of updates) {
    const chat = (update.message ?? update.callback_query?.message)?.chat.id;
    chats.set(chat, [...(chats.get(chat) ?? []), update]);
  }
  await Promise.all(
    [...chats.values()].map(async (ofChat) => {
      for (const update of ofChat) await keep(update, handle, signal);
    }),
  );
}

async function keep(update: Update, handle: PollingOptions['handle'], signal: AbortSignal): Promise<void> {
  for (let tries = 0; !signal.aborted; tries++) {
    try {
      await handle(update);
      return;
    } catch {
      // It was said where it arose; the disk is full, or Homer is held: until that is mended nothing may be passed over.
      await sleep(Math.min(longestWaitMs, 1_000 * 2 ** Math.min(tries, 6)), signal);
    }
  }
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {
    // Stopped meanwhile, which the caller sees for itself.
  });
}
