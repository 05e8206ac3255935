import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobId } from '../../src/core/ids.ts';
import { noUsage } from '../../src/ledger/run-record.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { accept, openLedgerIn } from './ledger-room.ts';

let home: string;
let ledger: Ledger;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'homer-talk-'));
  ledger = await openLedgerIn(home);
});

afterEach(async () => {
  ledger.close('drained');
  await rm(home, { recursive: true, force: true });
});

/** A job without a session, run to its end or to the limit of its agent. */
async function turn(prompt: string, text: string, verdict: 'done' | 'rate_limited' = 'done'): Promise<JobId> {
  const id = await accept(ledger, { prompt });
  await ledger.commit(() => {
    const [grant] = ledger.claims.grant('default', 1, ledger.now());
    if (grant?.jobId !== id) throw new Error('Another job was next.');
    const report = { verdict, text, data: null, usage: noUsage, exitCode: 0, agentSessionId: null };
    ledger.claims.settle(grant, { ...report, tree: 'dead' }, ledger.now());
  });
  return id;
}

test('a job without a session has nothing before it but what it said itself when it was cut off', async () => {
  await turn('another', 'answer');
  expect(ledger.conversation.before(await turn('done', 'answer'))).toEqual([]);
  expect(ledger.conversation.before(await turn('long', 'I began', 'rate_limited'))).toEqual([
    { prompt: 'long', answer: 'I began', isCutOff: true },
  ]);
});
