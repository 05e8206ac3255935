import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobId } from '../../src/core/ids.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import type { Grant } from '../../src/ledger/grant.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { noUsage } from '../../src/ledger/run-record.ts';
import { needsYou } from '../../src/operations/needs.ts';
import { accept, openLedgerIn } from './ledger-room.ts';

let home: string;
let ledger: Ledger;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'homer-needs-'));
  ledger = await openLedgerIn(home);
});

afterEach(async () => {
  ledger.close('drained');
  await rm(home, { recursive: true, force: true });
});

async function claim(): Promise<Grant> {
  const [grant] = await ledger.commit(() => ledger.claims.grant('default', 1, ledger.now()));
  if (grant === undefined) throw new Error('nothing was granted');
  return grant;
}

async function end(grant: Grant, verdict: Verdict): Promise<void> {
  const report = { verdict, text: null, data: null, usage: noUsage, exitCode: null, agentSessionId: null };
  await ledger.commit(() => ledger.claims.settle(grant, { ...report, tree: 'dead' }, ledger.now()));
}

const listed = (limit = 20): (string | null)[] => needsYou(ledger, limit).needsYou.map(({ jobId }) => jobId);

test('more failures than are listed are counted all the same', async () => {
  for (let made = 0; made < 25; made++) {
    await accept(ledger);
    await end(await claim(), 'auth');
  }
  expect(listed()).toHaveLength(20);
  expect(needsYou(ledger, 20).needs).toEqual({ total: 25, failed: 25 });
});

test('a failure that was seen is news no more, alone or with all others, until it fails again', async () => {
  const [one, other] = [await accept(ledger), await accept(ledger)];
  await end(await claim(), 'auth');
  await end(await claim(), 'auth');
  const see = (id: JobId | null): Promise<readonly JobId[]> =>
    ledger.commit(() => ledger.failures.see(ledger.now() - 86_400_000, id, ledger.now()));
  expect(await see(one)).toEqual([one]);
  expect(await see(one)).toEqual([]);
  expect(listed()).toEqual([other]);
  expect(await see(null)).toEqual([other]);
  expect(needsYou(ledger, 20)).toEqual({ needsYou: [], needs: { total: 0, failed: 0 } });
  const seenAt = ledger.now();
  await expect.poll(() => ledger.now()).toBeGreaterThan(seenAt);
  await ledger.commit(() => ledger.jobs.retry(one, ledger.now()));
  await end(await claim(), 'auth');
  expect(listed()).toEqual([one]);
});

test('a job that failed under another is not news: its parent is', async () => {
  const parent = await accept(ledger);
  const own = await claim();
  await accept(ledger, { parentId: parent });
  await end(await claim(), 'auth');
  expect(listed()).toEqual([]);
  await end(own, 'auth');
  expect(listed()).toEqual([parent]);
});

test('what failed since a person said no is not told to that person again; without a person it is', async () => {
  const id = await accept(ledger);
  const denied = await claim();
  const question = { ...denied, requestId: 'q', tool: 'Bash', input: '{}', askedAt: 5, expiresAt: null };
  await ledger.commit(() => ledger.approvals.ask(question, 5));
  const [approval] = ledger.approvals.list({ limit: 1 });
  if (approval === undefined) throw new Error('nothing was asked');
  expect(listed()).toEqual([id]);
  const no = { decision: 'deny', scope: 'once', by: 'http:owner' } as const;
  await ledger.commit(() => ledger.approvals.answer(approval.id, no, 6));
  await ledger.commit(() => ledger.approvals.settle(denied.runId, 'q', 'denied', null, 7));
  await end(denied, 'denied');
  expect(ledger.jobs.get(id).state).toBe('failed');
  expect(needsYou(ledger, 20)).toEqual({ needsYou: [], needs: { total: 0, failed: 0 } });

  const byRule = await accept(ledger);
  await end(await claim(), 'denied');
  expect(listed()).toEqual([byRule]);
});
