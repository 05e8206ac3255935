// Who may have a job of somebody else done again: whoever could have given it.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildConfig } from '../../src/config/build.ts';
import type { JobId } from '../../src/core/ids.ts';
import type { JobDraft } from '../../src/ledger/jobs.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { jobOperations } from '../../src/operations/jobs.ts';
import type { Caller } from '../../src/operations/operation.ts';
import { accept, openLedgerIn } from './ledger-room.ts';

const caller = (source: string, more: Partial<Caller> = {}): Caller => ({
  tokenId: source,
  isOwner: false,
  scopes: new Set(['read', 'chat', 'operate']),
  source,
  ...more,
});
const owner = caller('http:owner', { isOwner: true });
const guest = caller('http:guest');
const chat = caller('telegram:7', { commands: [] });

let home: string;
let ledger: Ledger;
let within: string;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'homer-again-'));
  within = join(home, 'workspaces/default');
  mkdirSync(within, { recursive: true });
  ledger = await openLedgerIn(home);
});

afterEach(() => {
  ledger.close('drained');
  rmSync(home, { recursive: true, force: true });
});

async function failed(changes: Partial<JobDraft>): Promise<JobId> {
  const id = await accept(ledger, { source: 'http:owner', cwd: within, executor: 'named', ...changes });
  await ledger.commit(() => ledger.family.cancelTree(id, ledger.now()));
  return id;
}

/** The state after it, or the code of the refusal. */
async function retry(id: JobId, by: Caller): Promise<string> {
  const config = buildConfig(
    { executors: { named: { kind: 'command', argv: ['true'] } } },
    { port: 0, userHome: '/' },
  );
  const never = (): never => {
    throw new Error('not asked for');
  };
  const operation = jobOperations({
    ...{ ledger, home, accept: never, endRun: never, defaultExecutor: never },
    config: () => config,
    executors: () => config.executors,
  }).find(({ name }) => name === 'jobs.retry');
  try {
    await operation?.handle({ id }, by, AbortSignal.any([]));
  } catch (error) {
    return (error as { code: string }).code;
  }
  return ledger.jobs.get(id).state;
}

test.each<[string, Partial<JobDraft>, string]>([
  ['what it could have given itself', {}, 'queued'],
  ['the built-in shell', { executor: 'shell' }, 'HOMER_EXECUTOR_REFUSED'],
  ['what may go on with the shell', { fallback: ['shell'] }, 'HOMER_EXECUTOR_REFUSED'],
  ['what works outside of its directories', { cwd: '/tmp' }, 'HOMER_CWD_REFUSED'],
])('of what the owner gave, a token for operating may repeat: %s', async (_what, changes, outcome) => {
  expect(await retry(await failed(changes), guest)).toBe(outcome);
  const again = await failed(changes);
  expect(await retry(again, owner)).toBe('queued');
});

test('what is its own, or was asked for by a run of its own, it may repeat', async () => {
  const own = await failed({ source: guest.source, cwd: '/tmp' });
  const under = await failed({ source: `run:${own}`, parentId: own, cwd: '/tmp' });
  expect([await retry(under, guest), await retry(own, guest)]).toEqual(['queued', 'queued']);
});

test('a chat may repeat what it was to be told of, and nothing else that it may not use', async () => {
  const told = await failed({ executor: 'shell', notify: 'telegram:7:3' });
  const other = await failed({ executor: 'shell', notify: 'telegram:8' });
  const command = await failed({});
  expect(await retry(told, chat)).toBe('queued');
  expect(await retry(other, chat)).toBe('HOMER_EXECUTOR_REFUSED');
  expect(await retry(command, chat)).toBe('HOMER_EXECUTOR_REFUSED');
});

test('a turn in a session of the owner is repeated by the owner', async () => {
  const session = 's0123456789abcdefghj';
  await ledger.commit(() =>
    ledger.sessions.create(
      {
        id: session as never,
        name: 'own',
        channel: 'http:owner',
        executor: 'named',
        lane: 'default',
        cwd: within,
        forkOf: null,
      },
      ledger.now(),
    ),
  );
  expect(await retry(await failed({ sessionId: session }), guest)).toBe('HOMER_SESSION_REFUSED');
});
