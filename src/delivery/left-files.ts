// What a run left in `outbox/` of its session's workspace: sent after its result, each file once. What is not sent is told of.

import { join, resolve } from 'node:path';
import { parseTarget } from '../core/delivery.ts';
import type { JobId } from '../core/ids.ts';
import { chooseFiles, leftLimits, type LeftFile, outboxName, wordStaying } from '../core/left-files.ts';
import type { DeliveryDraft } from '../ledger/delivery-record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readOutbox, readStayed } from '../runner/outbox.ts';

/**
 * Deliveries of the files that are there. Only of jobs that work in a workspace of Homer's own and are told to a chat: a
 * directory called outbox in somebody's repository is none of ours.
 */
export function readLeftFiles(ledger: Ledger, home: string, jobId: JobId): readonly DeliveryDraft[] {
  const { cwd, notify } = ledger.jobs.get(jobId);
  // What is inside the state directory is kept relative to it.
  if (notify === null || parseTarget(notify)?.channel === 'web' || !cwd.startsWith('workspaces/')) return [];
  const workspace = resolve(home, cwd);
  // The same file, not written since, was sent before.
  const keyOf = ({ name, size, mtimeMs }: LeftFile): string => `file:${notify}:${name}:${size}:${mtimeMs}`;
  const isKnown = (file: LeftFile): boolean => ledger.deliveries.find(keyOf(file)) !== null;
  // How large a file may be is the channel's affair.
  const limits = { ...leftLimits, fileBytes: Infinity, bytes: Infinity };
  const { going, staying } = chooseFiles(readOutbox(workspace), isKnown, limits);
  const drafts = going.map((file): DeliveryDraft => {
    const { name } = file;
    const data = { path: join(workspace, outboxName, name), name };
    return { target: notify, key: keyOf(file), jobId, text: name, kind: 'file', data };
  });
  const run = ledger.claims.runsOf(jobId).at(-1);
  const elsewhere = run === undefined ? [] : readStayed(join(home, 'runs', run.id));
  const told = [
    ...(staying.length === 0 ? [] : [wordStaying(staying, null)]),
    ...(elsewhere.length === 0 ? [] : [wordStaying(elsewhere, run?.host ?? null)]),
  ];
  if (run === undefined || told.length === 0) return drafts;
  return [...drafts, { target: notify, key: `stayed:${notify}:${run.id}`, jobId, text: told.join('\n\n') }];
}
