// The daemon with the real Claude Code and a scripted model, killed in every place: a task that was accepted is
// answered once, by the same run or in the same agent session, and nothing of what was killed lives on.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Job, JobAnswer } from '../../src/cli/answers.ts';
import { resumePreamble } from '../../src/executors/preamble.ts';
import { promptsOf, toolResultsOf } from '../fixtures/model-server/script.ts';
import { startModelServer, type ModelServer, type RecordedRequest } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';
import { createHomerRoom, killNow, whenChanged, type HomerRoom, type RoomOptions } from './homer-room.ts';
import { allArguments, environmentOf } from './room-processes.ts';
import type { Program } from './program.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let bin = '';
let model: ModelServer;
let room: HomerRoom;

beforeAll(async () => {
  bin = await cachedAgent('claude');
}, 600_000);
beforeEach(async () => {
  model = await startModelServer();
});
afterEach(async () => {
  const leaked = await room.leaks();
  await room.clean();
  await model.stop();
  expect(leaked).toEqual([]);
});

async function open(options: Partial<RoomOptions> = {}): Promise<Program> {
  room = await createHomerRoom({ model, bin, ...options });
  return room.serve();
}

/** The task of a killed run: its tool runs for ever the first time, and tells that it is the second the next time. */
const hangsOnce =
  'CODEWORD-tangerine RECALL RUN[if test -e running; then echo second time; ' +
  "else sh -c 'touch running; exec tail -f /dev/null'; fi]RUN";

/** Resolves when the tool really runs and Claude Code has written down that it does. */
async function untilMidTool(): Promise<void> {
  await whenChanged(room.cwd, () => existsSync(join(room.cwd, 'running')));
  await whenChanged(room.userHome, async () => (await room.transcripts()).includes('"tool_use"'));
}

async function lastJob(): Promise<Job> {
  const { output } = await room.homer('job', 'last', '--json').ended;
  return (JSON.parse(output) as JobAnswer).job;
}

function only(pids: readonly number[]): number {
  expect(pids).toHaveLength(1);
  return pids[0] ?? -1;
}

async function kill(daemon: Program): Promise<void> {
  daemon.signal('SIGKILL');
  expect((await daemon.ended).code).toBeNull();
}

/** The job went on in its own agent session, was told that it was cut off, and nothing of the killed run is left. */
async function expectResumed(id: string, requestsBefore: number): Promise<Job> {
  const job = await room.whenJob(id, ({ state }) => state !== 'running' && state !== 'queued');
  expect(job).toMatchObject({
    state: 'succeeded',
    result: { text: 'The tool said: second time I recall: CODEWORD-tangerine. Prompts seen: 2.' },
    attempts: 0,
    crashes: 1,
    error: null,
  });
  expect(job.runs.map(({ verdict }) => verdict)).toEqual(['lost', 'done']);
  const [first, second] = job.runs;
  expect(first?.agentSessionId).toEqual(expect.any(String));
  expect(second?.agentSessionId).toBe(first?.agentSessionId);

  const told: RecordedRequest | undefined = model.requests[requestsBefore];
  expect(promptsOf(told?.asked)).toEqual([hangsOnce, `${resumePreamble}\n\n${hangsOnce}`]);
  expect(toolResultsOf(told?.asked).join(' ')).toMatch(/interrupted/i);
  const started = room.journal(second?.id ?? '').filter(({ type }) => type === 'agent_started');
  expect(started).toMatchObject([{ mode: 'resume' }]);
  expect(room.processes()).toMatchObject({ runners: [], tree: [], agents: [] });
  return job;
}

describe('a task', () => {
  test('runs to its result: the tool in the stream, the answer on stdout, what it cost in the job', async () => {
    await open();
    const run = await room.homer('run', 'RUN[echo from-the-tool; touch made]RUN').ended;
    expect(run).toMatchObject({ code: 0, output: 'The tool said: from-the-tool\n' });
    expect(run.errorOutput).toContain('  Bash echo from-the-tool; touch made\n');
    expect(existsSync(join(room.cwd, 'made'))).toBe(true);

    const job = await lastJob();
    expect(job).toMatchObject({
      state: 'succeeded',
      executor: 'claude',
      usage: { outputTokens: 40, costUsd: expect.any(Number) as number },
      runs: [{ verdict: 'done', exitCode: 0 }],
    });
    expect(job.usage.inputTokens).toBeGreaterThan(0);
    const logs = await room.homer('logs', job.id).ended;
    expect(logs.output).toContain('> Bash echo from-the-tool; touch made\n  ok: from-the-tool\n');
    expect(room.processes()).toMatchObject({ runners: [], tree: [] });
  });

  test('needs no configuration: the agent is found by itself and signs in as it does for its user', async () => {
    room = await createHomerRoom({ model, bin, executor: null });
    // Claude Code's own settings hold what it needs, as they would after a user has signed in.
    await mkdir(join(room.userHome, '.claude'));
    const env = { ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: room.key };
    await writeFile(join(room.userHome, '.claude/settings.json'), JSON.stringify({ env }));
    await mkdir(join(room.userHome, 'bin'));
    await symlink(bin, join(room.userHome, 'bin/claude'));
    const run = await room.homer('run', 'hello').ended;
    expect(run).toMatchObject({ code: 0, output: 'Hello from the scripted model.\n' });
    expect(run.errorOutput).toMatch(/Homer was started .*\nJob \w+: claude in lane default\n/);
  });

  test('keeps the key to itself, even when the agent says it', async () => {
    await open();
    const run = await room.homer('run', 'RUN[echo the key is $ANTHROPIC_API_KEY]RUN').ended;
    expect(model.requests[0]?.headers['x-api-key']).toBe(room.key);
    expect(toolResultsOf(model.requests[1]?.asked)).toEqual([`the key is ${room.key}`]);
    expect(run).toMatchObject({ code: 0, output: 'The tool said: the key is [redacted]\n' });
    expect(run.errorOutput).not.toContain(room.key);
  });

  test('can be watched by anybody who joins: its tool and its words, then its answer', async () => {
    await open();
    execFileSync('mkfifo', [join(room.cwd, 'gate')]);
    const id = await room.submit('RUN[touch running; cat gate]RUN');
    await untilMidTool();
    const plain = room.homer('attach', id);
    const terminal = room.homerOnTerminal('attach', id.slice(-4));
    await plain.says('It has started.');
    await terminal.says('I will use a tool.');
    await terminal.says('Bash touch running; cat gate');
    await writeFile(join(room.cwd, 'gate'), 'from-the-gate');
    expect(await plain.ended).toMatchObject({ code: 0, output: 'The tool said: from-the-gate\n' });
    expect(plain.errorOutput).toMatch(/^ {2}Bash touch running; cat gate/m);
    expect(await terminal.ended).toMatchObject({ code: 0 });
    expect(terminal.output).toContain('The tool said: from-the-gate');
  });

  test('that is cancelled in mid-stream ends at once', async () => {
    await open();
    const run = room.homer('run', 'SLOW[]');
    await model.whenRequested(() => true);
    const cancel = await room.homer('cancel', 'last').ended;
    expect(cancel).toMatchObject({ code: 0 });
    const since = performance.now();
    expect(await run.ended).toMatchObject({ code: 1, output: '' });
    expect(performance.now() - since).toBeLessThan(5_000);
    const job = await lastJob();
    expect(job).toMatchObject({ state: 'cancelled', runs: [{ verdict: 'cancelled' }] });
    // The agent's own word for it was enough: nobody had to be killed.
    const steps = room.journal(job.runs[0]?.id ?? '').filter(({ type }) => type === 'stopping');
    expect(steps).toMatchObject([{ step: 'cancel', reason: 'cancelled' }]);
    expect(room.processes()).toMatchObject({ runners: [], tree: [] });
  });
});

describe('kill -9', () => {
  test('of the daemon in mid-run: the next one adopts the run, and the caller who waits gets the answer', async () => {
    const daemon = await open();
    const run = room.homer('run', 'SLOW[]');
    await model.whenRequested(() => true);
    const before = room.processes();
    await kill(daemon);
    await room.serve();
    expect(room.processes()).toMatchObject({ runners: before.runners, agents: before.agents });
    model.release();
    const { code, output } = await run.ended;
    expect(output).toMatch(/^w0 .*the end\.\n$/);
    expect(code).toBe(0);

    const job = await lastJob();
    expect(job).toMatchObject({ state: 'succeeded', crashes: 0, runs: [{ verdict: 'done' }] });
    expect(model.requests).toHaveLength(1);
    const events = await room.events(job.id);
    expect(events.filter(({ type }) => type === 'run.adopted').map(({ runId }) => runId)).toEqual([
      job.runs[0]?.id,
    ]);
    expect(events.filter(({ type }) => type === 'job.succeeded')).toHaveLength(1);
  });

  test.each(['auto', 'none'])('of the agent in mid-tool (isolation: %s)', async (isolation) => {
    await open({ executor: { isolation } });
    const run = room.homer('run', hangsOnce);
    await untilMidTool();
    const { agents, runners, tree } = room.processes();
    expect(tree.length).toBeGreaterThan(agents.length);
    expect(allArguments()).not.toContain(room.key);
    expect(environmentOf(only(runners))).not.toContain(room.key);
    const seen = model.requests.length;
    killNow(only(agents));
    const told = await run.ended;
    const { id } = await lastJob();
    const job = await expectResumed(id, seen);
    // Whoever waits is told that it was cut off and goes on, and gets the answer.
    expect(told).toMatchObject({ code: 0, output: `${job.result?.text ?? ''}\n` });
    expect(told.errorOutput).toMatch(/has ended: lost|before its answer was complete/);
    expect(told.errorOutput).toContain('It goes on in the same agent session.');
    expect((await room.homer('job', id).ended).output).toMatch(/lost .*\n.*done/);
    expect((await room.events(id)).filter(({ type }) => type === 'run.started')).toHaveLength(2);
    expect(job.usage.outputTokens).toBeGreaterThan(0);
  });

  test.each(['auto', 'none'])('of the runner in mid-tool (isolation: %s)', async (isolation) => {
    await open({ executor: { isolation } });
    const id = await room.submit(hangsOnce);
    await untilMidTool();
    const seen = model.requests.length;
    killNow(only(room.processes().runners));
    await expectResumed(id, seen);
  });

  test('of daemon, runner and agent at once: resumed after the next start', async () => {
    const daemon = await open();
    const id = await room.submit(hangsOnce);
    await untilMidTool();
    const seen = model.requests.length;
    const { agents, runners } = room.processes();
    for (const pid of [daemon.pid, only(runners), only(agents)]) killNow(pid);
    await daemon.ended;
    await room.serve();
    await expectResumed(id, seen);
    expect((await room.events(id)).map(({ type }) => type)).toContain('run.adopted');
  });

  test('before Claude Code wrote anything down: started anew under the same id, and told to check', async () => {
    const daemon = await open();
    const id = await room.submit(hangsOnce);
    await untilMidTool();
    const seen = model.requests.length;
    const { agents, runners } = room.processes();
    for (const pid of [daemon.pid, only(runners), only(agents)]) killNow(pid);
    await daemon.ended;
    // As it is when the kill comes a moment earlier.
    await rm(join(room.userHome, '.claude/projects'), { recursive: true });
    await room.serve();
    const job = await room.whenJob(id, ({ state }) => state !== 'running' && state !== 'queued');
    expect(job).toMatchObject({
      state: 'succeeded',
      result: { text: 'The tool said: second time I recall: CODEWORD-tangerine. Prompts seen: 1.' },
    });
    expect(job.runs[1]?.agentSessionId).toBe(job.runs[0]?.agentSessionId);
    expect(promptsOf(model.requests[seen]?.asked)).toEqual([`${resumePreamble}\n\n${hangsOnce}`]);
    // A session that could not be resumed is never replaced without a word.
    expect((await room.homer('logs', id).ended).output).toContain(
      'The agent has nothing of that session; it starts anew.',
    );
  });
});

describe('a model that refuses', () => {
  test('the key: the job fails and says how to mend it', async () => {
    await open();
    const run = await room.homer('run', 'ERR[401]').ended;
    expect(run).toMatchObject({ code: 1, output: '' });
    const job = await lastJob();
    expect(job).toMatchObject({ state: 'failed', error: { code: 'HOMER_AUTH' }, attempts: 0 });
    expect(job.error?.hint).toContain('Sign in (claude, then /login) or mend its key');
    expect(job.error?.hint).toContain(`homer retry ${job.id}`);
    expect(run.errorOutput).toContain(job.error?.hint);
    expect(job.runs).toHaveLength(1);
  });

  test('for the limit of a subscription: the job is parked until it is lifted, and goes on then', async () => {
    const key = { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: { env: 'MODEL_KEY' } };
    await open({ executor: { setEnv: key } });
    // Far enough for the first try to come before it on a busy machine.
    const resetsAt = Math.ceil(Date.now() / 1000) + 15;
    const run = room.homer('run', `LIMIT[${resetsAt}] CODEWORD-quince RECALL`);
    await run.says('It is parked until');
    const parked = await lastJob();
    expect(parked).toMatchObject({
      state: 'parked',
      dueAt: new Date(resetsAt * 1000).toISOString(),
      error: { code: 'HOMER_USAGE_LIMIT' },
      attempts: 0,
      runs: [{ verdict: 'rate_limited' }],
    });
    expect(await run.ended).toMatchObject({
      code: 0,
      output: 'I recall: CODEWORD-quince. Prompts seen: 2.\n',
    });
    const [first, second] = (await lastJob()).runs;
    expect(Date.parse(second?.startedAt ?? '')).toBeGreaterThanOrEqual(resetsAt * 1000);
    expect(second?.agentSessionId).toBe(first?.agentSessionId);
  });

  test('by not being there: the job is parked as offline', async () => {
    const { url } = await goneServer();
    await open({ executor: { setEnv: { ANTHROPIC_BASE_URL: url } } });
    const id = await room.submit('hello');
    const job = await room.whenJob(id, ({ state }) => state === 'parked' || state === 'failed');
    expect(job).toMatchObject({
      state: 'parked',
      error: { code: 'HOMER_OFFLINE' },
      attempts: 0,
      runs: [{ verdict: 'offline' }],
    });
    expect(Date.parse(job.dueAt ?? '')).toBeGreaterThan(Date.now());
  });

  test('by its own fault: tried again after a while, and counted', async () => {
    await open();
    const id = await room.submit('ERR[500]');
    const waits = await room.whenJob(id, ({ state, runs }) => state === 'queued' && runs.length === 1);
    expect(waits).toMatchObject({ attempts: 1, error: { code: 'HOMER_AGENT_ERROR' } });
    const again = await room.whenJob(id, ({ attempts }) => attempts === 2);
    const [first, second] = again.runs;
    expect(again).toMatchObject({ state: 'queued', crashes: 0 });
    expect([first?.verdict, second?.verdict]).toEqual(['agent_error', 'agent_error']);
    expect(Date.parse(second?.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(waits.dueAt ?? ''));
    expect(Date.parse(waits.dueAt ?? '')).toBeGreaterThan(Date.parse(first?.endedAt ?? ''));
  });
});

/** An address nobody answers at. */
async function goneServer(): Promise<{ readonly url: string }> {
  const server = await startModelServer();
  await server.stop();
  return { url: server.url };
}
