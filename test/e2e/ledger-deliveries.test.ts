// Deliveries in the ledger: written in the commit that made them true.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobId } from '../../src/core/ids.ts';
import type { DeliveryRecord } from '../../src/ledger/delivery-record.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { unusedRun } from '../../src/ledger/run-record.ts';
import { accept, openLedgerIn } from './ledger-room.ts';

let home: string;
let ledger: Ledger;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'homer-deliveries-'));
  ledger = await openLedgerIn(home);
});
afterEach(() => {
  ledger.close('drained');
  rmSync(home, { recursive: true });
});

const kinds = (id: JobId): readonly (readonly [string, string, string])[] =>
  ledger.deliveries.ofJob(id).map(({ kind, state, text }) => [kind, state, text] as const);

/** Runs the job to this end, in one commit. */
async function end(lane: string, verdict: 'done' | 'agent_error', text: string): Promise<void> {
  await ledger.commit(() => {
    const [grant] = ledger.claims.grant(lane, 1, ledger.now());
    if (grant === undefined) throw new Error('nothing to run');
    ledger.claims.recordStart(grant, 'w', ledger.now());
    ledger.claims.settle(grant, { ...unusedRun, verdict, text, message: 'it broke' }, ledger.now());
  });
}

test('a job that tells somebody is followed from its acceptance, and its result is there with its end', async () => {
  const id = await accept(ledger, { notify: 'telegram:7' });
  expect(kinds(id)).toEqual([['status', 'pending', '']]);
  await end('default', 'done', 'forty-two');
  expect(ledger.jobs.get(id).state).toBe('succeeded');
  expect(kinds(id)).toEqual([
    ['status', 'pending', ''],
    ['result', 'pending', 'forty-two'],
  ]);
});

test('a job that tells nobody leaves nothing in the outbox', async () => {
  const id = await accept(ledger);
  await end('default', 'done', 'x');
  expect(kinds(id)).toEqual([]);
});

test('each end of a job that is retried by hand is told', async () => {
  const id = await accept(ledger, { notify: 'web' });
  await end('default', 'agent_error', '');
  await ledger.commit(() => ledger.jobs.retry(id, ledger.now()));
  await end('default', 'done', 'at last');
  expect(kinds(id).map(([kind, , text]) => [kind, text])).toEqual([
    ['result', ''],
    ['result', 'at last'],
  ]);
});

test('a job that is cancelled before it ran is told, and again when that happens again', async () => {
  const id = await accept(ledger, { notify: 'web' });
  await ledger.commit(() => ledger.jobs.cancel(id, ledger.now()));
  const [first] = ledger.deliveries.ofJob(id) as [DeliveryRecord];
  await ledger.commit(() =>
    ledger.deliveries.advance(first, { step: 1, messageIds: ['m'], done: true }, ledger.now()),
  );
  await ledger.commit(() => ledger.jobs.retry(id, ledger.now()));
  await ledger.commit(() => ledger.jobs.cancel(id, ledger.now()));
  expect(kinds(id)).toEqual([['result', 'pending', '']]);
});

test('nothing behind the front of a line is to be sent, and other lines do not wait for it', async () => {
  await ledger.commit(() => {
    for (const target of ['telegram:1', 'telegram:1:5', 'telegram:2'])
      ledger.deliveries.add({ target, key: target, jobId: null, text: 'x' }, ledger.now());
  });
  expect(ledger.deliveries.lines().sort()).toEqual(['telegram:1', 'telegram:2']);
  expect(ledger.deliveries.front('telegram:1')?.target).toBe('telegram:1');
  await ledger.commit(() =>
    ledger.deliveries.fail(
      ledger.deliveries.front('telegram:1') as DeliveryRecord,
      { to: 'wait', ms: 60_000, reason: 'later' },
      ledger.now(),
    ),
  );
  expect(ledger.deliveries.front('telegram:1')).toMatchObject({ target: 'telegram:1', attempts: 1 });
});

test('a message is there or its cause is not: a commit that fails takes it along', async () => {
  await expect(
    ledger.commit(() => {
      ledger.deliveries.add({ target: 'web', key: 'k', jobId: null, text: 'x' }, ledger.now());
      throw new Error('the cause did not come true');
    }),
  ).rejects.toThrow();
  expect(ledger.deliveries.find('k')).toBeNull();
});
