// Telegram as a channel: sends, edits, and keeps still for as long as Telegram asks.

import { open } from 'node:fs/promises';
import { constants } from 'node:fs';
import type { SendOutcome, Target } from '../../core/delivery.ts';
import type { Channel, OutgoingMessage } from '../channel.ts';
import type { Called, TelegramApi } from './api.ts';
import { plainText, renderHtml, splitMarkdown } from './markdown.ts';
import { decideOutcome, isUnreadableHtml } from './outcome.ts';

export interface TelegramChannelOptions {
  /** null: there is no token yet. */
  readonly api: () => TelegramApi | null;
  /** Whether Homer may write to this chat: it was allowed or paired, and still is. */
  readonly mayWrite: (chat: string) => boolean;
  readonly now: () => number;
}

/** A call that takes longer is cut, and what became of it is not known. */
const callMs = 30_000;
const fileMs = 120_000;
/** A bot may send no larger file (core.telegram.org/bots/faq). */
export const largestFile = 49 * 1024 * 1024;
const longestCaption = 1_000;

export function createTelegramChannel({ api: apiOf, mayWrite, now }: TelegramChannelOptions): Channel {
  /** Until when each chat wants to hear nothing, ms since the epoch. */
  const quiet = new Map<string, number>();

  /** null: go on. */
  function held(chat: string): SendOutcome | null {
    if (!mayWrite(chat)) return { is: 'permanent', reason: `The chat ${chat} is not allowed (any more).` };
    const left = (quiet.get(chat) ?? 0) - now();
    if (left <= 0) {
      quiet.delete(chat);
      return null;
    }
    return { is: 'temporary', retryAfterMs: left, reason: 'Telegram asked for a pause.' };
  }

  function outcomeOf<Value>(
    called: Called<Value>,
    chat: string,
    messageId: string | null,
    idOf: (value: Value) => string,
  ): SendOutcome {
    if (called.ok) return { is: 'sent', messageId: messageId ?? idOf(called.value) };
    const outcome = decideOutcome(called.failure, messageId !== null);
    if (outcome === 'same') return { is: 'sent', messageId: messageId ?? '' };
    if (outcome.is === 'temporary' && called.failure.is === 'refused' && called.failure.code === 429)
      quiet.set(chat, now() + outcome.retryAfterMs);
    return outcome;
  }

  const off: SendOutcome = { is: 'temporary', retryAfterMs: 5_000, reason: 'Telegram is not connected.' };

  return {
    name: 'telegram',
    capabilities: { edits: true, buttons: true, files: true, idempotentSend: false },
    isOpen: () => apiOf() !== null,
    split: splitMarkdown,
    async send(target, message, signal) {
      const api = apiOf();
      const stop = held(target.chat);
      if (stop !== null) return stop;
      if (api === null) return off;
      if (message.file !== undefined) return sendFile(api, target, message, signal);
      const limit = AbortSignal.any([signal, AbortSignal.timeout(callMs)]);
      const html = await api.call(
        (bot, own) =>
          bot.sendMessage(
            Number(target.chat),
            renderHtml(message.text),
            { ...optionsOf(target, message), parse_mode: 'HTML' },
            own,
          ),
        limit,
      );
      const called =
        html.ok || !isUnreadableHtml(html.failure)
          ? html
          : await api.call(
              (bot, own) =>
                bot.sendMessage(
                  Number(target.chat),
                  plainText(message.text),
                  optionsOf(target, message),
                  own,
                ),
              limit,
            );
      return outcomeOf(called, target.chat, null, (sent) => String(sent.message_id));
    },
    async edit(target, messageId, message, signal) {
      const api = apiOf();
      const stop = held(target.chat);
      if (stop !== null) return stop;
      if (api === null) return off;
      const limit = AbortSignal.any([signal, AbortSignal.timeout(callMs)]);
      const edit = (text: string, more: { parse_mode?: 'HTML' }): Promise<Called<unknown>> =>
        api.call(
          (bot, own) =>
            bot.editMessageText(
              Number(target.chat),
              Number(messageId),
              text,
              { ...markupOf(message), ...noPreview, ...more },
              own,
            ),
          limit,
        );
      const html = await edit(renderHtml(message.text), { parse_mode: 'HTML' });
      const called =
        html.ok || !isUnreadableHtml(html.failure) ? html : await edit(plainText(message.text), {});
      return outcomeOf(called, target.chat, messageId, () => messageId);
    },
  };

  async function sendFile(
    api: TelegramApi,
    target: Target,
    message: OutgoingMessage,
    signal: AbortSignal,
  ): Promise<SendOutcome> {
    const { file } = message;
    const bytes = file === undefined ? null : await readFileOnce(file.path);
    if (file === undefined || bytes === null)
      return { is: 'permanent', reason: 'The file is gone, is no regular file, or is too large.' };
    const called = await api.call(
      (bot, own) =>
        bot.sendDocument(
          Number(target.chat),
          api.file(bytes, file.name),
          { ...optionsOf(target, message), caption: plainText(message.text).slice(0, longestCaption) },
          own,
        ),
      AbortSignal.any([signal, AbortSignal.timeout(fileMs)]),
    );
    return outcomeOf(called, target.chat, null, (sent) => String(sent.message_id));
  }
}

const noPreview = { link_preview_options: { is_disabled: true } };

function markupOf({ buttons }: OutgoingMessage) {
  if (buttons === undefined || buttons.length === 0) return {};
  const inline_keyboard = buttons.map((row) =>
    row.map(({ label, action }) => ({ text: label, callback_data: action })),
  );
  return { reply_markup: { inline_keyboard } };
}

function optionsOf({ topic }: Target, message: OutgoingMessage) {
  const { silent = false, replyTo = null } = message;
  return {
    ...markupOf(message),
    ...noPreview,
    disable_notification: silent,
    ...(topic === null ? {} : { message_thread_id: Number(topic) }),
    ...(replyTo === null
      ? {}
      : { reply_parameters: { message_id: Number(replyTo), allow_sending_without_reply: true } }),
  };
}

/** null when it is no regular file of a size that can be sent; a link in its place is not followed. */
async function readFileOnce(path: string): Promise<Uint8Array | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      return stat.isFile() && stat.size <= largestFile && stat.size > 0 ? await file.readFile() : null;
    } finally {
      await file.close();
    }
  } catch {
    // Gone, or a link: the delivery says so.
    return null;
  }
}
