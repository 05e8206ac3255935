// One step of one delivery: what is to be done next, done through its channel. A result is put in place by edits: first each
// of its messages is reserved (a stray one would say nothing), then filled, as often as need be; last comes a line that rings.

import type { Button, Channel, OutgoingMessage } from '../channels/channel.ts';
import type { SendOutcome, Target } from '../core/delivery.ts';
import type { Problem } from '../core/errors.ts';
import type { ApprovalId, QuestionId } from '../core/ids.ts';
import type { DeliveryRecord } from '../ledger/delivery-record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { wordAsked, wordPing, wordQuestion, wordResult, wordStatus, type Wording } from './render.ts';

/** What is to be done next for a delivery. */
export type Plan =
  | {
      readonly do: 'send' | 'edit';
      readonly message: OutgoingMessage;
      /** Of the message to edit. */
      readonly messageId?: string;
      /** Doing it again can do no harm. */
      readonly repeatable: boolean;
      /** The delivery when it worked, under the id that the channel gave. */
      readonly after: (messageId: string) => {
        readonly step: number;
        readonly messageIds: readonly string[];
        readonly done: boolean;
      };
      /** A ping: it rang or it did not, what it tells of is there. */
      readonly isPing?: boolean;
    }
  | { readonly do: 'drop'; readonly reason: string };

/** More than a person reads in a chat; the rest is told where to find. */
const mostParts = 8;

/** What is to be done next. Pure but for reading the ledger. */
export function planStep(ledger: Ledger, channel: Channel, delivery: DeliveryRecord): Plan {
  const { kind, messageIds } = delivery;
  if (kind === 'status') return planStatus(ledger, channel, delivery);
  if (kind === 'result' && channel.capabilities.edits) return planResult(ledger, channel, delivery);
  const wording = wordsOf(ledger, delivery);
  if (wording === null) return { do: 'drop', reason: 'The question was answered, or has ended, by itself.' };
  const parts = partsOf(channel, wording.text);
  const isLast = delivery.step >= parts.length - 1;
  return {
    do: 'send',
    message: {
      text: parts[delivery.step] ?? '',
      buttons: isLast && channel.capabilities.buttons ? wording.buttons : undefined,
      replyTo: replyTo(ledger, delivery),
      file: fileOf(delivery),
    },
    repeatable: channel.capabilities.idempotentSend,
    after: (id) => ({ step: delivery.step + 1, messageIds: [...messageIds, id], done: isLast }),
  };
}

/** Does it. Never rejects. */
export function act(
  channel: Channel,
  target: Target,
  plan: Exclude<Plan, { do: 'drop' }>,
  signal: AbortSignal,
): Promise<SendOutcome> {
  return plan.messageId === undefined
    ? channel.send(target, plan.message, signal)
    : channel.edit(target, plan.messageId, plan.message, signal);
}

function planStatus(ledger: Ledger, channel: Channel, { jobId, step }: DeliveryRecord): Plan {
  if (jobId === null || !channel.capabilities.edits)
    return { do: 'drop', reason: 'This channel has no messages that change.' };
  const { text, buttons } = wordStatus(ledger.jobs.get(jobId), []);
  return {
    do: 'send',
    message: { text, buttons: buttonsFor(channel, buttons), silent: true },
    repeatable: true,
    after: (id) => ({ step: step + 1, messageIds: [id], done: true }),
  };
}

function planResult(ledger: Ledger, channel: Channel, delivery: DeliveryRecord): Plan {
  const { jobId, step, data } = delivery;
  const state = String(data['state']);
  const rings = data['rings'] !== false;
  const { text, buttons } = wordResult(
    delivery.text,
    { state, error: data['error'] as Problem | null },
    jobId ?? '',
  );
  const parts = partsOf(channel, text);
  const status = jobId === null ? null : ledger.deliveries.statusMessage(jobId);
  const messageIds = delivery.messageIds.length === 0 && status !== null ? [status] : delivery.messageIds;
  if (step >= parts.length)
    return {
      do: 'send',
      message: { text: wordPing(state), replyTo: messageIds[0] ?? null },
      repeatable: false,
      isPing: true,
      after: () => ({ step: step + 1, messageIds, done: true }),
    };
  const messageId = messageIds[step] ?? '';
  // None yet, or a person took it away.
  if (messageId === '')
    return {
      do: 'send',
      message: { text: '…', silent: true },
      repeatable: true,
      after: (id) => ({ step, messageIds: [...messageIds.slice(0, step), id], done: false }),
    };
  const isLast = step === parts.length - 1;
  return {
    do: 'edit',
    messageId,
    message: { text: parts[step] ?? '', buttons: isLast ? buttonsFor(channel, buttons) : undefined },
    repeatable: true,
    after: () => ({ step: step + 1, messageIds, done: isLast && !rings }),
  };
}

/** null: there is nothing to say any more. */
function wordsOf(ledger: Ledger, { kind, text, data, jobId }: DeliveryRecord): Wording | null {
  if (kind === 'question' && typeof data['questionId'] === 'string') {
    const question = ledger.questions.get(data['questionId'] as QuestionId);
    return question.state === 'pending' ? wordAsked(question) : null;
  }
  if (kind === 'question') {
    const approval = ledger.approvals.get(data['approvalId'] as ApprovalId);
    return approval.state === 'pending' ? wordQuestion(approval) : null;
  }
  if (kind === 'result')
    return wordResult(
      text,
      { state: String(data['state']), error: data['error'] as Problem | null },
      jobId ?? '',
    );
  return { text, buttons: (data['buttons'] as readonly (readonly Button[])[] | undefined) ?? [] };
}

function partsOf(channel: Channel, text: string): readonly string[] {
  const parts = channel.split(text);
  if (parts.length <= mostParts) return parts;
  return [...parts.slice(0, mostParts - 1), '… It goes on; `homer job` on the machine shows the whole.'];
}

function buttonsFor(channel: Channel, buttons: Wording['buttons']): OutgoingMessage['buttons'] {
  return channel.capabilities.buttons ? buttons : undefined;
}

function replyTo(ledger: Ledger, { kind, jobId, data }: DeliveryRecord): string | null {
  if (kind === 'question' && jobId !== null) return ledger.deliveries.statusMessage(jobId);
  return typeof data['replyTo'] === 'string' ? data['replyTo'] : null;
}

function fileOf({ kind, data }: DeliveryRecord): OutgoingMessage['file'] {
  if (kind !== 'file') return undefined;
  return { path: String(data['path']), name: String(data['name']) };
}
