// What Homer asks of whoever keeps services here.

import type { Keeper, Scope } from './blueprint.ts';

/** `standby`: it waits for the state directory, which another Homer holds. */
export type ServiceState = 'running' | 'standby' | 'starting' | 'stopping' | 'stopped' | 'failed';

export interface ServiceCondition {
  readonly state: ServiceState;
  readonly pid: number | null;
  /** Whether it is started at boot or login. */
  readonly isEnabled: boolean;
  /** Automatic restarts since it was last started by hand; null: the keeper does not count. */
  readonly restarts: number | null;
  /** What it says of itself; empty: nothing. */
  readonly says: string;
  /** Why it is as it is, in the keeper's word, when that is no success; null otherwise. */
  readonly failure: string | null;
  /** Whether it also runs while its account is not logged in; null: the machine's own always does. */
  readonly isLingering: boolean | null;
}

export interface LogOptions {
  readonly lines: number;
  readonly follow: boolean;
}

/** A service that is installed, or can be. Each order resolves when it is done; HOMER_SERVICE_FAILED with what the keeper said. */
export interface ServiceKeeper {
  readonly keeper: Keeper;
  readonly scope: Scope;
  /** As the keeper names it: `homer.service`, `homer.daemon`. */
  readonly name: string;
  /** Absolute path of its file. */
  readonly file: string;
  /** Takes the file over, starts it at each boot or login from now on, and now. */
  install(): Promise<void>;
  /** Stops it and forgets it; the file is still there. */
  forget(): Promise<void>;
  /** After the file is gone. */
  forgotten(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  restart(): Promise<void>;
  condition(): Promise<ServiceCondition>;
  /** Lets its account's services run without a login. */
  linger(account: string): Promise<void>;
  /** The program that shows its log. */
  logCommand(options: LogOptions): readonly [string, ...string[]];
}
