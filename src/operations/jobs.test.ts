import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { accept, openLedgerIn } from '../../test/e2e/ledger-room.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { JobView } from './job-view.ts';
import { jobOperations } from './jobs.ts';
import type { Operation } from './operation.ts';

let home: string;
let ledger: Ledger;
let list: Operation;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'homer-jobs-'));
  ledger = await openLedgerIn(home);
  const never = (): never => {
    throw new Error('not asked for');
  };
  const unused = {
    accept: never,
    endRun: never,
    config: never,
    executors: () => ({}),
    defaultExecutor: never,
  };
  const found = jobOperations({ ledger, home, ...unused }).find(({ name }) => name === 'jobs.list');
  if (found === undefined) throw new Error('there is no list');
  list = found;
});

afterEach(async () => {
  ledger.close('drained');
  await rm(home, { recursive: true, force: true });
});

interface Page {
  readonly jobs: readonly JobView[];
  readonly nextCursor: string | null;
}

async function page(query: Record<string, string>): Promise<Page> {
  const caller = { tokenId: 'owner', scopes: new Set<never>(), isOwner: true, source: 'test' };
  return (await list.handle(list.input.parse(query), caller, AbortSignal.any([]))).output as Page;
}

test('a page ends at some megabytes, and the cursor leads through all jobs', async () => {
  const made: string[] = [];
  for (let count = 0; count < 12; count++) {
    const large = count < 10;
    made.unshift(await accept(ledger, { prompt: (large ? 'x' : '') + 'y'.repeat(large ? 899_999 : 1) }));
  }
  const seen: string[] = [];
  let pages = 0;
  let cursor: string | null = null;
  do {
    const got: Page = await page({ limit: '500', ...(cursor === null ? {} : { cursor }) });
    expect(got.jobs.length).toBeGreaterThanOrEqual(1);
    expect(JSON.stringify(got).length).toBeLessThan(5.5 * 1024 * 1024);
    seen.push(...got.jobs.map(({ id }) => id));
    cursor = got.nextCursor;
    pages++;
  } while (cursor !== null);
  expect(seen).toEqual(made);
  expect(pages).toBe(3);
});

test('a page of small jobs is as long as was asked for', async () => {
  for (let count = 0; count < 60; count++) await accept(ledger);
  const first = await page({ limit: '55' });
  expect(first.jobs).toHaveLength(55);
  const rest = await page({ limit: '55', cursor: first.nextCursor ?? '' });
  expect(rest.jobs).toHaveLength(5);
  expect(rest.nextCursor).toBeNull();
});

test('64 many pages that are asked for at once leave turns for everything else between them', async () => {
  await accept(ledger, { prompt: 'x' });
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(Array.from({ length: 50 }, () => page({})));
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(49);
});
