// Where every task comes in, whatever its channel: checked, given its defaults, and on disk before anyone is told.

import { createHash, randomFillSync } from 'node:crypto';
import { resolve } from 'node:path';
import type { ExecutorConfig } from '../config/config.ts';
import { HomerError } from '../core/errors.ts';
import { createChance, newJobId, newSessionId, type JobId, type SessionId } from '../core/ids.ts';
import type { OnInterrupt } from '../core/job.ts';
import type { JobDraft } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PassWaypoint } from '../lifecycle/waypoint.ts';
import { chooseFallback, mostCareful } from './fallback.ts';
import { findRepository, type Giver, mayGive } from '../runner/repository.ts';
import { checkNotify } from './notify.ts';
import { chooseParent, type Parent } from './parent.ts';
import { choosePlace, type Place, type PlaceOptions, type Sender } from './place.ts';
import { joinSession } from './session.ts';

/** What was asked for; what is left out gets its default. */
export interface JobRequest {
  readonly prompt: string;
  readonly executor?: string | undefined;
  readonly lane?: string | undefined;
  /** Name or id; one of an unknown name is made. */
  readonly session?: string | undefined;
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
  /** Limits of all its runs together. */
  readonly maxTurns?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly maxCostUsd?: number | undefined;
  /** Executors to go on with, in order, when one has reached a usage limit. */
  readonly fallback?: readonly string[] | undefined;
  /** Who is told how it ended: `web`, or `telegram:CHAT[:TOPIC]`. */
  readonly notify?: string | undefined;
  /** A result that says just this is told to nobody. */
  readonly quiet?: string | undefined;
}

export interface IntakeOptions extends PlaceOptions {
  readonly ledger: Ledger;
  readonly pass: PassWaypoint;
}

/** The kernel's limit for one argument, with its final NUL (MAX_ARG_STRLEN, execve(2)). */
const longestArgument = 128 * 1024;

/** `created: false`: the key was known and this is its job. */
export type Accept = (
  request: JobRequest,
  key: string | null,
  sender: Sender,
  delivery?: Delivery,
) => Promise<{ id: JobId; created: boolean }>;

/** For senders whose repetitions are told by what they sent, not by what became of it. */
export interface Delivery {
  readonly bodyHash: string;
  /** The job that was made of it before. */
  readonly find: () => JobId | null;
  /** Remembers it, in the commit that accepts its job. */
  readonly note: (id: JobId) => void;
}

/** A request that was checked: its job is there already, or `admit` makes it, inside a transaction of the writer. */
export interface Prepared {
  readonly known: JobId | null;
  readonly admit: () => { id: JobId; created: boolean };
}

export type Prepare = (
  request: JobRequest,
  key: string | null,
  sender: Sender,
  delivery?: Delivery,
) => Prepared;

/** Accepted means on disk. Bad input is refused with a code of the catalogue, and leaves nothing behind. */
export function createIntake(options: IntakeOptions): Accept {
  const prepare = createPreparation(options);
  return async (request, key, sender, delivery) => {
    const { known, admit } = prepare(request, key, sender, delivery);
    if (known !== null) return { id: known, created: false };
    const accepted = await options.ledger.commit(admit);
    options.pass('1-accepted');
    return accepted;
  };
}

/** For whoever has more to write in the commit of a job. Throws as `createIntake` rejects, here or when it is admitted. */
export function createPreparation(options: IntakeOptions): Prepare {
  const { ledger } = options;
  const chance = createChance(randomFillSync);
  return (request, key, sender, delivery) => {
    // What a run need not say must make no difference when it does.
    const bodyHash =
      delivery?.bodyHash ?? hashOf(sender.run === undefined ? request : { ...request, parent: undefined });
    // A repetition gets its job, also when the same request would be refused by now: it was accepted.
    const find = (): JobId | null =>
      delivery === undefined
        ? key === null
          ? null
          : ledger.jobs.findAccepted(sender.source, key, bodyHash)
        : delivery.find();
    const known = find();
    if (known !== null) return { known, admit: () => ({ id: known, created: false }) };
    // An agent that could choose would have a way out for whatever it read.
    if (request.notify !== undefined && sender.run !== undefined)
      throw new HomerError('HOMER_NOTIFY_REFUSED', 'A run asked for somebody to be told.');
    // The work of a schedule is done also when nobody can be told of it any more: that is said of its delivery.
    if (request.notify !== undefined && !isScheduled(sender)) checkNotify(options, request.notify);
    const parent = chooseParent(options, request.parent, sender);
    const now = ledger.now();
    const draftAt = (place: Place, sessionId: SessionId | null): JobDraft => {
      const { executor, config, lane, cwd } = place;
      const fits = (name: string, its: ExecutorConfig): void => checkPrompt(request.prompt, name, its);
      fits(executor, config);
      const fallback = chooseFallback(options, request.fallback, place, sender, fits);
      const careful = mostCareful(options, config, fallback);
      if (request.worktree === true)
        checkRepository(resolve(options.home, cwd), (sender.run && parent?.giver) ?? null);
      return {
        id: newJobId(now, chance(now)),
        source: sender.source,
        key,
        bodyHash,
        lane,
        executor,
        sessionId,
        prompt: request.prompt,
        cwd,
        priority: request.priority ?? 0,
        runAfter: request.runAfter === undefined ? null : Date.parse(request.runAfter),
        maxAttempts: request.maxAttempts ?? (careful.kind === 'command' && !careful.idempotent ? 1 : 3),
        maxCrashes: request.maxCrashes ?? 3,
        timeoutMs: request.timeoutMs ?? config.timeoutMs,
        onInterrupt: request.onInterrupt ?? defaultOnInterrupt(careful),
        notify: request.notify ?? null,
        quiet: request.quiet ?? null,
        parentId: parent?.id ?? null,
        worktree: request.worktree ?? false,
        maxTurns: request.maxTurns ?? null,
        maxTokens: request.maxTokens ?? null,
        maxCostUsd: request.maxCostUsd ?? null,
        fallback,
      };
    };
    const draft = prepareDraft(options, request, sender, parent, draftAt);
    const admit = (): { id: JobId; created: boolean } => {
      // Copies that came at the same time meet here, where only one can be the first.
      const earlier = find();
      if (earlier !== null) return { id: earlier, created: false };
      if (parent !== null) ledger.family.admit(parent.id, options.config().subagents);
      const made = ledger.jobs.accept(draft(newSessionId(now, chance(now))), now);
      delivery?.note(made.id);
      return made;
    };
    return { known: null, admit };
  };
}

/**
 * What makes the draft inside the commit: only there is it known whether a session of this name exists, so that two first
 * messages make one. All else is chosen, or refused, before.
 */
function prepareDraft(
  options: IntakeOptions,
  request: JobRequest,
  sender: Sender,
  parent: Parent | null,
  draftAt: (place: Place, sessionId: SessionId | null) => JobDraft,
): (fresh: SessionId) => JobDraft {
  const { session } = request;
  if (session === undefined) {
    const draft = draftAt(choosePlace(options, request, sender, parent), null);
    return () => draft;
  }
  return (fresh) => {
    const { place, sessionId } = joinSession(options, { ...request, session }, sender, fresh, parent);
    return draftAt(place, sessionId);
  };
}

function isScheduled({ source }: Sender): boolean {
  return source.startsWith('schedule:');
}

/** Agents go on in their own session; what a command did before it was cut off, nobody knows. */
function defaultOnInterrupt(config: ExecutorConfig): OnInterrupt {
  if (config.idempotent) return 'retry';
  return config.kind === 'command' ? 'ask' : 'resume';
}

/** What a run could not write to, it does not get by asking for a worktree of it. */
function checkRepository(directory: string, giver: Giver | null): void {
  const found = findRepository(directory);
  const refuse = (why: string): HomerError => new HomerError('HOMER_WORKTREE_REFUSED', why);
  if (found === null) throw refuse(`${directory} is in no git repository.`);
  if ('problem' in found) throw refuse(found.problem);
  if (giver !== null && !mayGive(giver, found))
    throw refuse(`The run that asks cannot write to ${found.common}, to which a worktree of it would.`);
}

function checkPrompt(prompt: string, name: string, config: ExecutorConfig): void {
  if (config.kind !== 'command' || config.input === 'stdin') return;
  if (prompt.includes('\0'))
    throw new HomerError(
      'HOMER_PROMPT_UNUSABLE',
      `The prompt holds a NUL character, which no argument of "${name}" can.`,
    );
  for (const argument of config.args) {
    const length = Buffer.byteLength(
      argument.replaceAll('{prompt}', () => prompt),
      'utf8',
    );
    if (length < longestArgument) continue;
    throw new HomerError(
      'HOMER_PROMPT_UNUSABLE',
      `With this prompt an argument of "${name}" has ${length} bytes; the system takes ${longestArgument - 1}.`,
    );
  }
}

/** The same request gives the same hash, in whatever order its fields came. */
function hashOf(request: JobRequest): string {
  const fields = Object.entries(request)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(fields)).digest('base64');
}
