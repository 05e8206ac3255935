// The port to one way out of the house and back: a chat service, or a page that reads what is there.

import type { SendOutcome, Target } from '../core/delivery.ts';

/** What a channel can and cannot do, by name. */
export interface ChannelCapabilities {
  /** A message that is there can be changed: so a result can be put into a message that is known, as often as need be. */
  readonly edits: boolean;
  readonly buttons: boolean;
  readonly files: boolean;
  /** Sending the same again makes no second message. */
  readonly idempotentSend: boolean;
}

/** A button; `action` comes back when somebody presses it. At most 64 bytes. */
export interface Button {
  readonly label: string;
  readonly action: string;
}

/** What is to be seen. `text` is Markdown as agents write it, and never trusted. */
export interface OutgoingMessage {
  readonly text: string;
  readonly buttons?: readonly (readonly Button[])[] | undefined;
  /** It makes no noise. */
  readonly silent?: boolean;
  /** The channel's id of the message it answers. */
  readonly replyTo?: string | null;
  /** An absolute path; `text` is its caption then. */
  readonly file?: { readonly path: string; readonly name: string } | undefined;
}

/** None of its methods rejects: how an attempt ended is a value. */
export interface Channel {
  readonly name: string;
  readonly capabilities: ChannelCapabilities;
  /** Whether anything can be sent now; whoever opens it tells the outbox. */
  isOpen(): boolean;
  /** Cuts a text into parts that each fit into one message; at least one. The same text always gives the same parts. */
  split(text: string): readonly string[];
  /** Makes a message. Aborted before the request went out, it is `temporary`. */
  send(target: Target, message: OutgoingMessage, signal: AbortSignal): Promise<SendOutcome>;
  /** Changes a message; `sent` also when it was the same already. Only where it `edits`. */
  edit(
    target: Target,
    messageId: string,
    message: OutgoingMessage,
    signal: AbortSignal,
  ): Promise<SendOutcome>;
}

/** The channels that are open now, by name; null: it is not configured, or not connected yet. */
export type ChannelOf = (name: string) => Channel | null;
