// What a service is made from, whoever keeps it.

/** Who keeps services here. */
export type Keeper = 'systemd' | 'launchd';

/** `user`: of one account, in its own session or lingering; `system`: of the machine, from boot on. */
export type Scope = 'user' | 'system';

export interface Account {
  readonly name: string;
  readonly uid: number;
  /** Its home directory, not Homer's. */
  readonly home: string;
}

export interface Blueprint {
  readonly scope: Scope;
  readonly account: Account;
  /** Absolute path of the launcher, `homer`. */
  readonly launcher: string;
  /** Absolute path of the state directory. */
  readonly home: string;
  /** What the daemon's environment has beside what the keeper gives: PATH first. */
  readonly variables: Readonly<Record<string, string>>;
  /** The longest that runs may take to finish when Homer stops, ms. */
  readonly drainMs: number;
  /** Version of the systemd that is to read the unit; null: not known, so only what version 245 knows is written. */
  readonly systemdVersion: number | null;
}

/** What the keeper starts: it waits where another Homer holds the state directory, so that nothing loops and nothing fights. */
export function serveArguments(home: string): readonly string[] {
  return ['serve', '--standby', '--home', home];
}

/**
 * `homer`, or `homer-PATH` for a state directory that is not the account's own `~/.homer`. Two paths can give one name
 * (`/a/b` and `/a-b`); a file that belongs to another state directory is never replaced.
 */
export function serviceName(home: string, account: Account): string {
  if (home === `${account.home}/.homer`) return 'homer';
  return `homer-${home.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')}`;
}
