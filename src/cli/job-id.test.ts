import { expect, test } from 'vitest';
import type { Client } from './client.ts';
import { resolveJobId } from './job-id.ts';

/** Pages of two, newest first. */
function clientOf(parents: readonly (string | null)[]): Client {
  const all = parents.map((parentId, index) => ({ id: `j${index}`, parentId }));
  return {
    call: (_: string, { query }: { query: { cursor?: string } }) => {
      const from = Number(query.cursor ?? 0);
      const nextCursor = from + 2 < all.length ? String(from + 2) : null;
      return Promise.resolve({ jobs: all.slice(from, from + 2), nextCursor });
    },
  } as unknown as Client;
}

test('the last job is what its owner gave last, not what an agent asked for since', async () => {
  expect(await resolveJobId(clientOf(['j3', 'j3', 'j3', null, null]), 'last')).toBe('j3');
  expect(await resolveJobId(clientOf([null, null]), 'last')).toBe('j0');
});

test('where only children are seen, as inside a run, the last is the newest of them', async () => {
  expect(await resolveJobId(clientOf(['x', 'x', 'x']), 'last')).toBe('j0');
  await expect(resolveJobId(clientOf([]), 'last')).rejects.toMatchObject({ code: 'HOMER_JOB_UNKNOWN' });
});
