// The secrets of webhooks. Files and variables are looked at for each delivery, so that one that was changed is void at once;
// what a program said is kept until the configuration is read again. Whatever is wrong with a secret, its webhook is not there.

import { createHash, timingSafeEqual } from 'node:crypto';
import { readHookSecrets } from '../config/hook-secret.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { WebhookConfig } from '../config/webhooks.ts';
import { isHomerError, messageOf } from '../core/errors.ts';
import { keyOf } from './hook-signature.ts';

/** `secrets` is never empty; the newest first, with the keys made of them. */
export type HookSecrets =
  | { readonly secrets: readonly string[]; readonly keys: readonly Buffer[] }
  /** Why the webhook is not there: a sentence that shows no secret. */
  | { readonly problem: string };

export interface HookSecretOptions {
  /** Absolute path of the state directory. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The owner's token; no webhook may have it for its secret. */
  readonly token: () => string;
  /** ms since the epoch. */
  readonly now: () => number;
  /** Told of every secret that is read, before it is used. */
  readonly onRead: (secrets: readonly string[]) => void;
  /** Told when other webhooks than before have no usable secret: their names, and why. */
  readonly onChange: (missing: ReadonlyMap<string, string>) => void;
}

export interface HookSecretStore {
  find(name: string, hook: WebhookConfig): Promise<HookSecrets>;
  /** Looks at all secrets there should be. */
  check(hooks: Readonly<Record<string, WebhookConfig>>): Promise<void>;
  /** Programs are asked again. */
  forget(): void;
}

export function createHookSecrets(options: HookSecretOptions): HookSecretStore {
  const said = new Map<string, Promise<readonly string[]>>();
  let missing: ReadonlyMap<string, string> = new Map();
  let checks = 0;

  const tell = (now: ReadonlyMap<string, string>): void => {
    const isSame = now.size === missing.size && [...now].every(([name, why]) => missing.get(name) === why);
    missing = now;
    if (!isSame) options.onChange(missing);
  };

  async function read(name: string, hook: WebhookConfig): Promise<readonly string[]> {
    const { secret } = hook;
    if ('generated' in secret) return readHookSecrets(options.home, name, hook.scheme, options.now());
    if (!('exec' in secret)) return [await resolveSecret(secret, options.env)];
    const key = JSON.stringify(secret.exec);
    const known = said.get(key) ?? resolveSecret(secret, options.env).then((text) => [text]);
    said.set(key, known);
    // A program that failed may work the next time; until then it is not asked by every stranger.
    known.catch(() => setTimeout(() => said.delete(key), retryMs).unref());
    return known;
  }

  return {
    forget: () => said.clear(),
    async find(name, hook) {
      const found = await look(name, hook);
      const now = new Map(missing);
      if ('problem' in found) now.set(name, found.problem);
      else now.delete(name);
      tell(now);
      return found;
    },
    async check(hooks) {
      const check = ++checks;
      const found = await Promise.all(
        Object.entries(hooks).map(async ([name, hook]) => [name, await look(name, hook)] as const),
      );
      // A later one knows the configuration better.
      if (check === checks)
        tell(new Map(found.flatMap(([name, each]) => ('problem' in each ? [[name, each.problem]] : []))));
    },
  };

  async function look(name: string, hook: WebhookConfig): Promise<HookSecrets> {
    try {
      const secrets = await read(name, hook);
      options.onRead(secrets);
      const keys = secrets.map((secret) => keyOf(hook.scheme, secret));
      const usable = keys.filter((key) => key !== null);
      if (usable.length === 0 || usable.length < keys.length)
        return {
          problem:
            secrets[0]?.trim() === '' ? 'Its secret is blank.' : 'Its secret has not the form of its scheme.',
        };
      if (secrets.some((secret) => isSame(secret, options.token())))
        return { problem: "Its secret is the owner's token, which no sender may have." };
      return { secrets, keys: usable };
    } catch (error) {
      return {
        problem: isHomerError(error) ? error.message : `Its secret cannot be had: ${messageOf(error)}.`,
      };
    }
  }
}

const retryMs = 30_000;

function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text.trim()).digest();
  return timingSafeEqual(digest(a), digest(b));
}
