// The ways out of the house and in: channels, deliveries, and how they are tied to the rest.

import { createAlertChannel } from '../alerts/channel.ts';
import { openChannels } from '../channels/open.ts';
import type { TelegramDoor } from '../channels/door.ts';
import type { Config, SecretRef } from '../config/config.ts';
import type { JobId } from '../core/ids.ts';
import { readLeftFiles } from '../delivery/left-files.ts';
import { openDelivery } from '../delivery/open.ts';
import type { Troubles } from '../health/condition.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../lifecycle/log.ts';
import type { Service } from '../lifecycle/service.ts';
import type { PassWaypoint } from '../lifecycle/waypoint.ts';
import { createAsk, type Ask } from '../operations/ask.ts';
import type { Performer } from '../operations/perform.ts';
import type { RunStream } from '../worker/run-stream.ts';

export interface OutsideOptions {
  readonly ledger: Ledger;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly config: () => Config;
  readonly resolve: (ref: SecretRef) => Promise<string>;
  readonly runs: RunStream;
  readonly pass: PassWaypoint;
  readonly log: Log;
  readonly troubles: Troubles;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

export interface Outside {
  readonly inlets: readonly Service[];
  readonly outlets: readonly Service[];
  readonly telegram: TelegramDoor;
  /** A person said or did something; `source` as of a job. */
  personIsHere(source: string, isOwner: boolean): void;
  /** What chats can ask for; called before the services are started. */
  connect(performer: Performer): void;
  /** The configuration was read again. */
  reload(): void;
}

export function openOutside(options: OutsideOptions): Outside {
  const { ledger, home, config, runs, pass, log, troubles, onError } = options;
  let ask: Ask | null = null;
  const channels = openChannels({
    ledger,
    home,
    env: options.env,
    config: () => config().telegram,
    ask: (name, input, sender) => {
      if (ask === null) throw new Error('operations are not connected');
      return ask(name, input, sender);
    },
    pass,
    onTrouble: (trouble) => {
      if (trouble === null) troubles.clear('telegram');
      else if (!troubles.has('telegram')) log.warn({ code: trouble.code }, trouble.message);
      if (trouble !== null) troubles.note('telegram', trouble);
    },
    onChange: () => delivery.wake(),
    note: (fields, message) => log.info(fields, message),
  });
  const alertChannel = createAlertChannel({ config: () => config().alerts, resolve: options.resolve });
  const delivery = openDelivery({
    ledger,
    channelOf: (name) => (name === 'alert' ? alertChannel : channels.channelOf(name)),
    onUnknown: () => config().deliveries.onUnknown,
    filesOf: (jobId: JobId) => readLeftFiles(ledger, home, jobId),
    verbosityOf: (target) => {
      const { verbosity } = ledger.chats.choices(target);
      const chosen = typeof verbosity === 'number' ? verbosity : config().telegram?.verbosity;
      return chosen === 0 || chosen === 2 ? chosen : 1;
    },
    follow: (runId, onEntries, signal) =>
      runs.open(
        runId,
        0,
        async (entries) => onEntries(entries),
        () => undefined,
        signal,
      ),
    digest: {
      config: () => config().digest,
      hasChannel: (channel) => channel === 'web' || config().telegram !== null,
    },
    pass,
    onError,
  });
  return {
    inlets: channels.services,
    outlets: delivery.services,
    telegram: channels.telegram,
    personIsHere: (source, isOwner) => delivery.personIsHere(source, isOwner),
    connect: (performer) => {
      ask = createAsk(performer);
    },
    reload: () => {
      channels.reload();
      delivery.wake();
    },
  };
}
