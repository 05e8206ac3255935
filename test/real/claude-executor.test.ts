// The real Claude Code against the scripted model: what the executor relies on is what this version does.

import { randomUUID } from 'node:crypto';
import { on } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Permissions } from '../../src/core/agent.ts';
import type { ExecutorSettings, Turn } from '../../src/executors/executor.ts';
import { openExecutor } from '../../src/executors/open.ts';
import { resumePreamble, turnAs } from '../../src/executors/preamble.ts';
import { objectsOf } from '../fixtures/model-server/dialect.ts';
import { promptsOf, toolResultsOf } from '../fixtures/model-server/script.ts';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';
import { startAgent, type AgentProcess, type Ending } from './agent-process.ts';

// A first start on a cold cache is slow, and failing requests are retried by the agent.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const executor = openExecutor('claude');
let bin = '';
let root = '';
let cwd = '';
let model: ModelServer;
let started: AgentProcess[] = [];

beforeAll(async () => {
  bin = await cachedAgent('claude');
}, 600_000);
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'homer-claude-'));
  cwd = join(root, 'work');
  await mkdir(cwd);
  await mkdir(join(root, 'home'));
  model = await startModelServer();
});
afterEach(async () => {
  for (const agent of started) agent.kill('SIGKILL');
  await Promise.all(started.map((agent) => agent.ended));
  started = [];
  await model.stop();
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
});

function settings(permissions: Permissions, more: Partial<ExecutorSettings> = {}): ExecutorSettings {
  return {
    kind: 'claude',
    name: 'claude',
    bin,
    args: [],
    permissions,
    input: 'stdin',
    model: null,
    maxTurns: null,
    maxBudgetUsd: null,
    ...more,
  };
}

function turn(prompt: string, more: Partial<Turn> = {}): Turn {
  return { prompt, cwd, session: { id: randomUUID(), mode: 'new' }, preamble: null, ...more };
}

function start(
  config: ExecutorSettings,
  task: Turn,
  env: Readonly<Record<string, string>> = {},
): AgentProcess {
  const agent = startAgent(executor, config, task, {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: join(root, 'home'),
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    TMPDIR: root,
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: 'sk-not-a-real-key',
    ...env,
  });
  started.push(agent);
  return agent;
}

async function verdictOf(agent: AgentProcess): Promise<Extract<Ending, { end: unknown }>['end']> {
  const ending = await agent.ended;
  if (!('end' in ending)) throw new Error(`Expected an end, got ${JSON.stringify(ending)}`);
  return ending.end;
}

/** Resolves when the condition holds; the directory and all below it are watched, not polled. */
async function when(directory: string, holds: () => Promise<boolean>): Promise<void> {
  const watcher = watch(directory, { recursive: true });
  try {
    // Created before the first look, so that no change is missed in between.
    const changes = on(watcher, 'change');
    while (!(await holds())) await changes.next();
  } finally {
    watcher.close();
  }
}

/** What Claude Code has written down of a session; it does so a moment after it has said it. */
async function transcriptOf(sessionId: string): Promise<string> {
  const projects = join(root, 'home/.claude/projects');
  const files = existsSync(projects) ? await readdir(projects, { recursive: true }) : [];
  const file = files.find((name) => name.endsWith(`${sessionId}.jsonl`));
  return file === undefined ? '' : readFile(join(projects, file), 'utf8');
}

describe('a turn', () => {
  test('answers and ends by itself', async () => {
    const task = turn('hello');
    const agent = start(settings('ask'), task);
    expect(await verdictOf(agent)).toEqual({
      type: 'end',
      verdict: 'done',
      text: 'Hello from the scripted model.',
    });
    const inputTokens = expect.any(Number) as number;
    expect(agent.events).toEqual([
      { type: 'session', agentSessionId: task.session.id, model: expect.any(String) as string },
      // What is known when the call begins; a limit is kept by it.
      {
        type: 'usage',
        inputTokens,
        outputTokens: expect.any(Number) as number,
        costUsd: null,
        turns: 1,
      },
      { type: 'text', text: 'Hello from the scripted model.' },
      {
        type: 'usage',
        inputTokens,
        outputTokens: 20,
        costUsd: expect.any(Number) as number,
        turns: 1,
      },
      // Told before the exit: should the runner be killed now, nothing has to be done again.
      { type: 'end', verdict: 'done', text: 'Hello from the scripted model.' },
    ]);
  });

  test('uses a tool', async () => {
    const agent = start(settings('all'), turn('RUN[echo from-the-tool; touch made]RUN'));
    expect(await verdictOf(agent)).toMatchObject({ verdict: 'done', text: 'The tool said: from-the-tool' });
    expect(agent.events.filter((event) => event.type.startsWith('tool'))).toEqual([
      {
        type: 'tool_start',
        toolId: expect.any(String) as string,
        name: 'Bash',
        summary: 'echo from-the-tool; touch made',
      },
      { type: 'tool_end', toolId: expect.any(String) as string, ok: true, summary: 'from-the-tool' },
    ]);
    expect(existsSync(join(cwd, 'made'))).toBe(true);
  });

  test('is given no tool that needs a terminal or outlives its turn', async () => {
    await verdictOf(start(settings('ask'), turn('hello')));
    const offered = JSON.stringify(model.requests[0]?.body);
    expect(offered).toContain('"Bash"');
    for (const tool of ['AskUserQuestion', 'ScheduleWakeup', 'CronCreate', 'EnterPlanMode', 'Monitor'])
      expect(offered).not.toContain(tool);
  });

  test('cannot leave a command in the background, and may let one take as long as a run', async () => {
    await verdictOf(start(settings('ask'), turn('hello')));
    const bash = JSON.stringify(
      objectsOf(model.requests[0]?.body['tools']).find((tool) => tool['name'] === 'Bash'),
    );
    expect(bash).not.toContain('run_in_background');
    expect(bash).toContain('max 1800000');
  });

  test('stops at the limits of turns and money', async () => {
    const run = turn('RUN[echo a]RUN');
    expect(await verdictOf(start(settings('all', { maxTurns: 1 }), run))).toMatchObject({
      verdict: 'max_turns',
    });
    const again = turn('RUN[echo a]RUN');
    expect(await verdictOf(start(settings('all', { maxBudgetUsd: 0.001 }), again))).toMatchObject({
      verdict: 'budget',
    });
  });
});

describe('permissions', () => {
  test('ask: asks, waits for a person, and does what was allowed', async () => {
    const agent = start(settings('ask'), turn('RUN[touch made]RUN'));
    const asked = await agent.whenEvent('permission');
    expect(asked).toMatchObject({ tool: 'Bash', input: { command: 'touch made' } });
    expect(existsSync(join(cwd, 'made'))).toBe(false);
    agent.answer({ requestId: asked.requestId, allow: true });
    expect(await verdictOf(agent)).toMatchObject({ verdict: 'done' });
    expect(existsSync(join(cwd, 'made'))).toBe(true);
  });

  test('ask: does not do what a person denied, and is told why', async () => {
    const agent = start(settings('ask'), turn('RUN[touch made]RUN'));
    const { requestId } = await agent.whenEvent('permission');
    agent.answer({ requestId, allow: false, message: 'Not on a Sunday.' });
    const end = await verdictOf(agent);
    expect(end).toMatchObject({ verdict: 'denied', message: 'Denied: Bash.' });
    expect(end.text).toContain('Not on a Sunday.');
    expect(agent.events.find((event) => event.type === 'tool_end')).toMatchObject({ ok: false });
    expect(existsSync(join(cwd, 'made'))).toBe(false);
  });

  test('edits: files may be written, commands are asked for', async () => {
    const write = JSON.stringify({ file_path: join(cwd, 'note'), content: 'hey' });
    expect(await verdictOf(start(settings('edits'), turn(`TOOL[Write ${write}]TOOL`)))).toMatchObject({
      verdict: 'done',
    });
    expect(await readFile(join(cwd, 'note'), 'utf8')).toBe('hey');
    const agent = start(settings('edits'), turn("RUN[sh -c 'echo x > made']RUN"));
    const { requestId } = await agent.whenEvent('permission');
    agent.answer({ requestId, allow: false });
    expect(await verdictOf(agent)).toMatchObject({ verdict: 'denied' });
    expect(existsSync(join(cwd, 'made'))).toBe(false);
  });

  test('none: only tools that read are there at all', async () => {
    const end = await verdictOf(start(settings('none'), turn('RUN[touch made]RUN')));
    expect(end).toMatchObject({ verdict: 'done', text: 'I was not given a tool for commands.' });
    const offered = model.requests[0]?.asked.tools ?? [];
    // The placeholder is an empty one that keeps the request's shape.
    expect(offered.filter((name) => name !== 'DeferredToolPlaceholder').sort()).toEqual([
      'Glob',
      'Grep',
      'Read',
    ]);
  });
});

describe('a model that fails', () => {
  test('a wrong key is auth, and told within seconds', async () => {
    const agent = start(settings('ask'), turn('ERR[401]'));
    expect(await verdictOf(agent)).toMatchObject({
      verdict: 'auth',
      message: expect.stringContaining('401') as string,
    });
    expect(agent.events.filter((event) => event.type === 'text' && event.stream === undefined)).toEqual([]);
  });

  test('no key at all is auth', async () => {
    const agent = start(settings('ask'), turn('hello'), { ANTHROPIC_API_KEY: '' });
    expect(await verdictOf(agent)).toMatchObject({
      verdict: 'auth',
      message: 'Not logged in · Please run /login',
    });
  });

  test('too many requests is rate_limited, the time unknown', async () => {
    const agent = start(settings('ask'), turn('ERR[429]'));
    const end = await verdictOf(agent);
    expect(end.verdict).toBe('rate_limited');
    expect(end.until).toBeUndefined();
    expect(agent.events.filter((event) => event.type === 'retry').map((event) => event.attempt)).toEqual([
      1, 2,
    ]);
  });

  test('the usage limit of a subscription is rate_limited until its reset', async () => {
    const env = { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-not-a-real-token' };
    const agent = start(settings('ask'), turn('LIMIT[2000000000]'), env);
    expect(await verdictOf(agent)).toMatchObject({ verdict: 'rate_limited', until: 2_000_000_000_000 });
    expect(agent.events.find((event) => event.type === 'limit')).toEqual({
      type: 'limit',
      reason: 'five hour limit',
      until: 2_000_000_000_000,
    });
  });

  test('a broken server is agent_error, one that is not there is offline', async () => {
    expect(await verdictOf(start(settings('ask'), turn('ERR[500]')))).toMatchObject({
      verdict: 'agent_error',
    });
    const url = model.url;
    await model.stop();
    const agent = start(settings('ask'), turn('hello'), { ANTHROPIC_BASE_URL: url });
    expect(await verdictOf(agent)).toMatchObject({ verdict: 'offline' });
  });
});

describe('being cut off', () => {
  test('an interrupt ends a stream at once and tells so', async () => {
    const agent = start(settings('ask'), turn('SLOW[]'));
    await model.whenRequested(() => true);
    await agent.whenEvent('session');
    agent.cancel();
    expect(await verdictOf(agent)).toMatchObject({
      verdict: 'agent_error',
      message: 'Claude Code was interrupted.',
    });
  });

  test('killed in mid-tool it is lost; resumed, it knows what it was doing and is told to check', async () => {
    const prompt =
      "CODEWORD-tangerine RECALL RUN[if test -e pid; then echo second time; else sh -c 'echo $$ > pid.new; mv pid.new pid; exec tail -f /dev/null'; fi]RUN";
    const task = turn(prompt);
    const agent = start(settings('all'), task);
    await agent.whenEvent('tool_start');
    await when(cwd, async () => existsSync(join(cwd, 'pid')));
    await when(join(root, 'home'), async () =>
      (await transcriptOf(task.session.id ?? '')).includes('"tool_use"'),
    );
    agent.kill('SIGKILL');
    expect(await verdictOf(agent)).toMatchObject({ verdict: 'lost' });
    expect(agent.events.some((event) => event.type === 'tool_end')).toBe(false);
    // The tool lives on (in its own process group): ending the tree is the runner's task, here it is the test's.
    process.kill(Number(await readFile(join(cwd, 'pid'), 'utf8')), 'SIGKILL');

    const seen = model.requests.length;
    const resumed = start(settings('all'), {
      ...turnAs(task, 'resume'),
      prompt: 'RECALL RUN[test -e pid && echo second time]RUN',
    });
    expect(await verdictOf(resumed)).toMatchObject({
      verdict: 'done',
      text: 'The tool said: second time I recall: CODEWORD-tangerine. Prompts seen: 2.',
    });
    expect(resumed.events[0]).toMatchObject({ type: 'session', agentSessionId: task.session.id });
    const told = model.requests[seen]?.asked;
    expect(promptsOf(told).at(0)).toBe(prompt);
    expect(promptsOf(told).at(-1)).toContain(resumePreamble);
    expect(toolResultsOf(told).join(' ')).toMatch(/interrupted/i);
  });

  test('killed before it wrote anything down, its session is started anew under the same id', async () => {
    const task = turn('CODEWORD-plum RECALL');
    const resumed = start(settings('ask'), turnAs(task, 'resume'));
    expect(await resumed.ended).toEqual({ respawnAs: 'new' });
    const anew = start(settings('ask'), turnAs(turnAs(task, 'resume'), 'new'));
    expect(await verdictOf(anew)).toMatchObject({
      verdict: 'done',
      text: 'I recall: CODEWORD-plum. Prompts seen: 1.',
    });
    expect(anew.events[0]).toMatchObject({ agentSessionId: task.session.id });
  });

  test('a session that should be there and is not is told, never replaced', async () => {
    const task = turn('hello', { session: { id: randomUUID(), mode: 'resume' } });
    expect(await verdictOf(start(settings('ask'), task))).toMatchObject({
      verdict: 'session_lost',
      message: `Claude Code no longer has the session ${task.session.id ?? ''}.`,
    });
  });

  test('an id that an earlier start has used is resumed', async () => {
    const task = turn('CODEWORD-fig RECALL');
    await verdictOf(start(settings('ask'), task));
    const again = start(settings('ask'), task);
    expect(await again.ended).toEqual({ respawnAs: 'resume' });
    const resumed = start(settings('ask'), turnAs(task, 'resume'));
    expect(await verdictOf(resumed)).toMatchObject({ text: 'I recall: CODEWORD-fig. Prompts seen: 2.' });
  });
});
