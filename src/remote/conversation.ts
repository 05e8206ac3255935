// A conversation between a daemon and a worker, seen from either end: it begins with a hello and a welcome, and ends, for both, at
// the first message that is missing. Who wants to go on says hello again; what was to be said is said again from what both
// ends have on disk. So a carrier may lose, repeat or invent whatever it likes.

import { conversationKeys, type Keys, newChallenge, openingKey, seal, unseal } from './seal.ts';
import { type Letter, readLetter, writeLetter } from './letter.ts';
import { streamName, type WorkerAddress } from './wire.ts';

interface Typed {
  readonly type: string;
}

export interface EndOptions<Heard extends Typed> {
  readonly address: WorkerAddress;
  readonly key: Buffer;
  /** Puts a text into the stream that the other end reads. */
  readonly send: (stream: string, text: string) => void;
  /** A message of the present conversation, in order; `isFirst`: it begins one, and whatever was before is over. */
  readonly onLetter: (letter: Letter<Heard>, isFirst: boolean) => void;
  /** A message was lost: the present conversation is over when this returns. */
  readonly onBroken: () => void;
}

/** One that both ends have keys for. */
interface Talk {
  readonly keys: Keys;
  /** Numbers of the last message sent and heard. */
  sent: number;
  heard: number;
}

/** More hellos than this at a time are somebody's game. */
const mostPending = 4;

abstract class End<Heard extends Typed, Said extends Typed> {
  protected readonly options: EndOptions<Heard>;
  protected talk: Talk | null = null;
  abstract readonly mouth: 'up' | 'down';

  constructor(options: EndOptions<Heard>) {
    this.options = options;
  }

  get isOpen(): boolean {
    return this.talk !== null;
  }

  /** How many messages of the present conversation were heard. */
  get heard(): number {
    return this.talk?.heard ?? 0;
  }

  /** Its number in the present conversation; null: there is none, and nobody was told. */
  say(message: Said, body?: Buffer): number | null {
    const { talk } = this;
    if (talk === null) return null;
    this.sendIn(talk, message, body);
    return talk.sent;
  }

  close(): void {
    this.talk = null;
  }

  protected sendIn(talk: Talk, message: Typed, body?: Buffer): void {
    talk.sent += 1;
    const about = `m.${talk.keys.id}.${talk.sent}`;
    this.send(`${about}.${seal(talk.keys[this.mouth], talk.sent, about, writeLetter(message, body))}`);
  }

  protected send(text: string): void {
    this.options.send(streamName(this.options.address, this.mouth), text);
  }

  /** What this message says in that conversation; null when it is not of it, or was heard before. `gap`: one before it is missing. */
  protected hear(talk: Talk, text: string): Letter<Heard> | 'gap' | null {
    const [, about = '', number = '', sealed = ''] = /^(m\.[0-9a-f]{24}\.(\d{1,15}))\.(.*)$/.exec(text) ?? [];
    const n = Number(number);
    if (!about.startsWith(`m.${talk.keys.id}.`) || n <= talk.heard) return null;
    const bytes = unseal(talk.keys[this.mouth === 'up' ? 'down' : 'up'], n, about, sealed);
    const letter = bytes === null ? null : readLetter<Heard>(bytes);
    if (letter === null) return null;
    if (n !== talk.heard + 1) return 'gap';
    talk.heard = n;
    return letter;
  }
}

/** The worker's end. */
export class WorkerEnd<Heard extends Typed, Said extends Typed> extends End<Heard, Said> {
  readonly mouth = 'up';
  #challenge = '';
  #opening: Said | null = null;

  /** Begins a conversation anew; its first message is `opening`, said as soon as the daemon has answered. */
  begin(opening: Said): void {
    this.talk = null;
    this.#opening = opening;
    this.#challenge = newChallenge();
    const about = `h.${this.#challenge}`;
    const key = openingKey(this.options.key, this.#challenge, 'hello');
    this.send(`${about}.${seal(key, 0, about, writeLetter({ type: 'hello' }))}`);
  }

  /** Of the stream that leads down. */
  listen(text: string): void {
    const { talk } = this;
    if (text.startsWith('w.')) this.#welcome(text);
    else if (talk !== null) {
      const heard = this.hear(talk, text);
      if (heard === 'gap') this.options.onBroken();
      else if (heard !== null) this.options.onLetter(heard, talk.heard === 1);
    }
  }

  #welcome(text: string): void {
    const opening = this.#opening;
    const [, about = '', worker = '', daemon = '', sealed = ''] =
      /^(w\.([0-9a-f]{32})\.([0-9a-f]{32}))\.(.*)$/.exec(text) ?? [];
    // Only to the hello that was said last, and once.
    if (opening === null || worker !== this.#challenge) return;
    const key = openingKey(this.options.key, `${worker}.${daemon}`, 'welcome');
    if (unseal(key, 0, about, sealed) === null) return;
    this.#opening = null;
    this.talk = { keys: conversationKeys(this.options.key, worker, daemon), sent: 0, heard: 0 };
    this.sendIn(this.talk, opening);
  }
}

/** The daemon's end of the conversation with one worker. */
export class DaemonEnd<Heard extends Typed, Said extends Typed> extends End<Heard, Said> {
  readonly mouth = 'down';
  #pending: Talk[] = [];
  readonly #answered: string[] = [];

  /** Of the stream that leads up. */
  listen(text: string): void {
    if (text.startsWith('h.')) {
      this.#hello(text);
      return;
    }
    const { talk } = this;
    if (talk !== null) {
      const heard = this.hear(talk, text);
      if (heard === 'gap') {
        // The other end can still be told.
        this.options.onBroken();
        this.talk = null;
      } else if (heard !== null) this.options.onLetter(heard, false);
    }
    // Whoever speaks under keys that it could only have with ours is the worker, and is here now.
    for (const pending of this.#pending) {
      const heard = this.hear(pending, text);
      if (heard === null || heard === 'gap') continue;
      this.#pending = [];
      this.talk = pending;
      this.options.onLetter(heard, true);
      return;
    }
  }

  #hello(text: string): void {
    const { key } = this.options;
    const [, about = '', worker = '', sealed = ''] = /^(h\.([0-9a-f]{32}))\.(.*)$/.exec(text) ?? [];
    if (about === '' || this.#answered.includes(worker)) return;
    if (unseal(openingKey(key, worker, 'hello'), 0, about, sealed) === null) return;
    this.#answered.push(worker);
    this.#answered.splice(0, this.#answered.length - mostPending);
    const daemon = newChallenge();
    this.#pending.push({ keys: conversationKeys(key, worker, daemon), sent: 0, heard: 0 });
    this.#pending.splice(0, this.#pending.length - mostPending);
    const answer = `w.${worker}.${daemon}`;
    const welcomeKey = openingKey(key, `${worker}.${daemon}`, 'welcome');
    this.send(`${answer}.${seal(welcomeKey, 0, answer, writeLetter({ type: 'welcome' }))}`);
  }
}
