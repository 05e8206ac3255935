// What a Redis says of itself, and what that means. Pure.

export interface RedisFacts {
  /** "redis 7.0.15", "valkey 8.1.0" */
  readonly product: string;
  /** A replica takes no writes. */
  readonly role: string;
  /** Null: it did not say, as managed ones do that forbid CONFIG. */
  readonly appendonly: boolean | null;
  readonly appendfsync: string | null;
  /** Empty: no snapshots. */
  readonly save: string | null;
  readonly maxmemoryPolicy: string | null;
}

/** BullMQ recommends at least this one (redis-connection.js of bullmq 6.7). */
const leastVersion = [6, 2] as const;

/** `info` is the reply to INFO; `config` what CONFIG GET gave, null where it is forbidden. */
export function factsFrom(info: string, config: Readonly<Record<string, string>> | null): RedisFacts {
  const fields = new Map(
    info.split(/\r?\n/).flatMap((line): [string, string][] => {
      const at = line.indexOf(':');
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
  const valkey = fields.get('valkey_version');
  const version = fields.get('redis_version') ?? 'of unknown version';
  const aof = config?.['appendonly'] ?? { '0': 'no', '1': 'yes' }[fields.get('aof_enabled') ?? ''];
  return {
    product: valkey === undefined ? `redis ${version}` : `valkey ${valkey}`,
    role: fields.get('role') ?? 'master',
    appendonly: aof === undefined ? null : aof === 'yes',
    appendfsync: config?.['appendfsync'] ?? null,
    save: config?.['save'] ?? null,
    maxmemoryPolicy: config?.['maxmemory-policy'] ?? fields.get('maxmemory_policy') ?? null,
  };
}

/** Why it cannot be used, for people; null when it can. */
export function whyUnsuitable({ product, role }: RedisFacts): string | null {
  if (role !== 'master') return `It is a ${role} and takes no writes.`;
  const [, name, major, minor] = /^(redis|valkey) (\d+)\.(\d+)/.exec(product) ?? [];
  // What names no version is let in: it speaks for itself when it is used.
  if (name !== 'redis' || major === undefined) return null;
  const [leastMajor, leastMinor] = leastVersion;
  const isOld = Number(major) < leastMajor || (Number(major) === leastMajor && Number(minor) < leastMinor);
  return isOld ? `It is ${product}; at least ${leastVersion.join('.')} is needed.` : null;
}

const again = 'Homer sends it again from the ledger';

/** "redis 7.0.15: everysec, can lose the last second; Homer sends it again from the ledger" */
export function describeDurability(facts: RedisFacts): string {
  return `${facts.product}: ${whatIsKept(facts)}`;
}

function whatIsKept({ appendonly, appendfsync, save }: RedisFacts): string {
  if (appendonly === null) return `what it keeps is unknown (CONFIG is forbidden); what is lost, ${again}`;
  if (appendonly) {
    switch (appendfsync) {
      case 'always':
        return 'always, loses nothing';
      case 'everysec':
        return `everysec, can lose the last second; ${again}`;
      case 'no':
        return `synced when the system likes, can lose the last half minute; ${again}`;
      default:
        return `appends to a file, how often it syncs is unknown; what is lost, ${again}`;
    }
  }
  if (save === '') return `keeps nothing over a restart; ${again}`;
  if (save === null) return `no append-only file, can lose everything; ${again}`;
  return `snapshots only, can lose what came after the last; ${again}`;
}

/** What it is set to and should not be. */
export function warningsOf({ maxmemoryPolicy }: RedisFacts): string[] {
  if (maxmemoryPolicy === null || maxmemoryPolicy === 'noeviction') return [];
  return [
    `maxmemory-policy is ${maxmemoryPolicy}, so Redis may throw away what is queued; set noeviction. Until then ${again}.`,
  ];
}
