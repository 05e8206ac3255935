// A run that waits for a person has no slot of its lane. Nothing keeps its agent from working all the same, so not every run
// may give its slot away, and not for ever.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Grant } from '../../src/ledger/grant.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { JournalEntry } from '../../src/runner/files.ts';
import { noteQuestions } from '../../src/worker/approvals.ts';
import { accept, openLedgerIn } from './ledger-room.ts';

let home: string;
let ledger: Ledger;
let line = 0;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'homer-slots-'));
  ledger = await openLedgerIn(home);
});

afterEach(async () => {
  ledger.close('drained');
  await rm(home, { recursive: true, force: true });
});

async function begin(): Promise<Grant> {
  await accept(ledger);
  const [claim] = await ledger.commit(() => ledger.claims.grant('default', 1, 1));
  if (claim === undefined) throw new Error('nothing was granted');
  return claim;
}

const asked = (requestId: string): JournalEntry => {
  const input = { command: 'ls' };
  return { n: ++line, at: 1, type: 'permission', requestId, tool: 'Bash', input, waits: true };
};
const takenBack = (requestId: string): JournalEntry => {
  return { n: ++line, at: 1, type: 'permission_answered', requestId, allow: false, by: 'withdrawn' };
};

async function journal(claim: Grant, ...entries: readonly JournalEntry[]): Promise<string> {
  const context = { ledger, pass: () => undefined, concurrencyOf: () => 1 };
  const run = { claim, directory: home, told: new Set<never>() };
  await noteQuestions(context, run, entries, false, new AbortController().signal);
  return ledger.jobs.get(claim.jobId).state;
}

test('a run that asks and takes back is not let off its slot a second time', async () => {
  const claim = await begin();
  expect(await journal(claim, asked('a'))).toBe('waiting');
  expect(await journal(claim, takenBack('a'))).toBe('running');
  expect(await journal(claim, asked('b'))).toBe('running');
  expect(ledger.approvals.openOfRun(claim.runId)).toMatchObject([{ requestId: 'b', state: 'pending' }]);
});

test('a lane of one has eight runs without their slots at most, and the ninth keeps its own', async () => {
  const states: string[] = [];
  for (let count = 0; count < 9; count++) states.push(await journal(await begin(), asked(`q${count}`)));
  expect(states).toEqual([...Array<string>(8).fill('waiting'), 'running']);
});
