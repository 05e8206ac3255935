// What every channel promises. A factory hands in a stage: the channel, somewhere to send to, and how to look at what is there.

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Channel, OutgoingMessage } from '../../src/channels/channel.ts';
import type { SendOutcome, Target } from '../../src/core/delivery.ts';

export interface ChannelStage {
  readonly channel: Channel;
  readonly target: Target;
  /** Somewhere that refuses for good; null where there is no such place. */
  readonly forbidden: Target | null;
  /** What a person sees there; null where only the ledger knows. */
  shown(): readonly string[] | null;
  /** The next call: it is done and nobody is told; it is not done; it is not done, and to be asked again in a second. */
  fail(how: 'after' | 'before' | 'later'): void;
  close(): Promise<void>;
}

const never = new AbortController().signal;

/** Every case over the channel that the factory opens. */
export function testChannel(open: () => Promise<ChannelStage>): void {
  let stage: ChannelStage;
  beforeEach(async () => {
    stage = await open();
  });
  afterEach(() => stage.close());

  const send = (message: OutgoingMessage, signal = never): Promise<SendOutcome> =>
    stage.channel.send(stage.target, message, signal);

  async function sent(text: string): Promise<string> {
    const outcome = await send({ text });
    if (outcome.is !== 'sent') throw new Error(JSON.stringify(outcome));
    expect(outcome.messageId).not.toBe('');
    return outcome.messageId;
  }

  test('what is sent is there, under an id of the channel', async () => {
    await sent('hello');
    expect(stage.shown() ?? ['hello']).toEqual(['hello']);
  });

  test('any text can be cut into parts that can be sent, always the same ones', async () => {
    const text = `${'word '.repeat(3_000)}\n\`\`\`\n${'code\n'.repeat(2_000)}\`\`\`\n<b>&\u0000\u202e`;
    const parts = stage.channel.split(text);
    expect(stage.channel.split(text)).toEqual(parts);
    for (const part of parts) await sent(part);
    expect(stage.channel.split('')).toHaveLength(1);
    await sent(stage.channel.split('')[0] ?? '');
  });

  test('an edit takes the place of what was there, and the same edit again is no error', async () => {
    if (!stage.channel.capabilities.edits) return;
    const id = await sent('before');
    for (let i = 0; i < 2; i++)
      expect(await stage.channel.edit(stage.target, id, { text: 'after' }, never)).toEqual({
        is: 'sent',
        messageId: id,
      });
    expect(stage.shown()).toEqual(['after']);
  });

  test('an edit of what is not there says that it is gone', async () => {
    if (!stage.channel.capabilities.edits) return;
    expect(await stage.channel.edit(stage.target, '999999', { text: 'x' }, never)).toMatchObject({
      is: 'permanent',
      gone: true,
    });
  });

  test('what may have arrived is said to be unknown, what was not done to be temporary', async () => {
    if (stage.channel.capabilities.idempotentSend) return;
    stage.fail('after');
    expect(await send({ text: 'a' })).toMatchObject({ is: 'unknown' });
    stage.fail('before');
    expect(await send({ text: 'b' })).toMatchObject({ is: 'temporary' });
    expect(stage.shown()).toEqual(['a']);
  });

  test('a pause that was asked for is kept, whoever sends', async () => {
    if (stage.channel.capabilities.idempotentSend) return;
    stage.fail('later');
    const first = await send({ text: 'a' });
    const second = await send({ text: 'b' });
    for (const outcome of [first, second]) {
      expect(outcome).toMatchObject({ is: 'temporary' });
      expect(outcome.is === 'temporary' ? outcome.retryAfterMs : 0).toBeGreaterThan(500);
    }
    expect(stage.shown()).toEqual([]);
  });

  test('what is refused for good is permanent, with a reason', async () => {
    if (stage.forbidden === null) return;
    const outcome = await stage.channel.send(stage.forbidden, { text: 'x' }, never);
    expect(outcome).toMatchObject({ is: 'permanent' });
    expect(outcome.is === 'permanent' ? outcome.reason : '').not.toBe('');
  });

  test('what is given up before it went out was not sent', async () => {
    if (stage.channel.capabilities.idempotentSend) return;
    expect(await send({ text: 'x' }, AbortSignal.abort())).toMatchObject({ is: 'temporary' });
    expect(stage.shown()).toEqual([]);
  });
}
