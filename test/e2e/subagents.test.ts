// Jobs that agents ask for: what a run may do with its token, and that whoever waits for children is never in their way.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isEnded } from '../../src/core/job.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import { argumentsOf, findOwn } from '../../src/drill/own-processes.ts';
import { Stage, type Puppet } from './puppet-stage.ts';

let stage: Stage;

async function open(config?: Record<string, unknown>): Promise<void> {
  stage = new Stage(config);
  await stage.open();
}
beforeEach(() => open());
afterEach(() => stage.close());

async function reopen(config: Record<string, unknown>): Promise<void> {
  await stage.close();
  await open(config);
}

const stateOf = async (id: string): Promise<string> => (await stage.daemon.job(id)).state;
const untilState = (id: string, state: string): Promise<JobView> =>
  stage.daemon.untilJob(id, (job) => job.state === state);
const untilEnd = (id: string): Promise<JobView> =>
  stage.daemon.untilJob(id, (job) => isEnded(job.state as never));
const narrow = { lane: 'narrow' };

describe('a run that waits for its children', () => {
  test('lets them run in its own lane of one slot, and has the slot again when it is told', async () => {
    const parent = await stage.begin(narrow);
    const children = [await stage.child(parent), await stage.child(parent), await stage.child(parent)];
    expect(children.map(({ lane, parentId, state }) => [lane, parentId, state])).toEqual(
      children.map(() => ['narrow', parent.jobId, 'queued']),
    );
    const waited = stage.waitForChildren(parent);
    for (const each of children) {
      const agent = await stage.enters();
      expect(agent.jobId).toBe(each.id);
      expect(await stateOf(parent.jobId)).toBe('waiting');
      agent.end(`did ${each.id}`);
    }
    expect(await waited).toMatchObject({
      status: 200,
      body: { ended: true, jobs: children.map(({ id }) => ({ id, state: 'succeeded' })) },
    });
    const now = await stage.daemon.job(parent.jobId);
    expect(now).toMatchObject({ state: 'running', children: { total: 3, ended: 3 } });
    // Nothing to wait for any more: answered at once.
    expect((await stage.waitForChildren(parent)).body.ended).toBe(true);
    const { body } = await stage.as<{ job: JobView }>(parent, 'GET', `/api/v1/jobs/${children[0]?.id ?? ''}`);
    expect(body.job.result?.text).toBe(`did ${children[0]?.id ?? ''}`);
    parent.end('all done');
    expect((await untilEnd(parent.jobId)).result?.text).toBe('all done');
    expect(await stage.mostAtOnce('narrow')).toBe(1);
  });

  test('may wait for several at once: what has ended is told while the others run', async () => {
    const parent = await stage.begin(narrow);
    const [first, second] = [await stage.child(parent), await stage.child(parent)];
    const waitFor = ({ id }: JobView) =>
      stage.as<{ ended: boolean }>(parent, 'GET', `/api/v1/jobs/${id}/wait`);
    const [firstWait, secondWait] = [waitFor(first), waitFor(second)];
    (await stage.enters()).end();
    expect((await firstWait).body.ended).toBe(true);
    (await stage.enters()).end();
    expect((await secondWait).body.ended).toBe(true);
    expect(await stateOf(parent.jobId)).toBe('running');
    expect(await stage.mostAtOnce('narrow')).toBe(1);
  });

  test('is told at the timeout who has ended', async () => {
    const parent = await stage.begin();
    const [quick, slow] = [await stage.child(parent), await stage.child(parent)];
    const agents = [await stage.enters(), await stage.enters()];
    agents.find(({ jobId }) => jobId === quick.id)?.end();
    await untilEnd(quick.id);
    const { body } = await stage.waitForChildren(parent, '&timeoutMs=50');
    expect(body.ended).toBe(false);
    expect(body.jobs).toMatchObject([
      { id: quick.id, state: 'succeeded' },
      { id: slow.id, state: 'running', endedAt: null },
    ]);
    expect(await stateOf(parent.jobId)).toBe('running');
  });

  test('has its slot again when its connection is gone', async () => {
    const parent = await stage.begin();
    await stage.child(parent);
    const agent = await stage.enters();
    const closing = new AbortController();
    const waited = fetch(`${parent.url ?? ''}/api/v1/jobs/${parent.jobId}/wait?children=true`, {
      headers: { authorization: `Bearer ${parent.token ?? ''}` },
      signal: closing.signal,
    }).catch(() => 'gone');
    await untilState(parent.jobId, 'waiting');
    closing.abort();
    expect(await waited).toBe('gone');
    await untilState(parent.jobId, 'running');
    agent.end();
  });

  test('is not stuck after a kill -9 of the daemon, whether it asks again or not', async () => {
    const parent = await stage.begin(narrow);
    const child = await stage.child(parent);
    const lost = stage.waitForChildren(parent).catch(() => 'lost');
    const agent = await stage.enters();
    expect(await stateOf(parent.jobId)).toBe('waiting');
    await stage.daemon.end('SIGKILL');
    expect(await lost).toBe('lost');
    stage.daemon = stage.home.start();
    // The child has the only slot. The agent asks again, so it waits and wants none.
    const again = stage.waitForChildren(parent);
    expect(await stateOf(parent.jobId)).toBe('waiting');
    agent.end();
    await untilEnd(child.id);
    expect((await again).body.ended).toBe(true);
    expect(await stateOf(parent.jobId)).toBe('running');

    const second = await stage.child(parent);
    const lostToo = stage.waitForChildren(parent).catch(() => 'lost');
    const secondAgent = await stage.enters();
    await stage.daemon.end('SIGKILL');
    expect(await lostToo).toBe('lost');
    stage.daemon = stage.home.start();
    // Nobody asks: as soon as there is a slot, the parent has it.
    secondAgent.end();
    await untilEnd(second.id);
    await untilState(parent.jobId, 'running');
    parent.end('survived');
    expect((await untilEnd(parent.jobId)).result?.text).toBe('survived');
    expect((await stage.daemon.job(parent.jobId)).runs).toHaveLength(1);
    expect(await stage.mostAtOnce('narrow')).toBe(1);
  });
});

describe('a tree of jobs', () => {
  test('is cancelled as a whole: nothing of three levels goes on', async () => {
    const top = await stage.begin();
    const one = await stage.child(top);
    const oneAgent = await stage.enters();
    const two = await stage.child(oneAgent);
    const twoAgent = await stage.enters();
    const three = await stage.child(twoAgent);
    const threeAgent = await stage.enters();
    const queued = await stage.child(top, { runAfter: '2099-01-01T00:00:00Z' });
    const waited = stage.waitForChildren(top).catch(() => 'gone');
    await untilState(top.jobId, 'waiting');

    await stage.daemon.ask('POST', `/api/v1/jobs/${top.jobId}/cancel`, {});
    expect(await stateOf(queued.id)).toBe('cancelled');
    // Told to end, it has no say any more.
    const late = await stage.as(twoAgent, 'POST', '/api/v1/jobs', {
      prompt: stage.prompt,
      executor: 'puppet',
    });
    expect(['HOMER_PARENT_ENDED', 'HOMER_RUN_ENDED']).toContain(late.body['code']);
    for (const id of [top.jobId, one.id, two.id, three.id])
      expect((await untilEnd(id)).state, id).toBe('cancelled');
    await Promise.all([top, oneAgent, twoAgent, threeAgent].map(({ gone }) => gone));
    await waited;
    expect(findOwn(stage.home.identity).agents).toEqual([]);
  });

  test('goes on where its top has ended, until it is cancelled by name', async () => {
    const top = await stage.begin();
    const child = await stage.child(top);
    const agent = await stage.enters();
    top.end();
    expect((await untilEnd(top.jobId)).state).toBe('succeeded');
    expect(await stateOf(child.id)).toBe('running');
    const cancel = () =>
      stage.daemon.ask<{ code?: string; job?: JobView }>('POST', `/api/v1/jobs/${top.jobId}/cancel`, {});
    expect(await cancel()).toMatchObject({ status: 200, body: { job: { state: 'succeeded' } } });
    expect((await untilEnd(child.id)).state).toBe('cancelled');
    await agent.gone;
    expect((await cancel()).body.code).toBe('HOMER_JOB_ENDED');
  });

  test('is as deep and as wide as the configuration says', async () => {
    await reopen({ subagents: { maxDepth: 1, maxChildren: 2 } });
    const top = await stage.begin();
    const ask = (agent: Puppet, key: string) =>
      stage.as<{ code?: string; job?: JobView }>(
        agent,
        'POST',
        '/api/v1/jobs',
        { prompt: stage.prompt, executor: 'puppet' },
        { 'idempotency-key': key },
      );
    const first = await ask(top, 'a');
    expect((await ask(top, 'a')).body.job?.id).toBe(first.body.job?.id);
    expect((await ask(top, 'b')).status).toBe(202);
    expect(await ask(top, 'c')).toMatchObject({ status: 409, body: { code: 'HOMER_SUBAGENT_LIMIT' } });
    // What was accepted stays accepted, also at the limit.
    expect(await ask(top, 'a')).toMatchObject({ status: 200, body: { job: { id: first.body.job?.id } } });
    const child = await stage.enters();
    expect(await ask(child, 'd')).toMatchObject({ status: 409, body: { code: 'HOMER_SUBAGENT_LIMIT' } });
  });

  test('is the owner’s to look at and to add to', async () => {
    const top = await stage.begin();
    const more = { prompt: stage.prompt, executor: 'plain', parent: top.jobId };
    const { body } = await stage.daemon.ask<{ job: JobView }>('POST', '/api/v1/jobs', more);
    expect(body.job).toMatchObject({ parentId: top.jobId, source: 'http:owner' });
    const listed = await stage.daemon.ask<{ jobs: JobView[] }>('GET', `/api/v1/jobs?parent=${top.jobId}`);
    expect(listed.body.jobs.map(({ id }) => id)).toEqual([body.job.id]);
    const waited = stage.daemon.ask<{ ended: boolean }>('GET', `/api/v1/jobs/${body.job.id}/wait`);
    const agent = await stage.enters();
    agent.end();
    expect((await waited).body.ended).toBe(true);
    top.end();
    await untilEnd(top.jobId);
    expect((await stage.daemon.ask<{ code: string }>('POST', '/api/v1/jobs', more)).body.code).toBe(
      'HOMER_PARENT_ENDED',
    );
  });
});

test('a parent that is tried again finds its children by their keys, with a token of its own', async () => {
  const first = await stage.begin({ maxAttempts: 1 });
  const ask = (agent: Puppet) =>
    stage.as<{ job: JobView }>(
      agent,
      'POST',
      '/api/v1/jobs',
      { prompt: stage.prompt, executor: 'plain' },
      { 'idempotency-key': 'part-1' },
    );
  const { body } = await ask(first);
  (await stage.enters()).end('the part');
  await untilEnd(body.job.id);
  first.end('failed');
  expect((await untilEnd(first.jobId)).state).toBe('failed');
  await stage.daemon.ask('POST', `/api/v1/jobs/${first.jobId}/retry`, {});
  const second = await stage.enters();
  expect(second.jobId).toBe(first.jobId);
  expect((await ask(first)).status).toBe(401);
  expect(await ask(second)).toMatchObject({
    status: 200,
    body: { job: { id: body.job.id, result: { text: 'the part' } } },
  });
  expect((await stage.daemon.job(first.jobId)).children.total).toBe(1);
});

describe('the token of a run', () => {
  test('is given only to executors that may have subagents', async () => {
    const plain = await stage.begin({ executor: 'plain' });
    expect([plain.url, plain.token]).toEqual([undefined, undefined]);
  });

  test('is good for the jobs under its own, and for nothing else', async () => {
    const parent = await stage.begin();
    const child = await stage.child(parent);
    await stage.enters();
    const stranger = await stage.begin();
    const job = (id: string, rest = ''): string => `/api/v1/jobs/${id}${rest}`;
    const allowed: readonly (readonly [string, string])[] = [
      ['GET', job(parent.jobId)],
      ['GET', job(child.id)],
      ['GET', '/api/v1/jobs'],
      ['GET', job(child.id, '/wait?timeoutMs=0')],
      ['POST', job(child.id, '/cancel')],
    ];
    for (const [method, path] of allowed)
      expect((await stage.as(parent, method, path)).status, `${method} ${path}`).toBe(200);

    const others: readonly (readonly [string, string])[] = [
      ['GET', job(stranger.jobId)],
      ['GET', job(stranger.jobId, '/wait')],
      ['GET', `/api/v1/jobs?parent=${stranger.jobId}`],
      ['POST', job(stranger.jobId, '/cancel')],
      ['POST', job(parent.jobId, '/cancel')],
      ['GET', job('j0000000000000000000')],
    ];
    for (const [method, path] of others)
      expect(await stage.as(parent, method, path), `${method} ${path}`).toMatchObject({
        status: 403,
        body: { code: 'HOMER_OTHERS_JOB' },
      });

    const run = (await stage.daemon.job(parent.jobId)).runs[0]?.id ?? '';
    const never: readonly (readonly [string, string])[] = [
      ['POST', job(child.id, '/retry')],
      ['GET', '/api/v1/status'],
      ['GET', '/api/v1/lanes'],
      ['POST', '/api/v1/lanes/default/pause'],
      ['GET', '/api/v1/executors'],
      ['POST', '/api/v1/resume'],
      ['POST', '/api/v1/stop'],
      ['GET', '/api/v1/events'],
      ['GET', `/api/v1/runs/${run}/stream`],
      ['GET', '/openapi.json'],
    ];
    for (const [method, path] of never)
      expect(await stage.as(parent, method, path), `${method} ${path}`).toMatchObject({
        status: 403,
        body: { code: 'HOMER_SCOPE_MISSING' },
      });
    expect((await stage.as(parent, 'GET', '/health')).body).toEqual({ daemon: 'healthy' });
    expect((await stage.as(parent, 'GET', job(parent.jobId, '/wait'))).body['code']).toBe(
      'HOMER_INPUT_INVALID',
    );
  });

  test('makes jobs only as others than the owner may', async () => {
    const work = join(stage.home.base, 'work');
    for (const path of [join(work, 'inner'), join(stage.home.base, 'other')])
      mkdirSync(path, { recursive: true });
    const parent = await stage.begin({ cwd: work });
    const ask = async (more: Record<string, unknown>) => {
      const body = { prompt: stage.prompt, executor: 'plain', ...more };
      const answer = await stage.as<{ code?: string; job?: JobView }>(parent, 'POST', '/api/v1/jobs', body);
      return answer.body.code ?? answer.body.job?.cwd;
    };
    expect(await ask({})).toBe(work);
    expect(await ask({ cwd: join(work, 'inner') })).toBe(join(work, 'inner'));
    expect(await ask({ cwd: join(stage.home.base, 'other') })).toBe('HOMER_CWD_REFUSED');
    expect(await ask({ cwd: stage.home.base })).toBe('HOMER_CWD_REFUSED');
    expect(await ask({ executor: 'shell' })).toBe('HOMER_EXECUTOR_REFUSED');
    expect(await ask({ lane: 'nowhere' })).toBe('HOMER_LANE_UNKNOWN');
    expect(await ask({ parent: 'j0000000000000000000' })).toBe('HOMER_OTHERS_JOB');
    expect(await ask({ parent: parent.jobId })).toBe(work);
  });

  test('is refused when it is forged, and when its run has ended', async () => {
    const [first, second] = [await stage.begin(), await stage.begin()];
    const [, ownRun = '', mac = ''] = first.token?.split('.') ?? [];
    const [, otherRun = ''] = second.token?.split('.') ?? [];
    const forged = [
      `homer-run.${otherRun}.${mac}`,
      `homer-run.${ownRun}.${mac.slice(0, -1)}${mac.endsWith('A') ? 'B' : 'A'}`,
      `homer-run.${ownRun}.${mac}x`,
      `homer-run.${ownRun}.`,
    ];
    for (const token of forged)
      expect(await stage.as({ token }, 'GET', `/api/v1/jobs/${second.jobId}`)).toMatchObject({
        status: 401,
        body: { code: 'HOMER_TOKEN_WRONG' },
      });
    const own = `/api/v1/jobs/${first.jobId}`;
    expect((await stage.as(first, 'GET', own)).status).toBe(200);
    first.end();
    await untilEnd(first.jobId);
    expect(await stage.as(first, 'GET', own)).toMatchObject({
      status: 401,
      body: { code: 'HOMER_RUN_ENDED' },
    });
  });

  test('stands nowhere on disk, in no argument and in no log, though the agent prints it', async () => {
    const parent = await stage.begin();
    const token = parent.token ?? '';
    expect(token.length).toBeGreaterThan(60);
    expect((await stage.waitForChildren(parent)).status).toBe(200);
    await stage.as({ token: token.slice(0, -1) }, 'GET', '/api/v1/jobs');
    for (const pid of [stage.daemon.pid, ...stage.home.processes().runners, ...stage.home.processes().agents])
      expect(argumentsOf(pid).join(' ')).not.toContain(token);
    parent.end(`my token is ${token}`);
    expect((await untilEnd(parent.jobId)).result?.text).toBe('my token is [redacted]');
    await stage.daemon.end('SIGTERM');
    expect(stage.daemon.lines().join('\n')).not.toContain(token);
    for (const file of readdirSync(stage.home.base, { recursive: true, withFileTypes: true }))
      if (file.isFile())
        expect(readFileSync(join(file.parentPath, file.name)).includes(token), file.name).toBe(false);
  });
});

describe('a session that a run made', () => {
  test('is not what the owner comes to by a name of their own', async () => {
    const parent = await stage.begin();
    await stage.child(parent, { session: 'website' });
    const ask = (session: string, more: Record<string, unknown> = {}) =>
      stage.daemon.ask<{ code?: string; detail?: string; job?: JobView }>('POST', '/api/v1/jobs', {
        prompt: stage.prompt,
        session,
        ...more,
      });
    const refused = await ask('website');
    expect(refused).toMatchObject({ status: 403, body: { code: 'HOMER_SESSION_REFUSED' } });
    expect(refused.body.detail).toContain(`made by a run, of the job ${parent.jobId}`);
    // Who means this one says so; the run itself goes on in it, and a name that has become free is the owner's.
    const { body } = await stage.daemon.ask<{ session: { id: string } }>('GET', '/api/v1/sessions/website');
    expect((await ask(body.session.id)).status).toBe(202);
    await stage.child(parent, { session: 'website' });
    expect((await stage.daemon.ask('POST', '/api/v1/sessions/website/stop', {})).status).toBe(200);
    expect((await ask('website', { executor: 'puppet' })).status).toBe(202);
  });
});

test('a child of a job in a worktree works in that worktree, not in the checkout of its owner', async () => {
  const repository = join(stage.home.base, 'repository');
  mkdirSync(join(repository, 'sub'), { recursive: true });
  const git = (...args: readonly string[]): unknown =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { cwd: repository });
  git('init', '--quiet');
  git('commit', '--quiet', '--allow-empty', '-m', 'first');
  const parent = await stage.begin({ worktree: true, cwd: join(repository, 'sub') });
  const child = await stage.child(parent);
  expect(child.cwd).toBe(join(realpathSync(stage.home.path), 'worktrees', parent.jobId, 'sub'));
  const checkout = { prompt: stage.prompt, executor: 'puppet', cwd: repository };
  expect(await stage.as(parent, 'POST', '/api/v1/jobs', checkout)).toMatchObject({ status: 400 });
  // It outlives the one that asked for it, and with it the directory it works in.
  const agent = await stage.enters();
  parent.end();
  await untilEnd(parent.jobId);
  expect(existsSync(child.cwd)).toBe(true);
  agent.end();
  await untilEnd(child.id);
  await vi.waitFor(() => expect(existsSync(child.cwd)).toBe(false), 20_000);
});
