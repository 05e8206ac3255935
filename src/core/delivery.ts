// A delivery is an outgoing message on its way to a channel: its states, its target, and what an attempt to send means.

/**
 * `sending`: an attempt that must not be repeated blindly is under way; `unknown`: nobody can know whether it arrived, and a
 * person decides; `dead`: the channel refused it for good; `dropped`: given up on purpose.
 */
export type DeliveryState = 'pending' | 'sending' | 'delivered' | 'unknown' | 'dead' | 'dropped';

export const deliveryStates: readonly DeliveryState[] = [
  'pending',
  'sending',
  'delivered',
  'unknown',
  'dead',
  'dropped',
];

/**
 * `status`: the message of a job that is edited while it runs; `result`: how the job ended; `question`: what an agent asks;
 * `text`: anything else that is said; `file`: a file.
 */
export type DeliveryKind = 'status' | 'result' | 'question' | 'text' | 'file';

export const deliveryKinds: readonly DeliveryKind[] = ['status', 'result', 'question', 'text', 'file'];

/** What becomes of a message of which nobody knows whether it arrived. */
export type OnUnknown = 'ask' | 'resend' | 'drop';

export const onUnknownChoices: readonly OnUnknown[] = ['ask', 'resend', 'drop'];

/** How an attempt to send ended, as its channel knows it. */
export type SendOutcome =
  /** It is there, under the channel's own id. */
  | { readonly is: 'sent'; readonly messageId: string }
  /** It is not there; the same may work later, not before `retryAfterMs`. */
  | { readonly is: 'temporary'; readonly retryAfterMs: number; readonly reason: string }
  /** It is not there, and the same will never work. */
  | {
      readonly is: 'permanent';
      readonly reason: string;
      /** The message that was to be changed is not there any more. */
      readonly gone?: boolean;
    }
  /** It may be there: the connection was cut after the request had gone out. */
  | { readonly is: 'unknown'; readonly reason: string };

/** What to do after an attempt. */
export type DeliveryStep =
  | { readonly to: 'advance'; readonly messageId: string }
  | { readonly to: 'wait'; readonly ms: number; readonly reason: string }
  | { readonly to: 'end'; readonly state: 'unknown' | 'dead' | 'dropped'; readonly reason: string };

const firstWaitMs = 1_000;
const longestWaitMs = 5 * 60_000;

/** Exponential, at most five minutes; `attempts` counts from 1. */
export function deliveryWaitMs(attempts: number): number {
  return Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(attempts - 1, 12));
}

/** `repeatable`: sending it again can do no harm. `attempts`: failed ones so far, with this one. */
export function decideDelivery(
  outcome: SendOutcome,
  {
    repeatable,
    attempts,
    onUnknown,
  }: { readonly repeatable: boolean; readonly attempts: number; readonly onUnknown: OnUnknown },
): DeliveryStep {
  switch (outcome.is) {
    case 'sent':
      return { to: 'advance', messageId: outcome.messageId };
    case 'temporary':
      return {
        to: 'wait',
        // A channel that says when knows better than a backoff.
        ms: outcome.retryAfterMs > 0 ? outcome.retryAfterMs : deliveryWaitMs(attempts),
        reason: outcome.reason,
      };
    case 'permanent':
      return { to: 'end', state: 'dead', reason: outcome.reason };
    case 'unknown':
      if (repeatable || onUnknown === 'resend')
        return { to: 'wait', ms: deliveryWaitMs(attempts), reason: outcome.reason };
      return { to: 'end', state: onUnknown === 'drop' ? 'dropped' : 'unknown', reason: outcome.reason };
  }
}

/** Where a delivery goes: `web`, or `telegram:CHAT[:TOPIC]`. */
export interface Target {
  readonly channel: string;
  /** Deliveries of one line keep their order. */
  readonly line: string;
  readonly chat: string;
  readonly topic: string | null;
}

export const targetRule = 'A target is `web` or `telegram:CHAT` or `telegram:CHAT:TOPIC`, with numeric ids';

/** null: the text is no target. */
export function parseTarget(text: string): Target | null {
  if (text === 'web') return { channel: 'web', line: 'web', chat: '', topic: null };
  const [, chat, topic] = /^telegram:(-?\d{1,16})(?::(\d{1,16}))?$/.exec(text) ?? [];
  if (chat === undefined) return null;
  return { channel: 'telegram', line: `telegram:${chat}`, chat, topic: topic ?? null };
}

/** A target, or `alert:NAME`, one of those that only alerts go to; nobody may ask for it by name. Null: neither. */
export function parseRoute(text: string): Target | null {
  const [, name] = /^alert:([a-z0-9][a-z0-9_-]{0,31})$/.exec(text) ?? [];
  return name === undefined ? parseTarget(text) : { channel: 'alert', line: text, chat: name, topic: null };
}

/** As much may stand beside the word that says that there is nothing to say. */
const mostBesideQuiet = 200;

/**
 * Whether an answer says just `quiet`, in whatever case and marks, or ends with it on a line of its own after a few words. Null
 * answers nobody gave: an empty one says nothing either.
 */
export function saysNothing(text: string, quiet: string): boolean {
  const bare = (line: string): string => line.replace(/[\s*_`~"'.!()[\]]/g, '').toLowerCase();
  const wanted = bare(quiet);
  if (bare(text) === '' || bare(text) === wanted) return true;
  const lines = text.trimEnd().split('\n');
  const last = lines.pop() ?? '';
  return bare(last) === wanted && lines.join('\n').trim().length <= mostBesideQuiet;
}
