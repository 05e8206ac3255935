// The real Gemini CLI against the scripted model: what the executor relies on is what this version does.

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Permissions } from '../../src/core/agent.ts';
import type { ExecutorSettings, Turn } from '../../src/executors/executor.ts';
import { openExecutor } from '../../src/executors/open.ts';
import { resumePreamble, turnAs } from '../../src/executors/preamble.ts';
import { promptsOf, toolResultsOf } from '../fixtures/model-server/script.ts';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';
import { pointAt, subjects } from './agent-subjects.ts';
import { startAgent, type AgentProcess, type Ending } from './agent-process.ts';
import { whenChanged } from './homer-room.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const executor = openExecutor('gemini');
let bin = '';
let root = '';
let home = '';
let cwd = '';
let model: ModelServer;
let started: AgentProcess[] = [];

beforeAll(async () => {
  bin = await cachedAgent('gemini');
}, 600_000);
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'homer-gemini-'));
  [home, cwd] = [join(root, 'home'), join(root, 'work')];
  await mkdir(cwd);
  model = await startModelServer();
  await pointAt(subjects.gemini, home, model.url);
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
    kind: 'gemini',
    name: 'gemini',
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
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    TMPDIR: root,
    GOOGLE_GEMINI_BASE_URL: model.url,
    GEMINI_API_KEY: 'not-a-real-key',
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

/** All that Gemini CLI has written down of the sessions of the working directory. */
async function transcripts(): Promise<string> {
  const chats = join(home, '.gemini/tmp/work/chats');
  const files = existsSync(chats) ? await readdir(chats) : [];
  return (await Promise.all(files.map((name) => readFile(join(chats, name), 'utf8')))).join('');
}

const offeredTools = (): readonly string[] => [...(model.requests[0]?.asked.tools ?? [])].sort();

describe('a turn', () => {
  test('answers and ends by itself, in the session it was given', async () => {
    const task = turn('hello');
    const agent = start(settings('ask'), task);
    const done = { type: 'end', verdict: 'done', text: 'Hello from the scripted model.' };
    expect(await verdictOf(agent)).toEqual(done);
    expect(agent.events).toEqual([
      { type: 'session', agentSessionId: task.session.id, model: 'auto' },
      { type: 'text', text: 'Hello from the scripted model.' },
      {
        type: 'usage',
        inputTokens: expect.any(Number) as number,
        outputTokens: expect.any(Number) as number,
        costUsd: null,
        turns: 1,
      },
      done,
    ]);
    expect(promptsOf(model.requests[0]?.asked)).toEqual(['hello']);
  });

  test('gets a prompt of 900 kB, and one a shell would make something of, as it is', async () => {
    const long = `CODEWORD-first ${'é0123456789 '.repeat(70_000)}CODEWORD-last`;
    const awkward = `it's "quoted" $HOME $(touch made) \`id\` $& %s \\n\nsecond line — ünïcødé 🦉 /not a command`;
    await verdictOf(start(settings('ask'), turn(long)));
    await verdictOf(start(settings('ask'), turn(awkward)));
    expect(Buffer.byteLength(long)).toBeGreaterThan(900_000);
    expect(model.requests.map(({ asked }) => promptsOf(asked))).toEqual([[long], [awkward]]);
  });

  test('uses a tool', async () => {
    const agent = start(settings('all'), turn('RUN[echo from-the-tool; touch made]RUN'));
    expect(await verdictOf(agent)).toMatchObject({ verdict: 'done', text: 'The tool said: from-the-tool' });
    expect(agent.events.filter((event) => event.type.startsWith('tool'))).toEqual([
      {
        type: 'tool_start',
        toolId: expect.any(String) as string,
        name: 'run_shell_command',
        summary: 'echo from-the-tool; touch made',
      },
      { type: 'tool_end', toolId: expect.any(String) as string, ok: true, summary: 'from-the-tool' },
    ]);
    expect(existsSync(join(cwd, 'made'))).toBe(true);
  });

  test('is done by the model that is configured', async () => {
    await verdictOf(start(settings('ask', { model: 'gemini-2.5-pro' }), turn('hello')));
    expect(model.requests[0]?.asked.model).toBe('gemini-2.5-pro');
  });
});

describe('permissions', () => {
  test('ask: it has no tool that changes anything, and asks nobody', async () => {
    const agent = start(settings('ask'), turn('RUN[touch made]RUN'));
    expect(await verdictOf(agent)).toMatchObject({
      verdict: 'done',
      text: 'I was not given a tool for commands.',
    });
    expect(agent.events.some(({ type }) => type === 'permission')).toBe(false);
    for (const tool of ['run_shell_command', 'write_file', 'replace'])
      expect(offeredTools()).not.toContain(tool);
  });

  test('edits: files may be written, commands may not be run', async () => {
    const write = JSON.stringify({ file_path: join(cwd, 'note'), content: 'hey' });
    expect(await verdictOf(start(settings('edits'), turn(`TOOL[write_file ${write}]TOOL`)))).toMatchObject({
      verdict: 'done',
    });
    expect(await readFile(join(cwd, 'note'), 'utf8')).toBe('hey');
    expect(offeredTools()).not.toContain('run_shell_command');
  });

  test('none: only tools that read are there, whatever the rules of the user allow', async () => {
    await mkdir(join(home, '.gemini/policies'));
    await writeFile(
      join(home, '.gemini/policies/mine.toml'),
      '[[rule]]\ntoolName = "run_shell_command"\ndecision = "allow"\npriority = 999\n',
    );
    await verdictOf(start(settings('none'), turn('hello')));
    expect(offeredTools()).toEqual(['glob', 'grep_search', 'list_directory', 'read_file', 'update_topic']);
    // The rule is one that counts otherwise.
    const seen = model.requests.length;
    await verdictOf(start(settings('ask'), turn('hello')));
    expect(model.requests[seen]?.asked.tools).toContain('run_shell_command');
  });
});

describe('a model that fails', () => {
  test('a wrong key is auth, and told within seconds', async () => {
    const since = performance.now();
    const end = await verdictOf(start(settings('ask'), turn('ERR[401]')));
    expect(end).toMatchObject({ verdict: 'auth', message: 'scripted error 401 (401)' });
    expect(performance.now() - since).toBeLessThan(10_000);
  });

  test('nobody signed in is auth, with what to do', async () => {
    const noKey = start(settings('ask'), turn('hello'), { GEMINI_API_KEY: '' });
    expect(await verdictOf(noKey)).toMatchObject({
      verdict: 'auth',
      message: expect.stringMatching(/not signed in.*GEMINI_API_KEY/s) as string,
    });
    await rm(join(home, '.gemini'), { recursive: true });
    expect(await verdictOf(start(settings('ask'), turn('hello')))).toMatchObject({
      verdict: 'auth',
      message: expect.stringContaining('security.auth.selectedType') as string,
    });
    expect(model.requests).toEqual([]);
  });

  test('a limit with a time far off is rate_limited until then', async () => {
    const resetsAt = Math.ceil(Date.now() / 1000) + 3600;
    const end = await verdictOf(start(settings('ask'), turn(`LIMIT[${resetsAt}]`)));
    expect(end.verdict).toBe('rate_limited');
    expect(Math.abs((end.until ?? 0) - resetsAt * 1000)).toBeLessThan(5_000);
  });
});

describe('being cut off', () => {
  test('told to stop in mid-stream it goes at once', async () => {
    const agent = start(settings('ask'), turn('SLOW[]'));
    await agent.whenEvent('text');
    agent.kill('SIGTERM');
    const since = performance.now();
    expect(await verdictOf(agent)).toMatchObject({ verdict: 'agent_error' });
    expect(performance.now() - since).toBeLessThan(3_000);
  });

  test('killed in mid-stream it is lost; resumed, it knows what it was asked', async () => {
    // The history then ends with this prompt, so the words are streamed once more.
    const task = turn('CODEWORD-quince SLOW[2]');
    const agent = start(settings('ask'), task);
    await agent.whenEvent('text');
    await whenChanged(home, async () => (await transcripts()).includes('CODEWORD-quince'));
    agent.kill('SIGKILL');
    expect(await verdictOf(agent)).toMatchObject({ verdict: 'lost' });
    const resumed = start(settings('ask'), { ...turnAs(task, 'resume'), prompt: 'RECALL' });
    expect(await verdictOf(resumed)).toMatchObject({
      verdict: 'done',
      text: expect.stringContaining('I recall: CODEWORD-quince. Prompts seen: 2.') as string,
    });
  });

  test('killed in mid-tool it is lost; resumed, only the preamble tells it that a call was cut off', async () => {
    const prompt =
      "CODEWORD-tangerine RECALL RUN[sh -c 'echo $$ > pid.new; mv pid.new pid; exec tail -f /dev/null']RUN";
    const task = turn(prompt);
    const agent = start(settings('all'), task);
    await agent.whenEvent('tool_start');
    await whenChanged(cwd, () => existsSync(join(cwd, 'pid')));
    agent.kill('SIGKILL');
    expect(await verdictOf(agent)).toMatchObject({ verdict: 'lost' });
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
    expect(toolResultsOf(told)).toEqual([]);
  });
});

describe('a session', () => {
  test('that was never written down is started anew under the same id when its turn was interrupted', async () => {
    const task = turn('CODEWORD-plum RECALL');
    expect(await start(settings('ask'), turnAs(task, 'resume')).ended).toEqual({ respawnAs: 'new' });
    const anew = start(settings('ask'), turnAs(turnAs(task, 'resume'), 'new'));
    expect(await verdictOf(anew)).toMatchObject({ text: 'I recall: CODEWORD-plum. Prompts seen: 1.' });
    expect(anew.events[0]).toMatchObject({ agentSessionId: task.session.id });
  });

  test('that should be there and is not is told, never replaced', async () => {
    const gone = randomUUID();
    const task = turn('hello', { session: { id: gone, mode: 'resume', established: true } });
    const message = `Gemini CLI has no session ${gone} for ${cwd}; it keeps sessions by the folder they were started in.`;
    const told = { type: 'end', verdict: 'session_lost', message };
    expect(await verdictOf(start(settings('ask'), task))).toEqual(told);
    // The same where the folder has other sessions.
    await verdictOf(start(settings('ask'), turn('hello')));
    expect(await verdictOf(start(settings('ask'), { ...task, preamble: resumePreamble }))).toEqual(told);
  });

  test('belongs to its folder', async () => {
    const task = turn('hello');
    await verdictOf(start(settings('ask'), task));
    const elsewhere = join(root, 'elsewhere');
    await mkdir(elsewhere);
    const session = { ...task.session, mode: 'resume' } as const;
    const moved = start(settings('ask'), { ...task, cwd: elsewhere, session });
    expect(await verdictOf(moved)).toMatchObject({ verdict: 'session_lost' });
  });

  test('whose id an earlier start has used is resumed', async () => {
    const task = turn('CODEWORD-fig RECALL');
    await verdictOf(start(settings('ask'), task));
    expect(await start(settings('ask'), task).ended).toEqual({ respawnAs: 'resume' });
    const resumed = start(settings('ask'), turnAs(task, 'resume'));
    expect(await verdictOf(resumed)).toMatchObject({ text: 'I recall: CODEWORD-fig. Prompts seen: 2.' });
  });
});
