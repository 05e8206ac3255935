// The first steps of the boot: the owner's token, and the listener, which must not wait for anything else.

import type { Config } from '../config/config.ts';
import { ensureToken } from '../config/token.ts';
import { createGateway, type Gateway } from '../gateway/gateway.ts';
import type { Log } from '../lifecycle/log.ts';
import { recordOf, writeRecord } from '../lifecycle/record.ts';
import { openCanvas, type CanvasPart } from './canvas.ts';
import type { KnownSecrets } from './known-secrets.ts';
import { ownerTokenOf, type LiveOwnerToken } from './tokens.ts';
import { openTrial, type Trial } from './trial.ts';

export interface ListeningOptions {
  readonly home: string;
  readonly version: string;
  readonly instanceId: string;
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly config: Config;
  readonly log: Log;
  readonly secrets: KnownSecrets;
  /** A fault of a canvas. */
  readonly onError: (error: unknown) => void;
}

/** Where this daemon is, and since when. */
export interface About {
  readonly version: string;
  readonly port: number;
  readonly canvasPort: number;
  /** ms since the epoch. */
  readonly startedAt: number;
}

/** Resolves once `/livez` is answered and `daemon.json` says where. */
export async function startListening(options: ListeningOptions): Promise<{
  readonly gateway: Gateway;
  readonly canvas: CanvasPart;
  readonly owner: LiveOwnerToken;
  readonly about: About;
  readonly trial: Trial;
}> {
  const { home, version, instanceId, startedAt, config, log, secrets, onError } = options;
  const { token, warnings } = ensureToken(home);
  for (const warning of warnings) log.warn({}, warning);
  const { bind, hosts, proxies } = config;
  const listening = { bind, hosts, log };
  const gateway = createGateway({
    ...listening,
    port: config.port,
    proxies,
    token,
    version,
    instanceId,
    redact: secrets.text,
  });
  const trial = openTrial(home, gateway, log);
  const owner = ownerTokenOf(home, token, gateway, secrets);
  const { port } = await gateway.listen();
  const canvas = await openCanvas({ ...listening, home, port, onError });
  const about = { version, port, canvasPort: canvas.port, startedAt };
  await writeRecord(home, recordOf(process.pid, { ...about, instanceId }));
  return { gateway, canvas, owner, about, trial };
}
