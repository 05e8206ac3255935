// Where a job is done: by which executor, in which lane and directory, as far as its sender may choose.

import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import type { Config, ExecutorConfig } from '../config/config.ts';
import { HomerError, isHomerError } from '../core/errors.ts';
import type { Parent, ParentSender } from './parent.ts';

/** Who asks, as far as it matters here. */
export interface Sender extends ParentSender {
  readonly source: string;
  /** The only `command` executors it may use, if it may not use all that are configured. */
  readonly commands?: readonly string[] | undefined;
  /** What config.yaml gives it: a directory, held to `roots` as the owner's are, and a session by name or id, also of the owner's. */
  readonly configured?: { readonly cwd: string | null; readonly session: string | null } | undefined;
}

export interface PlaceOptions {
  /** Absolute path of the state directory. */
  readonly home: string;
  readonly config: () => Config;
  /** Configured and found. */
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
  /** The one to use when none is named; null: there is none. */
  readonly defaultExecutor: () => string | null;
}

/** What is left out is chosen. */
export interface AskedPlace {
  readonly executor?: string | undefined;
  readonly lane?: string | undefined;
  readonly cwd?: string | undefined;
}

export interface Place {
  readonly executor: string;
  readonly config: ExecutorConfig;
  readonly lane: string;
  /** Absolute, or relative to the state directory when it is inside. */
  readonly cwd: string;
}

/**
 * What is left out is taken from the parent, if there is one. Somebody who is not the owner may also work inside
 * `allowed`. Refuses with HOMER_EXECUTOR_…, HOMER_LANE_… and HOMER_CWD_….
 */
export function choosePlace(
  options: PlaceOptions,
  asked: AskedPlace,
  sender: Sender,
  parent: Parent | null = null,
  allowed: readonly string[] = [],
): Place {
  const { name, config } = chooseExecutor(options, asked.executor ?? parent?.executor ?? undefined, sender);
  const lane = chooseLane(options.config(), asked.lane ?? parent?.lane);
  const ofParent = sender.run === undefined || parent === null ? [] : [parent.cwd];
  const real = chooseDirectory(options, asked.cwd ?? parent?.cwd, sender, [...ofParent, ...allowed]);
  return { executor: name, config, lane, cwd: keptDirectory(options.home, real) };
}

function chooseExecutor(
  options: PlaceOptions,
  asked: string | undefined,
  sender: Sender,
): { name: string; config: ExecutorConfig } {
  const name = asked ?? options.defaultExecutor();
  if (name === null)
    throw new HomerError(
      'HOMER_EXECUTOR_NONE',
      'No executor was named and no agent CLI was found on this machine.',
    );
  return { name, config: requireExecutor(options, name, sender) };
}

/** An executor that this sender may use; HOMER_EXECUTOR_UNKNOWN and HOMER_EXECUTOR_REFUSED. */
export function requireExecutor(
  options: Pick<PlaceOptions, 'executors'>,
  name: string,
  sender: Sender,
): ExecutorConfig {
  const executors = options.executors();
  const config = Object.hasOwn(executors, name) ? executors[name] : undefined;
  if (config === undefined) {
    throw new HomerError(
      'HOMER_EXECUTOR_UNKNOWN',
      `There is no executor "${name}". There are: ${Object.keys(executors).join(', ')}.`,
    );
  }
  const isNamed = sender.commands?.includes(name);
  if (config.kind === 'command' && !sender.isOwner && isNamed === false)
    throw new HomerError('HOMER_EXECUTOR_REFUSED', `"${name}" is not for ${sender.source}.`);
  if (config.kind === 'command' && !config.configured && !sender.isOwner && isNamed !== true) {
    throw new HomerError('HOMER_EXECUTOR_REFUSED', `"${name}" runs any command and is for the owner only.`);
  }
  return config;
}

/** Refused for want of an executor; one that is looked for again may be there by now. */
export function lacksExecutor(error: unknown): boolean {
  return isHomerError(error, 'HOMER_EXECUTOR_NONE') || isHomerError(error, 'HOMER_EXECUTOR_UNKNOWN');
}

function chooseLane(config: Config, asked: string | undefined): string {
  const lane = asked ?? 'default';
  if (Object.hasOwn(config.lanes, lane)) return lane;
  throw new HomerError(
    'HOMER_LANE_UNKNOWN',
    `There is no lane "${lane}". There are: ${Object.keys(config.lanes).join(', ')}.`,
  );
}

/**
 * What is inside the state directory is kept relative to it: when that is renamed, jobs that wait find their place again.
 * `resolve(home, …)` gives the path back.
 */
function keptDirectory(home: string, real: string): string {
  const inside = relative(realpathSync(home), real);
  return inside === '..' || inside.startsWith(`..${sep}`) ? real : inside;
}

/** The real path of an existing directory in which this sender's jobs may work. */
function chooseDirectory(
  options: PlaceOptions,
  asked: string | undefined,
  sender: Sender,
  allowed: readonly string[],
): string {
  const workspaces = join(options.home, 'workspaces');
  if (asked === undefined) {
    const own = join(workspaces, 'default');
    mkdirSync(own, { recursive: true, mode: 0o700 });
    return realpathSync(own);
  }
  const refuse = (why: string, cause?: unknown): HomerError =>
    new HomerError('HOMER_CWD_REFUSED', `${asked} ${why}`, { cause });
  if (!isAbsolute(asked)) throw refuse('is not an absolute path.');
  let real: string;
  try {
    real = realpathSync(asked);
    if (!statSync(real).isDirectory()) throw refuse('is not a directory.');
  } catch (error) {
    throw error instanceof HomerError ? error : refuse('does not exist or cannot be read.', error);
  }
  const isOwners = sender.isOwner || asked === sender.configured?.cwd;
  const roots = isOwners ? options.config().roots : [...allowed, workspaces];
  if (roots.length > 0 && !roots.some((root) => isInside(real, root))) {
    throw refuse(`is outside of ${roots.join(', ')}.`);
  }
  return real;
}

function isInside(path: string, root: string): boolean {
  let realRoot: string;
  try {
    realRoot = realpathSync(root);
  } catch {
    // A root that does not exist holds nothing.
    return false;
  }
  return path === realRoot || path.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep);
}
