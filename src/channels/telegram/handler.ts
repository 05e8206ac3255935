// Takes what comes from Telegram in: words become jobs or commands, taps become answers, strangers are told how to pair. When
// `handle` has resolved, all of it is in the ledger.

import type { Update } from 'grammy/types';
import { isHomerError } from '../../core/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Pairing } from '../pairing.ts';
import type { TelegramApi } from './api.ts';
import { sayError, type Ask } from './asking.ts';
import { keepAttachment } from './attachments.ts';
import { press } from './buttons.ts';
import { commands } from './commands.ts';
import { choicesOf, sessionOf, sourceOf, targetOf, workspaceOf, type Choices } from './conversation.ts';
import type { Desk, Reply } from './desk.ts';
import { readUpdate, type Doors, type Place, type Press, type Words } from './incoming.ts';

export interface HandlerOptions {
  readonly ledger: Ledger;
  readonly api: TelegramApi;
  readonly ask: Ask;
  readonly pairing: Pairing;
  readonly doors: Doors;
  /** `command` executors that chats may use. */
  readonly commandExecutors: () => readonly string[];
  /** Absolute path of the state directory. */
  readonly home: string;
  /** The bot's own id and @name. */
  readonly bot: { readonly id: number; readonly name: string };
  readonly note: (fields: Readonly<Record<string, unknown>>, message: string) => void;
  readonly signal: AbortSignal;
}

/** The same is noted, and a stranger is answered, this seldom: neither the log nor the chat is theirs to fill. */
const newsMs = 60 * 60_000;
const mostNews = 1_000;
const mostStrangersAnswered = 20;
const shortCallMs = 10_000;

export class Handler {
  readonly #options: HandlerOptions;
  readonly #strangers = new Map<string, number>();
  readonly #passedOver = new Map<string, number>();
  #isRefusing = false;

  constructor(options: HandlerOptions) {
    this.#options = options;
  }

  /** Rejects when the update has to come again: nothing of it is promised then. */
  async handle(update: Update): Promise<void> {
    const incoming = readUpdate(update, this.#options.doors);
    switch (incoming.is) {
      case 'nothing':
        if (isNews(this.#passedOver, incoming.why, this.#options.ledger.now()))
          this.#options.note({ updateId: update.update_id }, `telegram: passed over, ${incoming.why}`);
        return;
      case 'stranger':
        return this.#meet(incoming);
      case 'press':
        return this.#press(incoming);
      case 'words':
        return this.#hear(incoming);
    }
  }

  async #hear(words: Words): Promise<void> {
    const { ledger } = this.#options;
    const key = this.#keyOf(words);
    // Taken before a crash, and come again: what it did is done.
    if (ledger.deliveries.find(`reply:${key}`) !== null) return;
    try {
      const reply = await this.#answer(words, key);
      if (reply !== null) await this.#reply(words, key, reply);
    } catch (error) {
      if (this.#options.signal.aborted) throw error;
      if (isPassing(error)) {
        this.#tellRefusal(words, error);
        throw error;
      }
      // The same update under another wording: its file could not be had the first time.
      if (isHomerError(error, 'HOMER_KEY_REUSED')) return;
      await this.#reply(words, key, { text: sayError(error) });
    }
    this.#isRefusing = false;
  }

  /** null: there is nothing to say; the job speaks for itself. */
  async #answer(words: Words, key: string): Promise<Reply> {
    const { ledger, bot } = this.#options;
    const choices = choicesOf(ledger, words);
    const [, name, at, rest = ''] = /^\/([a-z]{1,32})(?:@(\w{1,64}))?(?:\s+([^]*))?$/i.exec(words.text) ?? [];
    if (name === undefined || words.isForwarded) {
      await this.#give(words, words.text, choices, key);
      return null;
    }
    if (at !== undefined && at.toLowerCase() !== bot.name.toLowerCase()) return null;
    const command = commands[name.toLowerCase()];
    if (command === undefined || !Object.hasOwn(commands, name.toLowerCase()))
      return { text: `There is no /${name}. /help lists what there is.` };
    return command.act(this.#deskOf(words, choices, key), rest);
  }

  /** The words become a job: one commit holds it with the key of its update. */
  async #give(words: Words, text: string, choices: Choices, key: string): Promise<void> {
    const { api, home, signal } = this.#options;
    const session = sessionOf(words, choices);
    const cwd = workspaceOf(home, session);
    const files: string[] = [];
    for (const attachment of words.attachments)
      files.push(await keepAttachment(api, cwd, words.messageId, attachment, signal));
    // Cut off in the middle of a file: it comes again, with the file.
    signal.throwIfAborted();
    const origin = words.isForwarded ? '[This message was forwarded; somebody else wrote it.]' : '';
    const prompt = [origin, text, ...files].filter((part) => part.trim() !== '').join('\n\n');
    const { lane, agent } = choices;
    await this.#askFor(words, 'jobs.create', {
      prompt,
      session,
      cwd,
      ...(lane === undefined ? {} : { lane }),
      ...(agent === undefined ? {} : { executor: agent }),
      notify: targetOf(words),
      key,
    });
  }

  async #press(tap: Press): Promise<void> {
    const { api, ledger } = this.#options;
    let told: string;
    let mark: string | null = null;
    try {
      ({ told, mark } = await press(
        this.#deskOf(tap, choicesOf(ledger, tap), `tap-${tap.updateId}`),
        tap.action,
      ));
    } catch (error) {
      if (isPassing(error)) throw error;
      told = sayError(error);
    }
    // What is left is for the eye: the answer is in the ledger.
    await api.call(
      (bot, own) =>
        bot.answerCallbackQuery(tap.queryId, { text: told.slice(0, 200), show_alert: told.length > 60 }, own),
      this.#soon(),
    );
    const { messageId } = tap;
    if (mark === null || messageId === null) return;
    const text = `${tap.shown.slice(0, 3_900)}\n\n${mark}`;
    await api.call(
      (bot, own) => bot.editMessageText(Number(tap.chat), Number(messageId), text, {}, own),
      this.#soon(),
    );
  }

  /** Somebody who may not: no job, a line in the log, now and then a word. A right code makes them known. */
  async #meet({
    chat,
    from,
    text,
    queryId,
  }: {
    chat: string;
    from: { id: string; name: string };
    text: string;
    queryId: string | null;
  }): Promise<void> {
    const { ledger, pairing, note, api } = this.#options;
    const now = ledger.now();
    const code = /^\/(?:start|pair)\s+(\S+)$/i.exec(text.trim())?.[1] ?? text;
    if (queryId === null && pairing.looksLikeCode(code)) {
      const taken = pairing.take(code, from.id, now);
      note({ person: from.id, outcome: taken }, 'telegram: somebody sent a code');
      if (taken === 'taken') {
        await ledger.commit(() => {
          ledger.chats.pair('telegram', from.id, from.name, now);
          const key = `paired:${from.id}:${now}`;
          const said = 'We are paired. Write what is to be done; /help lists what else there is.';
          ledger.deliveries.add(
            { target: `telegram:${chat}`, key, jobId: null, text: said, onUnknown: 'resend' },
            now,
          );
        });
        return;
      }
    }
    if (!isNews(this.#strangers, from.id, now)) return;
    note({ person: from.id, chat }, 'telegram: somebody who is neither allowed nor paired');
    if (this.#strangers.size > mostStrangersAnswered) return;
    const words = `I do not know you. Your id is ${from.id}. Whoever runs me can let you in: \`homer telegram pair\` gives a code to send here.`;
    await api.call(
      (bot, own) => bot.sendMessage(Number(chat), words.replaceAll('`', ''), {}, own),
      this.#soon(),
    );
  }

  #deskOf(place: Place, choices: Choices, key: string): Desk {
    const { ledger } = this.#options;
    return {
      ask: <Answer>(name: string, input: Readonly<Record<string, unknown>> = {}) =>
        this.#askFor(place, name, input) as Promise<Answer>,
      session: sessionOf(place, choices),
      choices,
      choose: (chosen) => ledger.commit(() => ledger.chats.choose(targetOf(place), { ...chosen })),
      say: (text, chosen) => this.#give(place as Words, text, chosen, key),
      source: sourceOf(place),
      target: targetOf(place),
      key,
      isPrivate: place.isPrivate,
    };
  }

  #askFor(place: Place, name: string, input: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { ask, commandExecutors } = this.#options;
    return ask(name, input, { source: sourceOf(place), commands: commandExecutors() });
  }

  async #reply(words: Words, key: string, { text, buttons }: NonNullable<Reply>): Promise<void> {
    const { ledger } = this.#options;
    const data = { replyTo: words.messageId, ...(buttons === undefined ? {} : { buttons }) };
    await ledger.commit(() =>
      ledger.deliveries.add(
        { target: targetOf(words), key: `reply:${key}`, jobId: null, text, data, onUnknown: 'resend' },
        ledger.now(),
      ),
    );
  }

  /** The bot's id, since updates of another bot count from another beginning; the message's, since they may begin again. */
  #keyOf({ updateId, messageId }: Words): string {
    return `telegram-${this.#options.bot.id}-${updateId}-${messageId}`;
  }

  /** Said once: never a promise that is not kept, and not silence either. */
  #tellRefusal(words: Words, error: unknown): void {
    const { api, note } = this.#options;
    note({ updateId: words.updateId }, `telegram: cannot take messages now: ${sayError(error)}`);
    if (this.#isRefusing) return;
    this.#isRefusing = true;
    const text = `I cannot take anything now: ${sayError(error)}\nI go on by myself; what you sent is not forgotten.`;
    void api.call((bot, own) => bot.sendMessage(Number(words.chat), text, {}, own), this.#soon());
  }

  #soon(): AbortSignal {
    return AbortSignal.any([this.#options.signal, AbortSignal.timeout(shortCallMs)]);
  }
}

/** Nothing is wrong with the update, and it is not in the ledger: it comes again. */
function isPassing(error: unknown): boolean {
  return (
    isHomerError(error, 'HOMER_DISK_FULL') ||
    isHomerError(error, 'HOMER_READ_ONLY') ||
    isHomerError(error, 'HOMER_DRAINING') ||
    isHomerError(error, 'HOMER_LEDGER_BROKEN') ||
    isHomerError(error, 'HOMER_RATE_LIMITED')
  );
}

/** Whether it was not met within the last hour; with too much news nothing is any more. */
function isNews(known: Map<string, number>, what: string, now: number): boolean {
  for (const [each, at] of known) if (at < now - newsMs) known.delete(each);
  if (known.has(what) || known.size >= mostNews) return false;
  known.set(what, now);
  return true;
}
