import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HomerError } from '../../src/core/errors.ts';
import type { PersonsAnswer } from '../../src/ledger/approvals.ts';
import type { Grant } from '../../src/ledger/grant.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { noUsage } from '../../src/ledger/run-record.ts';
import { accept, openLedgerIn } from './ledger-room.ts';

let home: string;
let ledger: Ledger;
let claim: Grant;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'homer-approvals-'));
  ledger = await openLedgerIn(home);
  await accept(ledger);
  const [first] = await ledger.commit(() => ledger.claims.grant('default', 1, 1));
  if (first === undefined) throw new Error('nothing was granted');
  claim = first;
});

afterEach(async () => {
  ledger.close('drained');
  await rm(home, { recursive: true, force: true });
});

const ask = (requestId = 'q'): Promise<boolean> =>
  ledger.commit(() =>
    ledger.approvals.ask(
      { ...claim, requestId, tool: 'Bash', input: '{"command":"ls"}', askedAt: 5, expiresAt: 9 },
      5,
    ),
  );
const allow: PersonsAnswer = { decision: 'allow', scope: 'once', by: 'http:owner' };
const deny: PersonsAnswer = { ...allow, decision: 'deny' };

async function answer(given: PersonsAnswer, at = 6): Promise<string> {
  const [approval] = ledger.approvals.list({ limit: 1 });
  if (approval === undefined) throw new Error('nothing was asked');
  try {
    return (await ledger.commit(() => ledger.approvals.answer(approval.id, given, at))).state;
  } catch (error) {
    return `${(error as HomerError).code}: ${(error as HomerError).message}`;
  }
}

const settle = (state: 'allowed' | 'expired'): Promise<unknown> =>
  ledger.commit(() => ledger.approvals.settle(claim.runId, 'q', state, null, 7));
const told = (): string[] =>
  ledger.events.read(0, 100).flatMap(({ type }) => (type.startsWith('approval.') ? [type] : []));

test('a question is a row once, however often the journal is read', async () => {
  expect(await ask()).toBe(true);
  expect(await ask()).toBe(false);
  expect(await ask('r')).toBe(true);
  expect(ledger.approvals.list({ state: 'pending', limit: 10 }).map(({ requestId }) => requestId)).toEqual([
    'r',
    'q',
  ]);
  expect(told()).toEqual(['approval.pending', 'approval.pending']);
});

test('the same answer again changes nothing, another one is refused with who said what when', async () => {
  await ask();
  expect(await answer(allow)).toBe('answering');
  expect(await answer(allow, 8)).toBe('answering');
  expect(await answer(deny)).toMatch(
    /^HOMER_APPROVAL_ANSWERED: http:owner allowed it at 1970-01-01T00:00:00.006Z/,
  );
  expect(await answer({ ...allow, scope: 'session' })).toContain('HOMER_APPROVAL_ANSWERED');
  await settle('allowed');
  expect(await answer(allow)).toBe('allowed');
  expect(await answer(deny)).toContain('HOMER_APPROVAL_ANSWERED');
  expect(await settle('expired')).toBeNull();
  expect(told()).toEqual(['approval.pending', 'approval.answering', 'approval.allowed']);
});

test('what comes too late is told what happened', async () => {
  await ask();
  await settle('expired');
  expect(await answer(allow)).toMatch(/HOMER_APPROVAL_EXPIRED: .* expired at 1970-01-01T00:00:00.007Z\./);
});

test('the end of a run voids what it asked, in the same commit', async () => {
  await ask();
  await answer(allow);
  await ledger.commit(() => {
    const report = { verdict: 'lost', text: null, data: null, usage: noUsage } as const;
    ledger.claims.settle(claim, { ...report, exitCode: null, agentSessionId: null, tree: 'dead' }, 7);
    expect(told().at(-1)).toBe('approval.void');
  });
  expect(await answer(allow)).toMatch(/HOMER_APPROVAL_VOID: .* that http:owner allowed it at /);
  expect(ledger.approvals.openOfJob(claim.jobId)).toEqual([]);
});

test('what is allowed for a session is known to its jobs, and to no other', async () => {
  const grant = { tool: 'Bash', command: 'ls' };
  const other = { id: claim.jobId, sessionId: 's2' };
  await ledger.commit(() => {
    ledger.sessionGrants.add({ id: claim.jobId, sessionId: 's1' }, grant, 'http:owner', 1);
    ledger.sessionGrants.add({ id: claim.jobId, sessionId: 's1' }, grant, 'http:owner', 2);
    ledger.sessionGrants.add({ id: claim.jobId, sessionId: null }, { tool: 'Write', command: null }, 'x', 1);
  });
  expect(ledger.sessionGrants.of({ ...other, sessionId: 's1' })).toEqual([grant]);
  expect(ledger.sessionGrants.of(other)).toEqual([]);
  expect(ledger.sessionGrants.of({ ...other, sessionId: null })).toEqual([{ tool: 'Write', command: null }]);
  await ledger.commit(() => ledger.sessionGrants.forget('s1'));
  expect(ledger.sessionGrants.of({ ...other, sessionId: 's1' })).toEqual([]);
});
