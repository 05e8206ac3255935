// Words of webhooks: the schemes by which senders prove who they are, and what tells one delivery from another.

export type HookScheme = 'github' | 'stripe' | 'standard-webhooks' | 'bearer' | 'hmac';

export const hookSchemes: readonly HookScheme[] = ['github', 'stripe', 'standard-webhooks', 'bearer', 'hmac'];

/** How far the clock of a sender that signs its time may be from ours, either way, ms. */
export const stampToleranceMs = 300_000;

/** Whether a signed time (whole seconds since the epoch) is near enough to `now` (ms). */
export function isStampFresh(seconds: number, now: number): boolean {
  return Math.abs(seconds * 1000 - now) <= stampToleranceMs;
}

/** What a sender calls its deliveries by. */
export interface DeliveryId {
  readonly text: string;
  /** Nobody but the sender can have said it: it is signed, or came with the secret itself. */
  readonly isProved: boolean;
}

/** The keys under which a delivery is remembered. */
export interface DeliveryKeys {
  /** The job's idempotency key. */
  readonly key: string;
  /** A delivery under one of these, too, is the same. */
  readonly more: readonly string[];
  /** The same key with another body is the same delivery all the same. */
  readonly isKeyEnough: boolean;
}

/** Begins the key that is made of a body; no delivery id of a sender may. */
export const bodyKeyPrefix = 'sha256:';

/**
 * An id that is not signed cannot stand alone: whoever has recorded a delivery may send it again under another one, so
 * the body is a key too. A proved id stands alone, since the same body may well be meant twice.
 */
export function deliveryKeys(id: DeliveryId | null, bodyHash: string, isSigned: boolean): DeliveryKeys {
  const bodyKey = `${bodyKeyPrefix}${bodyHash}`;
  if (id === null) return { key: bodyKey, more: [], isKeyEnough: true };
  if (id.isProved) return { key: id.text, more: [], isKeyEnough: isSigned };
  return { key: id.text, more: [bodyKey], isKeyEnough: false };
}
