import { Readable } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import type { Approval, Job } from './answers.ts';
import type { Client } from './client.ts';
import { followJob } from './follow.ts';
import { createPlainProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

test('a question that is asked between two looks is shown before a script is let go', async () => {
  const question = { id: 'a', jobId: 'j', state: 'pending' } as Approval;
  const waiting = {
    id: 'j',
    state: 'waiting',
    error: { code: 'HOMER_APPROVAL_PENDING', message: 'It asks.', hint: 'Answer it.' },
    movedFrom: null,
    runs: [],
    dueAt: null,
  } as unknown as Job;
  let looks = 0;
  const client = {
    // The agent asks after its questions were read and before its job is.
    call: (name: string) =>
      Promise.resolve(
        name === 'jobs.get'
          ? { job: waiting }
          : { approvals: looks++ === 0 ? [] : [question], nextCursor: null },
      ),
    open: () => Promise.resolve(Readable.from([]) as IncomingMessage),
  } as unknown as Client;
  const seen: (readonly Approval[])[] = [];
  await followJob({
    connection: { client, renew: () => Promise.resolve() },
    jobId: 'j',
    progress: createPlainProgress({ say: () => undefined } as unknown as Terminal),
    asked: (questions) => void seen.push(questions),
    stopsWhenWaiting: true,
    signal: new AbortController().signal,
  });
  expect(seen).toEqual([[question]]);
});
