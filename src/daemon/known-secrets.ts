// Every secret the daemon knows, so that none is written anywhere: not to its log, the ledger, an answer, or by a run.

import type { AlertsConfig } from '../config/alerts.ts';
import type { Config, SecretRef } from '../config/config.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { Log } from '../lifecycle/log.ts';
import { percentDecoded } from '../core/percent.ts';
import { createRedactor, type Redactor } from '../runner/redaction.ts';
import { hidesValue } from '../worker/environment.ts';

export class KnownSecrets {
  readonly #env: Readonly<Record<string, string | undefined>>;
  #owner: string[] = [];
  #configured: readonly string[] = [];
  readonly #heard = new Set<string>();
  #redactor: Redactor = createRedactor([]);

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  get all(): readonly string[] {
    return [...this.#owner, ...this.#configured, ...this.#heard];
  }

  /** The owner's token, also one that was replaced: it may still be on its way somewhere. */
  addOwner(token: string): void {
    this.#owner.push(token);
    this.#redactor = createRedactor(this.all);
  }

  /** Secrets that somebody else has read, as those of webhooks are at each delivery. */
  hear(secrets: readonly string[]): void {
    const news = secrets.filter((text) => text !== '' && !this.#heard.has(text));
    if (news.length === 0) return;
    for (const text of news) this.#heard.add(text);
    this.#redactor = createRedactor(this.all);
  }

  /** HOMER_SECRET_MISSING */
  readonly resolve = async (ref: SecretRef): Promise<string> => {
    const value = await resolveSecret(ref, this.#env);
    this.hear([value]);
    return value;
  };

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
    const found = await Promise.all((others ?? []).map(read));
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
}

/**
 * All of them but those of webhooks, which are heard of when they are read, and programs (`exec`) of executors and skills:
 * those are asked when a run starts, may ask a person, and are redacted by its runner.
 */
function referencesOf({ telegram, engine, executors, skills, alerts }: Config): SecretRef[] {
  const ofDaemon = [
    ...(telegram === null ? [] : [telegram.token]),
    ...(engine.kind === 'bullmq' ? [engine.url] : []),
    ...alertSecrets(alerts),
  ];
  const variables = [
    ...Object.values(executors).flatMap(({ setEnv }) => Object.entries(setEnv)),
    ...Object.values(skills.entries).flatMap(({ env }) => Object.entries(env)),
  ];
  const keys = Object.values(skills.entries).flatMap(({ apiKey }) => (apiKey === null ? [] : [apiKey]));
  const ofRuns = [...variables.flatMap(([name, ref]) => (hidesValue(name, ref) ? [ref] : [])), ...keys];
  return [...ofDaemon, ...ofRuns.filter((ref) => !('exec' in ref))];
}

/** Whoever has such an address can write there. */
function alertSecrets({ to, ping }: AlertsConfig): SecretRef[] {
  const ofTargets = Object.values(to).flatMap((target) => {
    if (target.kind === 'telegram') return [];
    return target.kind === 'ntfy' && target.token !== null ? [target.url, target.token] : [target.url];
  });
  return ping === null ? ofTargets : [...ofTargets, ping];
}

/** The password in an address, which may be shown without the rest of it. */
function passwordIn(text: string): string[] {
  const password = URL.parse(text)?.password ?? '';
  return password === '' ? [] : [password, percentDecoded(password)];
}
