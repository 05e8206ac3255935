// Looks once a minute whether anything is wrong, and says so: what was decided and the messages that tell it are one commit. Without
// somebody to tell there is no timer at all.

import { policyOf, type AlertsConfig } from '../config/alerts.ts';
import type { SecretRef } from '../config/config.ts';
import { decideAlerts, type AlertReading } from '../core/alerts.ts';
import type { DeliveryId } from '../core/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Service } from '../lifecycle/service.ts';
import { sendOut } from './outgoing.ts';
import { wordNotices } from './words.ts';

export interface AlertsOptions {
  readonly ledger: Ledger;
  readonly config: () => AlertsConfig;
  readonly read: () => Promise<readonly AlertReading[]>;
  readonly isReady: () => Promise<boolean>;
  readonly resolve: (ref: SecretRef) => Promise<string>;
  readonly onError: (error: unknown) => void;
  /** ms; a minute unless given. */
  readonly everyMs?: number;
}

/** All that Homer does by itself while nothing happens, where alerts are configured. */
const beatMs = 60_000;

export class AlertService implements Service {
  readonly #options: AlertsOptions;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #isStarted = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    this.refresh();
  }

  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#stopping.abort();
    this.#disarm();
    await this.#looking;
  }

  /** The configuration was read again. */
  refresh(): void {
    const { to, ping } = this.#options.config();
    const isWanted = Object.keys(to).length > 0 || ping !== null;
    if (!isWanted || !this.#isStarted) this.#disarm();
    else
      this.#timer ??= setInterval(
        () => void this.look().catch(this.#options.onError),
        this.#options.everyMs ?? beatMs,
      ).unref();
  }

  /** One look, and the ping; looks do not overlap. */
  look(): Promise<void> {
    this.#looking = this.#looking
      .catch(() => {
        // Told to whoever asked for that look.
      })
      .then(() => Promise.all([this.#decide(), this.#ping()]))
      .then(() => undefined);
    return this.#looking;
  }

  /** A message to everybody who would be told; resolves with their ids. */
  test(): Promise<DeliveryId[]> {
    const { ledger } = this.#options;
    return ledger.commit(() => this.#tell('Homer: this is a test of its alerts', ledger.now()));
  }

  async #decide(): Promise<void> {
    const { ledger, config, read } = this.#options;
    // A copy must not speak for the original.
    if (Object.keys(config().to).length === 0 || ledger.isHeld()) return;
    const readings = await read();
    const now = ledger.now();
    const known = ledger.alerts.all();
    const { alerts, notices } = decideAlerts(
      known,
      readings,
      ledger.alerts.silences(now),
      policyOf(config()),
      now,
    );
    if (notices.length === 0 && JSON.stringify(alerts) === JSON.stringify(known)) return;
    const write = (): void => {
      ledger.alerts.write(alerts);
      if (notices.length > 0) this.#tell(wordNotices(notices, now), now);
    };
    await ledger.commit(write, { isUpkeep: notices.length === 0 });
  }

  /** Inside the transaction. */
  #tell(text: string, now: number): DeliveryId[] {
    const { ledger, config } = this.#options;
    return Object.entries(config().to).map(([name, to]) => {
      const target = to.kind === 'telegram' ? to.target : `alert:${name}`;
      // Nobody is asked whether an alert arrived: what is still wrong is told again anyway.
      const draft = { target, key: `alert:${now}:${name}`, jobId: null, text, onUnknown: 'drop' as const };
      return ledger.deliveries.add(draft, now).id;
    });
  }

  async #ping(): Promise<void> {
    const { config, isReady, resolve } = this.#options;
    const { ping } = config();
    // Silence is what says that something is wrong.
    if (ping === null || !(await isReady())) return;
    const outcome = await sendOut({ url: await resolve(ping), method: 'GET' }, this.#stopping.signal);
    if (outcome.is !== 'sent' && !this.#stopping.signal.aborted)
      throw new Error(`The ping was not taken: ${outcome.reason}`);
  }

  #disarm(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
