// The session of a message: found by name or id, or made; it says where its turns are done.

import { resolve } from 'node:path';
import { HomerError } from '../core/errors.ts';
import { isSessionId, type SessionId } from '../core/ids.ts';
import { isEnded } from '../core/job.ts';
import { isSessionName, sessionNameRule } from '../core/session.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { assertOpen, type SessionRecord } from '../ledger/sessions.ts';
import type { Parent } from './parent.ts';
import { choosePlace, type AskedPlace, type Place, type PlaceOptions, type Sender } from './place.ts';

export interface SessionOptions extends PlaceOptions {
  readonly ledger: Ledger;
}

export interface AskedSession extends AskedPlace {
  /** Name or id. */
  readonly session: string;
  readonly worktree?: boolean | undefined;
}

/**
 * Where the next turn of this session is done; one of a name that nobody has is made, with `fresh` as its id. Inside a
 * transaction of the writer. Refuses with HOMER_SESSION_…, and as `choosePlace`.
 */
export function joinSession(
  options: SessionOptions,
  asked: AskedSession,
  sender: Sender,
  fresh: SessionId,
  parent: Parent | null = null,
): { readonly place: Place; readonly sessionId: SessionId } {
  if (asked.worktree === true)
    throw new HomerError(
      'HOMER_SESSION_FIXED',
      'The turns of a session work in its directory, not in worktrees of their own.',
    );
  const session = options.ledger.sessions.find(asked.session);
  if (session === null) {
    if (isSessionId(asked.session))
      throw new HomerError('HOMER_SESSION_UNKNOWN', `There is no session ${asked.session}.`);
    return createSession(options, { ...asked, name: asked.session }, sender, fresh, parent);
  }
  assertOpen(session);
  refuseRunsName(session, asked.session, sender);
  refuseCircle(options, session, parent);
  return { place: placeOf(options, session, asked, sender), sessionId: session.id };
}

/**
 * What a run made works in the directory and by the executor it chose: whoever means a session of their own by this name must
 * not come to work there. By its id nobody means another.
 */
function refuseRunsName(session: SessionRecord, asked: string, sender: Sender): void {
  const { name, channel, id } = session;
  if (asked === id || channel === sender.source || channel?.startsWith(runSource) !== true) return;
  throw new HomerError(
    'HOMER_SESSION_REFUSED',
    `The session "${name}" was made by a run, of the job ${channel.slice(runSource.length)}.`,
    { hint: `Use another name, or end that session and take the name. Its id, ${id}, leads to it.` },
  );
}

const runSource = 'run:';

/** A turn that waits for a later turn of its own session would wait for ever. */
function refuseCircle({ ledger }: SessionOptions, session: SessionRecord, parent: Parent | null): void {
  for (let above = parent?.id ?? null; above !== null;) {
    const job = ledger.jobs.get(above);
    if (job.sessionId === session.id && !isEnded(job.state))
      throw new HomerError(
        'HOMER_SESSION_ACTIVE',
        `The job that asks stands in "${session.name}" itself, so no turn of it can come before its end.`,
        { hint: 'Leave `session` out, or use another.' },
      );
    above = job.parentId;
  }
}

/** Makes an open session; inside a transaction of the writer. HOMER_SESSION_EXISTS, and as `choosePlace`. */
export function createSession(
  options: SessionOptions,
  asked: AskedPlace & { readonly name: string; readonly forkOf?: SessionRecord },
  sender: Sender,
  id: SessionId,
  parent: Parent | null = null,
): { readonly place: Place; readonly sessionId: SessionId } {
  const { name, forkOf = null } = asked;
  if (!isSessionName(name) || isSessionId(name))
    throw new HomerError('HOMER_INPUT_INVALID', `"${name}" is no name for a session.`, {
      hint: `${sessionNameRule}.`,
    });
  const place = choosePlace(
    options,
    asked,
    sender,
    parent,
    forkOf === null ? [] : [directoryOf(options, forkOf)],
  );
  const { executor, lane, cwd } = place;
  const { ledger } = options;
  ledger.sessions.create({ id, name, channel: sender.source, executor, lane, cwd, forkOf }, ledger.now());
  return { place, sessionId: id };
}

/** HOMER_SESSION_REFUSED for somebody whose session it is not; the owner may take part in all. */
export function checkMember(session: SessionRecord, sender: Sender): void {
  const given = sender.configured?.session;
  const isGiven = given === session.name || given === session.id;
  if (sender.isOwner || isGiven || session.channel === sender.source) return;
  throw new HomerError('HOMER_SESSION_REFUSED', `The session "${session.name}" is not yours.`);
}

function placeOf(options: SessionOptions, session: SessionRecord, asked: AskedPlace, sender: Sender): Place {
  checkMember(session, sender);
  const { executor, lane } = session;
  const directory = directoryOf(options, session);
  const place = choosePlace(options, { executor, lane, cwd: asked.cwd ?? directory }, sender, null, [
    directory,
  ]);
  const refuse = (what: string, has: string, wanted: string): HomerError =>
    new HomerError('HOMER_SESSION_FIXED', `The session "${session.name}" has ${what} ${has}, not ${wanted}.`);
  if (asked.executor !== undefined && asked.executor !== executor)
    throw refuse('the executor', executor, asked.executor);
  if (asked.lane !== undefined && asked.lane !== lane) throw refuse('the lane', lane, asked.lane);
  if (asked.cwd !== undefined && place.cwd !== session.cwd)
    throw refuse('the directory', directory, asked.cwd);
  return place;
}

function directoryOf({ home }: SessionOptions, { cwd }: SessionRecord): string {
  return resolve(home, cwd);
}
