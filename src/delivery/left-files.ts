// What a run left in `outbox/` of its session's workspace: sent after its result, each file once.

import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseTarget } from '../core/delivery.ts';
import type { JobId } from '../core/ids.ts';
import type { DeliveryDraft } from '../ledger/delivery-record.ts';
import type { Ledger } from '../ledger/ledger.ts';

const mostFiles = 10;
const outboxName = 'outbox';

/**
 * Deliveries of the files that are there. Only of jobs that work in a workspace of Homer's own and are told to a chat: a
 * directory called outbox in somebody's repository is none of ours.
 */
export function readLeftFiles(ledger: Ledger, home: string, jobId: JobId): readonly DeliveryDraft[] {
  const { cwd, notify } = ledger.jobs.get(jobId);
  // What is inside the state directory is kept relative to it.
  if (notify === null || parseTarget(notify)?.channel === 'web' || !cwd.startsWith('workspaces/')) return [];
  const workspace = resolve(home, cwd);
  const outbox = join(workspace, outboxName);
  try {
    if (realpathSync(outbox) !== join(realpathSync(workspace), outboxName)) return [];
    return readdirSync(outbox)
      .filter((name) => !name.startsWith('.'))
      .sort()
      .flatMap((name) => draftOf(notify, jobId, join(outbox, name), name))
      .slice(0, mostFiles);
  } catch {
    // There is no outbox, which is how most runs leave it.
    return [];
  }
}

function draftOf(target: string, jobId: JobId, path: string, name: string): DeliveryDraft[] {
  const stat = lstatSync(path);
  if (!stat.isFile() || stat.size === 0) return [];
  // The same file, not written since, was sent before.
  const key = `file:${target}:${name}:${stat.size}:${Math.trunc(stat.mtimeMs)}`;
  return [{ target, key, jobId, text: name, kind: 'file', data: { path, name } }];
}
