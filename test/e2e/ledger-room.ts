// A ledger in a directory of its own, and jobs to put into it.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { idRandomBytes, newJobId, type JobId } from '../../src/core/ids.ts';
import type { JobDraft } from '../../src/ledger/jobs.ts';
import { openLedger, type Ledger, type LedgerOptions } from '../../src/ledger/ledger.ts';

export function openLedgerIn(home: string, options: Partial<LedgerOptions> = {}): Promise<Ledger> {
  return openLedger({
    file: join(home, 'homer.db'),
    backups: join(home, 'backups'),
    boot: { bootId: 'test', hostBootId: null, pid: process.pid, version: '0' },
    now: Date.now,
    ...options,
  });
}

export function draft(changes: Partial<JobDraft> = {}): JobDraft {
  return {
    id: newJobId(Date.now(), randomBytes(idRandomBytes)),
    source: 'test',
    key: null,
    bodyHash: '',
    lane: 'default',
    executor: 'shell',
    sessionId: null,
    prompt: 'true',
    cwd: '/',
    priority: 0,
    runAfter: null,
    maxAttempts: 1,
    maxCrashes: 1,
    timeoutMs: 1_000,
    onInterrupt: 'resume',
    notify: null,
    ...changes,
  };
}

export async function accept(ledger: Ledger, changes: Partial<JobDraft> = {}): Promise<JobId> {
  const { id } = await ledger.commit(() => ledger.jobs.accept(draft(changes), ledger.now()));
  return id;
}
