// Where every task comes in, whatever its channel: checked, given its defaults, and on disk before anyone is told.

import { createHash, randomFillSync } from 'node:crypto';
import { realpathSync, statSync, mkdirSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import type { Config, ExecutorConfig } from '../config/config.ts';
import { HomerError } from '../core/errors.ts';
import { createChance, newJobId, type JobId } from '../core/ids.ts';
import type { OnInterrupt } from '../core/job.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PassWaypoint } from '../lifecycle/waypoint.ts';
import { chooseParent, type Parent, type ParentSender } from './parent.ts';
import { isInRepository } from './repository.ts';

/** What was asked for; what is left out gets its default. */
export interface JobRequest {
  readonly prompt: string;
  readonly executor?: string | undefined;
  readonly lane?: string | undefined;
  readonly cwd?: string | undefined;
  readonly priority?: number | undefined;
  /** ISO 8601. */
  readonly runAfter?: string | undefined;
  readonly maxAttempts?: number | undefined;
  readonly maxCrashes?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly onInterrupt?: OnInterrupt | undefined;
  /** The job under which it stands; a run has its own. */
  readonly parent?: JobId | undefined;
  /** Work in a git worktree of its own. */
  readonly worktree?: boolean | undefined;
}

/** Who asks, as far as it matters here. */
export interface Sender extends ParentSender {
  readonly source: string;
}

export interface IntakeOptions {
  readonly ledger: Ledger;
  /** Absolute path of the state directory. */
  readonly home: string;
  readonly config: () => Config;
  /** Configured and found. */
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
  /** The one to use when none is named; null: there is none. */
  readonly defaultExecutor: () => string | null;
  readonly pass: PassWaypoint;
}

/** The kernel's limit for one argument, with its final NUL (MAX_ARG_STRLEN, execve(2)). */
const longestArgument = 128 * 1024;

/** `created: false`: the key was known and this is its job. */
export type Accept = (
  request: JobRequest,
  key: string | null,
  sender: Sender,
) => Promise<{ id: JobId; created: boolean }>;

/** Accepted means on disk. Bad input is refused with a code of the catalogue, and leaves nothing behind. */
export function createIntake(options: IntakeOptions): Accept {
  const { ledger } = options;
  const chance = createChance(randomFillSync);
  return async (request, key, sender) => {
    // What a run need not say must make no difference when it does.
    const bodyHash = hashOf(sender.run === undefined ? request : { ...request, parent: undefined });
    // A repetition gets its job, also when the same request would be refused by now: it was accepted.
    const known = key === null ? null : ledger.jobs.findAccepted(sender.source, key, bodyHash);
    if (known !== null) return { id: known, created: false };
    const parent = chooseParent(options, request.parent, sender);
    const { name, config } = chooseExecutor(
      options,
      request.executor ?? parent?.executor ?? undefined,
      sender,
    );
    const lane = chooseLane(options.config(), request.lane ?? parent?.lane);
    checkPrompt(request.prompt, name, config);
    const real = chooseDirectory(options, request.cwd, sender, parent);
    if (request.worktree === true && !isInRepository(real))
      throw new HomerError('HOMER_WORKTREE_REFUSED', `${real} is in no git repository.`);
    const cwd = keptDirectory(options.home, real);
    const now = ledger.now();
    const draft = {
      id: newJobId(now, chance(now)),
      source: sender.source,
      key,
      bodyHash,
      lane,
      executor: name,
      sessionId: null,
      prompt: request.prompt,
      cwd,
      priority: request.priority ?? 0,
      runAfter: request.runAfter === undefined ? null : Date.parse(request.runAfter),
      maxAttempts: request.maxAttempts ?? (config.kind === 'command' && !config.idempotent ? 1 : 3),
      maxCrashes: request.maxCrashes ?? 3,
      timeoutMs: request.timeoutMs ?? config.timeoutMs,
      onInterrupt: request.onInterrupt ?? defaultOnInterrupt(config),
      notify: null,
      parentId: parent?.id ?? null,
      worktree: request.worktree ?? false,
    };
    const accepted = await ledger.commit(() => {
      const isNew = key === null || ledger.jobs.findAccepted(sender.source, key, bodyHash) === null;
      if (parent !== null && isNew) ledger.family.admit(parent.id, options.config().subagents);
      return ledger.jobs.accept(draft, now);
    });
    options.pass('1-accepted');
    return accepted;
  };
}

/** Agents go on in their own session; what a command did before it was cut off, nobody knows. */
function defaultOnInterrupt(config: ExecutorConfig): OnInterrupt {
  if (config.idempotent) return 'retry';
  return config.kind === 'command' ? 'ask' : 'resume';
}

function chooseExecutor(
  options: IntakeOptions,
  asked: string | undefined,
  sender: Sender,
): { name: string; config: ExecutorConfig } {
  const executors = options.executors();
  const name = asked ?? options.defaultExecutor();
  if (name === null)
    throw new HomerError(
      'HOMER_EXECUTOR_NONE',
      'No executor was named and no agent CLI was found on this machine.',
    );
  const config = Object.hasOwn(executors, name) ? executors[name] : undefined;
  if (config === undefined) {
    throw new HomerError(
      'HOMER_EXECUTOR_UNKNOWN',
      `There is no executor "${name}". There are: ${Object.keys(executors).join(', ')}.`,
    );
  }
  if (config.kind === 'command' && !config.configured && !sender.isOwner) {
    throw new HomerError('HOMER_EXECUTOR_REFUSED', `"${name}" runs any command and is for the owner only.`);
  }
  return { name, config };
}

function chooseLane(config: Config, asked: string | undefined): string {
  const lane = asked ?? 'default';
  if (Object.hasOwn(config.lanes, lane)) return lane;
  throw new HomerError(
    'HOMER_LANE_UNKNOWN',
    `There is no lane "${lane}". There are: ${Object.keys(config.lanes).join(', ')}.`,
  );
}

function checkPrompt(prompt: string, name: string, config: ExecutorConfig): void {
  if (config.kind !== 'command' || config.input === 'stdin') return;
  if (prompt.includes('\0'))
    throw new HomerError(
      'HOMER_PROMPT_UNUSABLE',
      `The prompt holds a NUL character, which no argument of "${name}" can.`,
    );
  for (const argument of config.args) {
    const length = Buffer.byteLength(argument.replaceAll('{prompt}', prompt), 'utf8');
    if (length < longestArgument) continue;
    throw new HomerError(
      'HOMER_PROMPT_UNUSABLE',
      `With this prompt an argument of "${name}" has ${length} bytes; the system takes ${longestArgument - 1}.`,
    );
  }
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
  options: IntakeOptions,
  asked: string | undefined,
  sender: Sender,
  parent: Parent | null,
): string {
  const workspaces = join(options.home, 'workspaces');
  if (asked === undefined && parent === null) {
    const own = join(workspaces, 'default');
    mkdirSync(own, { recursive: true, mode: 0o700 });
    return realpathSync(own);
  }
  const path = asked ?? parent?.cwd ?? '';
  const refuse = (why: string, cause?: unknown): HomerError =>
    new HomerError('HOMER_CWD_REFUSED', `${path} ${why}`, { cause });
  if (!isAbsolute(path)) throw refuse('is not an absolute path.');
  let real: string;
  try {
    real = realpathSync(path);
    if (!statSync(real).isDirectory()) throw refuse('is not a directory.');
  } catch (error) {
    throw error instanceof HomerError ? error : refuse('does not exist or cannot be read.', error);
  }
  const roots = sender.isOwner
    ? options.config().roots
    : [...(sender.run === undefined || parent === null ? [] : [parent.cwd]), workspaces];
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

/** The same request gives the same hash, in whatever order its fields came. */
function hashOf(request: JobRequest): string {
  const fields = Object.entries(request)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(fields)).digest('base64');
}
