// Every secret the daemon knows, so that none is written anywhere: not to its log, the ledger, an answer, or by a run.

import { readHookSecrets } from '../config/hook-secret.ts';
import type { Config, SecretRef } from '../config/config.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { Log } from '../lifecycle/log.ts';
import { createRedactor, type Redactor } from '../runner/redaction.ts';
import { hidesValue } from '../worker/environment.ts';

export class KnownSecrets {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #home: string;
  #owner: string[] = [];
  #configured: readonly string[] = [];
  #redactor: Redactor = createRedactor([]);

  constructor(home: string, env: Readonly<Record<string, string | undefined>>) {
    this.#home = home;
    this.#env = env;
  }

  get all(): readonly string[] {
    return [...this.#owner, ...this.#configured];
  }

  /** The owner's token, also one that was replaced: it may still be on its way somewhere. */
  addOwner(token: string): void {
    this.#owner.push(token);
    this.#redactor = createRedactor(this.all);
  }

  /** The text without any of them. */
  readonly text = (text: string): string => this.#redactor.text(text);

  /**
   * Reads what the configuration refers to; what cannot be had is told by whoever needs it. Programs are not waited for:
   * what they say is known as soon as they have said it.
   */
  async refresh(config: Config, log: Pick<Log, 'debug'>): Promise<void> {
    const read = (ref: SecretRef): Promise<string> =>
      resolveSecret(ref, this.#env).catch((error: unknown) => {
        log.debug({ error }, 'a secret cannot be had');
        return '';
      });
    const [programs, others] = [true, false].map((isProgram) =>
      referencesOf(config).filter((ref) => 'exec' in ref === isProgram),
    );
    const found = [...(await Promise.all((others ?? []).map(read))), ...this.#hookSecrets(config)];
    this.#learn(found);
    Promise.all((programs ?? []).map(read)).then(
      (said) => this.#learn([...found, ...said]),
      (error: unknown) => log.debug({ error }, 'secrets cannot be had'),
    );
  }

  #learn(found: readonly string[]): void {
    const all = [...found, ...found.flatMap((text) => passwordIn(text))];
    this.#configured = [...new Set(all)].filter((text) => text !== '');
    this.#redactor = createRedactor(this.all);
  }

  #hookSecrets({ webhooks }: Config): string[] {
    return Object.entries(webhooks).flatMap(([name, { secret, scheme }]) => {
      if (!('generated' in secret)) return [];
      try {
        return [...readHookSecrets(this.#home, name, scheme, Date.now())];
      } catch {
        // A file that is somebody else's or cannot be read: the webhook itself says so.
        return [];
      }
    });
  }
}

/**
 * All of them but programs (`exec`) of executors and skills: those are asked when a run starts, may ask a person, and are
 * redacted by its runner.
 */
function referencesOf({ telegram, webhooks, engine, executors, skills }: Config): SecretRef[] {
  const ofDaemon = [
    ...(telegram === null ? [] : [telegram.token]),
    ...(engine.kind === 'bullmq' ? [engine.url] : []),
    ...Object.values(webhooks).flatMap(({ secret }) => ('generated' in secret ? [] : [secret])),
  ];
  const variables = [
    ...Object.values(executors).flatMap(({ setEnv }) => Object.entries(setEnv)),
    ...Object.values(skills.entries).flatMap(({ env }) => Object.entries(env)),
  ];
  const keys = Object.values(skills.entries).flatMap(({ apiKey }) => (apiKey === null ? [] : [apiKey]));
  const ofRuns = [...variables.flatMap(([name, ref]) => (hidesValue(name, ref) ? [ref] : [])), ...keys];
  return [...ofDaemon, ...ofRuns.filter((ref) => !('exec' in ref))];
}

/** The password in an address, which may be shown without the rest of it. */
function passwordIn(text: string): string[] {
  const password = URL.parse(text)?.password ?? '';
  return password === '' ? [] : [password, decodeURIComponent(password)];
}
