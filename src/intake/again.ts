// Who may have something done again that somebody else asked for: whoever could have asked for it.

import { resolve } from 'node:path';
import { parseTarget } from '../core/delivery.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { choosePlace, requireExecutor, type Sender } from './place.ts';
import { checkMember, type SessionOptions } from './session.ts';

/** Refuses, with intake's codes, a sender who could not have given this job, nor a job or schedule that led to it. */
export function checkAgain(options: SessionOptions, job: JobRecord, sender: Sender): void {
  const { ledger, home } = options;
  if (sender.isOwner || isConcerned(ledger, job, sender)) return;
  for (const name of job.fallback) requireExecutor(options, name, sender);
  const session = job.sessionId === null ? null : ledger.sessions.get(job.sessionId);
  if (session !== null) checkMember(session, sender);
  const { executor, lane } = job;
  const own = session === null ? [] : [resolve(home, session.cwd)];
  choosePlace(options, { executor, lane, cwd: resolve(home, job.cwd) }, sender, null, own);
}

/** Whether the chat that sends is the one that is told: whoever wrote that down gave it the button for it. */
export function isToldTo(notify: string | null, { source }: Sender): boolean {
  return notify !== null && parseTarget(notify)?.line === source;
}

function isConcerned(ledger: Ledger, job: JobRecord, sender: Sender): boolean {
  if (isToldTo(job.notify, sender)) return true;
  for (let each: JobRecord | null = job; each !== null;) {
    if (each.source === sender.source) return true;
    const { source, parentId }: JobRecord = each;
    const [, schedule] = /^schedule:(.+)$/.exec(source) ?? [];
    if (schedule !== undefined && ledger.schedules.find(schedule)?.source === sender.source) return true;
    each = parentId === null ? null : ledger.jobs.get(parentId);
  }
  return false;
}
