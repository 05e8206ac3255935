// Whether a webhook can make jobs as it is configured. What is missing is its owner's to mend, and nothing a sender could do better.

import type { WebhookConfig } from '../config/webhooks.ts';
import { HomerError, isHomerError } from '../core/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { checkNotify } from './notify.ts';
import { choosePlace, type PlaceOptions, type Sender } from './place.ts';

export interface HookPlaceOptions extends PlaceOptions {
  readonly ledger: Ledger;
}

/** As whom the jobs of this webhook are asked for. */
export function hookSender(source: string, { executor, cwd, session }: WebhookConfig): Sender {
  return {
    source,
    isOwner: false,
    commands: executor === null ? [] : [executor],
    configured: { cwd, session },
  };
}

/** All of it comes from config.yaml or this machine. */
export function isOwnersToMend(error: unknown): error is HomerError {
  return isHomerError(error) && /^HOMER_(?:EXECUTOR|LANE|CWD|SESSION|CHANNEL|TARGET)_/.test(error.code);
}

/** What a delivery would be refused for, whatever it holds; null: nothing, as far as it can be told without one. */
export function findHookLack(
  options: HookPlaceOptions,
  source: string,
  hook: WebhookConfig,
): HomerError | null {
  const known = hook.session === null ? null : options.ledger.sessions.find(hook.session);
  try {
    if (hook.notify !== null) checkNotify(options, hook.notify);
    choosePlace(
      options,
      {
        executor: known?.executor ?? hook.executor ?? undefined,
        lane: known?.lane ?? hook.lane ?? undefined,
        cwd: hook.cwd ?? undefined,
      },
      hookSender(source, hook),
    );
    return null;
  } catch (error) {
    if (isOwnersToMend(error)) return error;
    throw error;
  }
}

/** What the sender is told instead: nothing of the set-up, and that it may come again. */
export function unready(cause: HomerError): HomerError {
  return new HomerError('HOMER_HOOK_UNREADY', 'This webhook cannot take deliveries now.', {
    details: { retryAfter: 60 },
    cause,
  });
}
