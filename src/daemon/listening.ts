// The first steps of the boot: the owner's token, and the listener, which must not wait for anything else.

import type { Config } from '../config/config.ts';
import { ensureToken } from '../config/token.ts';
import { createGateway, type Gateway } from '../gateway/gateway.ts';
import type { Log } from '../lifecycle/log.ts';
import { recordOf, writeRecord } from '../lifecycle/record.ts';
import type { KnownSecrets } from './known-secrets.ts';
import { ownerTokenOf, type LiveOwnerToken } from './tokens.ts';

export interface ListeningOptions {
  readonly home: string;
  readonly version: string;
  readonly instanceId: string;
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly config: Config;
  readonly log: Log;
  readonly secrets: KnownSecrets;
}

/** Resolves once `/livez` is answered and `daemon.json` says where. */
export async function startListening(options: ListeningOptions): Promise<{
  readonly gateway: Gateway;
  readonly owner: LiveOwnerToken;
  readonly port: number;
}> {
  const { home, version, instanceId, startedAt, config, log, secrets } = options;
  const { token, warnings } = ensureToken(home);
  for (const warning of warnings) log.warn({}, warning);
  const { hosts, proxies } = config;
  const gateway = createGateway({
    port: config.port,
    hosts,
    proxies,
    token,
    version,
    instanceId,
    log,
    redact: secrets.text,
  });
  const owner = ownerTokenOf(home, token, gateway, secrets);
  const { port } = await gateway.listen();
  await writeRecord(home, recordOf(process.pid, { instanceId, port, version, startedAt }));
  return { gateway, owner, port };
}
