// The tools of Homer over HTTP: the same guards as anywhere, and for a run nothing that is not its own, whatever it was told by what it
// has read.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isEnded } from '../../src/core/job.ts';
import type { QuestionView } from '../../src/operations/questions.ts';
import type { ScheduleView } from '../../src/operations/schedule-view.ts';
import { Stage, type Puppet } from './puppet-stage.ts';

let stage: Stage;

beforeEach(async () => {
  stage = new Stage();
  await stage.open();
});
afterEach(() => stage.close());

type Asking = Pick<Puppet, 'token'> | null;

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const ownerToken = (): string => readFileSync(join(stage.home.path, 'token'), 'utf8').trim();

async function address(): Promise<string> {
  // Where the one listens that is ready now.
  await stage.daemon.ready;
  const record = readFileSync(join(stage.home.path, 'daemon.json'), 'utf8');
  return `http://127.0.0.1:${String((JSON.parse(record) as { port: number }).port)}/mcp`;
}

/** One request of the protocol; `null`: with the owner's token. */
async function post(asking: Asking, body: unknown, headers: Record<string, string> = {}): Promise<Answered> {
  const url = await address();
  const token = asking === null ? ownerToken() : asking.token;
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token ?? ''}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function resultOf({ text }: Answered): Record<string, unknown> {
  const data = /^data: (.*)$/m.exec(text)?.[1] ?? text;
  return (JSON.parse(data) as { result: Record<string, unknown> }).result;
}

async function list(asking: Asking): Promise<string[]> {
  const answered = await post(asking, { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
  return (resultOf(answered)['tools'] as { name: string }[]).map(({ name }) => name);
}

/** What the tool says: its JSON as text, or the code of the refusal with its sentence. */
async function call(asking: Asking, name: string, input: Record<string, unknown> = {}): Promise<string> {
  const params = { name, arguments: input };
  const answered = await post(asking, { jsonrpc: '2.0', id: 2, method: 'tools/call', params });
  const { content } = resultOf(answered) as { content: { text: string }[] };
  return content[0]?.text ?? '';
}

const inSession = (session: string): Promise<Puppet & { readonly jobId: string }> => stage.begin({ session });

describe('the door', () => {
  test('55: has the guards of every route', async () => {
    const ping = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    expect((await post({ token: undefined }, ping)).status).toBe(401);
    expect((await post({ token: 'x'.repeat(43) }, ping)).status).toBe(401);
    expect((await post(null, ping, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await post(null, ping, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await post(null, 'x=1', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post(null, `"${'x'.repeat(1_100_000)}"`)).status).toBe(413);
    expect((await post(null, '{')).status).toBe(400);
    expect((await post(null, ping, { accept: 'text/html' })).status).toBe(406);
  });

  test('56: knows no sessions that could be taken over, and answers none but POST', async () => {
    const begin = {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    };
    const answered = await post(null, { jsonrpc: '2.0', id: 1, method: 'initialize', params: begin });
    expect(resultOf(answered)).toMatchObject({ serverInfo: { name: 'homer' } });
    expect(answered.headers.get('mcp-session-id')).toBeNull();
    // Whoever brings an id of a session gets what their own token gets.
    const puppet = await inSession('one');
    const ping = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'list_jobs', arguments: {} },
    };
    const stolen = await post(puppet, ping, { 'mcp-session-id': 'owner' });
    expect(stolen.text).not.toContain(puppet.jobId);
    const headers = { authorization: `Bearer ${ownerToken()}`, accept: 'text/event-stream' };
    for (const method of ['GET', 'DELETE'])
      expect((await fetch(await address(), { method, headers })).status).toBe(405);
  });

  test('offers what the token may do, and refuses the rest when it is called all the same', async () => {
    const wanted = { name: 'looker', scopes: ['read'] };
    const { body } = await stage.daemon.ask<{ text: string }>('POST', '/api/v1/tokens', wanted);
    const looker = { token: body.text };
    const names = await list(looker);
    expect(names).toContain('list_jobs');
    for (const name of [
      'create_job',
      'cancel_job',
      'schedule_create',
      'ask_person',
      'send_message',
      'canvas_put',
    ])
      expect(names).not.toContain(name);
    const params = { name: 'create_job', arguments: { prompt: 'x' } };
    const { text } = await post(looker, { jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    expect(text).toMatch(/not found|unknown/i);
    expect((await stage.daemon.ask<{ jobs: unknown[] }>('GET', '/api/v1/jobs')).body.jobs).toEqual([]);
  });

  test('63 counts each message of a batch', async () => {
    const batch = Array.from({ length: 100 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }));
    // 2,000 at once, then 1,000 a second.
    const said = await Promise.all(Array.from({ length: 60 }, () => post(null, batch)));
    const refused = said.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.text).toContain('HOMER_RATE_LIMITED');
  });
});

describe('a run', () => {
  test('57: has no way to what is not its own, by any tool', async () => {
    const rule = { kind: 'cron', spec: '0 8 * * *', prompt: 'true' };
    await stage.daemon.ask('POST', '/api/v1/schedules', { name: 'mine', ...rule, executor: 'shell' });
    const reminded = await stage.daemon.ask<{ reminder: { id: string } }>('POST', '/api/v1/reminders', {
      phrase: 'in 2 hours to call Bob',
    });
    const other = await inSession('other');
    const puppet = await inSession('one');
    for (const name of ['schedule_remove', 'schedule_pause', 'schedule_resume'])
      expect(await call(puppet, name, { id: 'mine' })).toContain('HOMER_SCOPE_MISSING');
    expect(await call(puppet, 'reminder_remove', { id: reminded.body.reminder.id })).toContain(
      'HOMER_SCOPE_MISSING',
    );
    expect(await call(puppet, 'schedule_list')).toContain('"schedules": []');
    expect(await call(puppet, 'reminder_list')).toContain('"reminders": []');
    for (const name of ['get_job', 'cancel_job'])
      expect(await call(puppet, name, { id: other.jobId })).toContain('HOMER_OTHERS_JOB');
    expect(await call(puppet, 'wait_for_jobs', { ids: [other.jobId] })).toContain('HOMER_OTHERS_JOB');
    expect(await call(puppet, 'spawn_job', { prompt: 'x', parent: other.jobId })).toContain(
      'HOMER_OTHERS_JOB',
    );
    expect(await call(puppet, 'create_job', { prompt: 'id', executor: 'shell' })).toContain(
      'HOMER_EXECUTOR_REFUSED',
    );
    expect(await call(puppet, 'create_job', { prompt: 'id', executor: 'puppet', cwd: '/etc' })).toContain(
      'HOMER_CWD_REFUSED',
    );
    expect(await call(puppet, 'send_message', { text: 'x', to: 'telegram:666' })).toContain(
      'HOMER_NOTIFY_REFUSED',
    );
    expect(await call(puppet, 'ask_person', { question: 'x?', to: 'telegram:666' })).toContain(
      'HOMER_NOTIFY_REFUSED',
    );
    expect(await call(puppet, 'send_message', { text: 'x' })).toContain('HOMER_CHAT_NONE');
    for (const choice of [{ executor: 'shell' }, { session: 'other' }])
      expect(await call(puppet, 'schedule_create', { ...rule, ...choice })).toContain('HOMER_SCOPE_MISSING');
    const often = { ...rule, spec: '* * * * *' };
    expect(await call(puppet, 'schedule_create', often)).toContain('HOMER_RUN_LIMIT');
    expect(await call(puppet, 'remind', { phrase: 'every minute: look here' })).toContain('HOMER_RUN_LIMIT');
    const alone = await stage.begin();
    expect(await call(alone, 'schedule_create', rule)).toContain('HOMER_SCOPE_MISSING');
    // And nothing came of any of it.
    const { schedules } = (await stage.daemon.ask<{ schedules: ScheduleView[] }>('GET', '/api/v1/schedules'))
      .body;
    expect(schedules.map(({ name, enabled }) => [name, enabled])).toEqual([['mine', true]]);
    expect((await stage.daemon.job(other.jobId)).state).toBe('running');
  });

  test('schedules turns of its own session, which the next turn can take back and another session cannot', async () => {
    const first = await inSession('one');
    const rule = { kind: 'cron', spec: '0 8 * * *', prompt: stage.prompt, name: 'daily' };
    expect(await call(first, 'schedule_create', rule)).toContain('"name": "daily"');
    const { body } = await stage.daemon.ask<{ schedule: ScheduleView }>('GET', '/api/v1/schedules/daily');
    expect(body.schedule).toMatchObject({ executor: null, lane: null, cwd: null, notify: null });
    const session = (await stage.daemon.job(first.jobId)).sessionId;
    expect(body.schedule.session).toBe(session);
    first.end();
    const [next, other] = [await inSession('one'), await inSession('other')];
    expect(await call(other, 'schedule_remove', { id: 'daily' })).toContain('HOMER_SCOPE_MISSING');
    const ran = await stage.daemon.ask('POST', '/api/v1/schedules/daily/run');
    expect(ran.status).toBe(202);
    next.end();
    // Due, it is a turn of the session by the executor that the session has.
    const turn = await stage.enters();
    expect(await stage.daemon.job(turn.jobId ?? '')).toMatchObject({
      sessionId: session,
      executor: 'puppet',
    });
    expect(await call(turn, 'schedule_remove', { id: 'daily' })).toContain('"removed"');
  });

  test('has only so much to come', async () => {
    const puppet = await inSession('one');
    for (let count = 0; count < 20; count++)
      expect(await call(puppet, 'remind', { phrase: `in ${count + 1} hours: number ${count}` })).toContain(
        '"reading"',
      );
    expect(await call(puppet, 'remind', { phrase: 'in 2 days: one more' })).toContain('HOMER_RUN_LIMIT');
  });

  test('says the same twice after it was cut off, and it is one', async () => {
    const puppet = await inSession('one');
    const phrase = { phrase: 'in 2 hours to call Bob' };
    expect(await call(puppet, 'remind', phrase)).toBe(await call(puppet, 'remind', phrase));
    const { body } = await stage.daemon.ask<{ reminders: unknown[] }>('GET', '/api/v1/reminders');
    expect(body.reminders).toHaveLength(1);
  });
});

describe('a question', () => {
  const questions = async (): Promise<readonly QuestionView[]> =>
    (await stage.daemon.ask<{ questions: QuestionView[] }>('GET', '/api/v1/questions')).body.questions;
  const answer = (id: string | undefined, words: string) =>
    stage.daemon.ask<{ code?: string }>('POST', `/api/v1/questions/${id ?? ''}/answer`, { answer: words });

  test('waits without a slot, and its answer comes with the slot', async () => {
    const puppet = await stage.begin({ lane: 'narrow' });
    const asked = call(puppet, 'ask_person', { question: 'Which?' });
    await stage.daemon.untilJob(puppet.jobId, ({ state }) => state === 'waiting');
    // The lane has one slot: somebody else has it now.
    const other = await stage.begin({ lane: 'narrow' });
    const [question] = await questions();
    expect(question).toMatchObject({ state: 'pending', text: 'Which?', jobId: puppet.jobId });
    const status = await stage.daemon.ask<{ needsYou: { code: string; hint: string }[] }>(
      'GET',
      '/api/v1/status',
    );
    expect(status.body.needsYou).toMatchObject([
      { code: 'HOMER_QUESTION_PENDING', questionId: question?.id },
    ]);
    expect((await answer(question?.id, 'the second')).status).toBe(200);
    other.end();
    expect(JSON.parse(await asked)).toMatchObject({
      state: 'answered',
      answer: 'the second',
      answeredBy: 'http:owner',
    });
    expect((await stage.daemon.job(puppet.jobId)).state).toBe('running');
    puppet.end();
    expect(await stage.mostAtOnce('narrow')).toBe(1);
  });

  test('is one row over a kill -9 of the daemon and over runs, and is answered once', async () => {
    const puppet = await stage.begin();
    const lost = call(puppet, 'ask_person', { question: 'Which?' }).catch(() => 'lost');
    await stage.daemon.untilJob(puppet.jobId, ({ state }) => state === 'waiting');
    await stage.daemon.end('SIGKILL');
    expect(await lost).toBe('lost');
    stage.daemon = stage.home.start();
    const [question, ...more] = await questions();
    expect([question?.state, more]).toEqual(['pending', []]);
    expect((await answer(question?.id, 'yes')).status).toBe(200);
    expect((await answer(question?.id, 'yes')).status).toBe(200);
    expect(await answer(question?.id, 'no')).toMatchObject({
      status: 409,
      body: { code: 'HOMER_QUESTION_ANSWERED' },
    });
    expect(JSON.parse(await call(puppet, 'ask_person', { question: 'Which?' }))).toMatchObject({
      answer: 'yes',
    });
    expect(await questions()).toHaveLength(1);
  });

  test('59: is void when its job ends, and is not for runs to answer', async () => {
    const [puppet, other] = [await stage.begin(), await stage.begin()];
    await call(puppet, 'ask_person', { question: 'Which?', waitSeconds: 0 });
    const [question] = await questions();
    const path = `/api/v1/questions/${question?.id ?? ''}`;
    expect((await stage.as(puppet, 'POST', `${path}/answer`, { answer: 'mine' })).status).toBe(403);
    expect((await stage.as(other, 'GET', path)).status).toBe(403);
    puppet.end();
    await stage.daemon.untilJob(puppet.jobId, ({ state }) => isEnded(state as never));
    expect(await answer(question?.id, 'late')).toMatchObject({
      status: 410,
      body: { code: 'HOMER_QUESTION_VOID' },
    });
  });

  test('62 a run and all under it send no more messages than one', async () => {
    const parent = await stage.begin({ notify: 'web' });
    const say = (puppet: Pick<Puppet, 'token'>, text: string) =>
      stage.as<{ code?: string }>(puppet, 'POST', '/api/v1/messages', { text });
    for (let count = 0; count < 5; count++) expect((await say(parent, `p${count}`)).status).toBe(202);
    for (let children = 0; children < 2; children++) {
      await stage.child(parent);
      const child = await stage.enters();
      const said = await Promise.all(['a', 'b', 'c'].map((text) => say(child, `${children}${text}`)));
      expect(said.filter(({ status }) => status === 202)).toHaveLength(children === 0 ? 3 : 2);
      expect(said.filter(({ status }) => status === 429)).toHaveLength(children === 0 ? 0 : 1);
    }
  });

  test('a key that was another question is refused, and no message is dropped for another', async () => {
    const ask = (path: string, body: unknown) =>
      stage.daemon.ask<{ code?: string }>('POST', path, body, { 'idempotency-key': 'k' });
    const question = { text: 'Delete the copy?', choices: ['yes', 'no'] };
    const message = { text: 'done', to: 'web' };
    for (const [path, first, other] of [
      ['/api/v1/questions', question, { ...question, text: 'Delete the original?' }],
      ['/api/v1/questions', question, { ...question, choices: ['no', 'yes'] }],
      ['/api/v1/messages', message, { ...message, text: 'failed' }],
    ] as const) {
      expect((await ask(path, first)).status).toBeLessThan(300);
      expect((await ask(path, first)).status).toBeLessThan(300);
      expect(await ask(path, other)).toMatchObject({ status: 409, body: { code: 'HOMER_KEY_REUSED' } });
    }
  });

  test('a run has only so many open', async () => {
    const puppet = await stage.begin();
    for (let count = 0; count < 16; count++)
      await call(puppet, 'ask_person', { question: `Which ${count}?`, waitSeconds: 0 });
    expect(await call(puppet, 'ask_person', { question: 'And?', waitSeconds: 0 })).toContain(
      'HOMER_RATE_LIMITED',
    );
  });
});
