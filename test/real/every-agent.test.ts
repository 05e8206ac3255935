// Homer as its user has it drives every agent: the same cases for all seven, through the daemon and the command line, with the
// scripted model behind the real program. What was seen stands as a table in docs/executors.md, and a page that says
// something else fails here. `HOMER_WRITE_TABLES=1 npm run test:real -- test/real/every-agent.test.ts` writes it anew.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Job, JobAnswer } from '../../src/cli/answers.ts';
import { isEnded } from '../../src/core/job.ts';
import { resumePreamble } from '../../src/executors/preamble.ts';
import { promptsOf } from '../fixtures/model-server/script.ts';
import { startModelServer, type ModelServer, type RecordedRequest } from '../fixtures/model-server/server.ts';
import { cachedAgent } from './agent-cache.ts';
import { createTable, columns, type Column } from './agent-table.ts';
import { allSubjects, type AgentSubject } from './agent-subjects.ts';
import { agentVersions } from './agent-versions.ts';
import { escapees } from './escapees.ts';
import { createHomerRoom, killNow, whenChanged, type HomerRoom } from './homer-room.ts';
import { whenAsked } from './questions.ts';
import type { Program } from './program.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const table = createTable();

// Two agents at a time (`maxConcurrency`), each with its cases one after the other.
describe.concurrent.each(allSubjects)('$agent', (subject: AgentSubject) => {
  const { agent, shell } = subject;
  let model: ModelServer;
  let room: HomerRoom;
  let daemon: Program;

  beforeAll(async () => {
    const bin = await cachedAgent(agent);
    model = await startModelServer();
    room = await createHomerRoom({ model, subject, bin, others: { asking: { permissions: 'ask' } } });
    daemon = await room.serve();
  }, 600_000);
  afterAll(async () => {
    const leaked = await room.leaks();
    await room.clean();
    await model.stop();
    expect(leaked).toEqual([]);
  });

  /** A case in a directory of its own; it gives a reason where the agent cannot do what is asked. */
  function seen(column: Column, does: (cwd: string) => Promise<string | undefined | void>): void {
    test(columns[column], { concurrent: false }, async () => {
      const cwd = join(room.cwd, column);
      mkdirSync(cwd);
      const since = performance.now();
      const reason = await does(cwd);
      table.note(agent, column, reason ?? null, performance.now() - since);
      await room.whenQuiet();
    });
  }

  const asks = (text: string) => (request: RecordedRequest) =>
    promptsOf(request.asked).join('\n').includes(text);
  const whenEnded = (id: string): Promise<Job> => room.whenJob(id, ({ state }) => isEnded(state));
  const effect = (cwd: string): string => readFileSync(join(cwd, 'effect'), 'utf8');

  /** Rejects when the job ends without. */
  const whileRunning = (id: string, happens: Promise<unknown>): Promise<unknown> =>
    Promise.race([
      happens,
      whenEnded(id).then((job) => Promise.reject(new Error(`It ended: ${JSON.stringify(job)}`))),
    ]);

  async function restart(): Promise<void> {
    daemon.signal('SIGKILL');
    expect((await daemon.ended).code).toBeNull();
    daemon = await room.serve();
  }

  seen('plain', async (cwd) => {
    const run = await room.homer('run', '-C', cwd, 'hello').ended;
    expect(run).toMatchObject({ code: 0, output: 'Hello from the scripted model.\n' });
    expect(JSON.stringify(model.requests.map(({ headers }) => headers))).toContain(room.key);
  });

  seen('tool', async (cwd) => {
    const id = await room.submit('-C', cwd, 'RUN[echo from-the-tool; echo x >> effect]RUN');
    expect(await whenEnded(id)).toMatchObject({
      state: 'succeeded',
      result: { text: expect.stringContaining('from-the-tool') as string },
      runs: [{ verdict: 'done' }],
    });
    expect(effect(cwd)).toBe('x\n');
  });

  seen('cancelStream', async (cwd) => {
    const id = await room.submit('-C', cwd, 'CODEWORD-stream SLOW[]');
    await model.whenRequested(asks('CODEWORD-stream'));
    await cancel(id);
  });

  seen('cancelTool', async (cwd) => {
    const away = escapees(cwd);
    const id = await room.submit('-C', cwd, `RUN[${away.command}]RUN`);
    await whileRunning(
      id,
      whenChanged(cwd, () => existsSync(join(cwd, 'up'))),
    );
    expect(away.alive()).toHaveLength(away.count);
    await cancel(id);
    expect(away.alive()).toEqual([]);
  });

  async function cancel(id: string): Promise<void> {
    const since = performance.now();
    expect(await room.homer('cancel', id).ended).toMatchObject({ code: 0 });
    expect(await whenEnded(id)).toMatchObject({ state: 'cancelled', runs: [{ verdict: 'cancelled' }] });
    expect(performance.now() - since).toBeLessThan(15_000);
  }

  seen('daemonKilled', async (cwd) => {
    execFileSync('mkfifo', [join(cwd, 'gate')]);
    const caller = room.homer('run', '-C', cwd, 'CODEWORD-adopted RUN[echo x >> effect; cat gate]RUN');
    await whenChanged(cwd, () => existsSync(join(cwd, 'effect')));
    const before = room.processes();
    expect(before.agents).toHaveLength(1);
    await restart();
    expect(room.processes()).toMatchObject({ runners: before.runners, agents: before.agents });
    await writeFile(join(cwd, 'gate'), 'from-the-gate\n');
    const { code, output } = await caller.ended;
    expect(output).toContain('from-the-gate');
    expect(code).toBe(0);
    const { job } = JSON.parse((await room.homer('job', 'last', '--json').ended).output) as JobAnswer;
    expect(job).toMatchObject({ state: 'succeeded', crashes: 0, runs: [{ verdict: 'done' }] });
    expect(effect(cwd)).toBe('x\n');
    const told = (await room.events(job.id)).map(({ type }) => type);
    expect(told.filter((type) => type === 'run.adopted')).toHaveLength(1);
    expect(told.filter((type) => type === 'job.succeeded')).toHaveLength(1);
  });

  seen('agentKilled', async (cwd) => {
    const prompt =
      'CODEWORD-cut RECALL RUN[if test -e effect; then echo second time; ' +
      "else sh -c 'echo x >> effect; exec tail -f /dev/null'; fi]RUN";
    const id = await room.submit('-C', cwd, prompt);
    await whileRunning(
      id,
      whenChanged(cwd, () => existsSync(join(cwd, 'effect'))),
    );
    // What the model said before its call; Gemini CLI writes that down only with what the tool gave back.
    await room.whenWritten('CODEWORD-cut', ...(agent === 'gemini' ? [] : ['I will use a tool.']));
    const { agents } = room.processes();
    expect(agents).toHaveLength(1);
    const requests = model.requests.length;
    agents.forEach(killNow);
    const job = await whenEnded(id);
    expect(job).toMatchObject({ state: 'succeeded', attempts: 0, crashes: 1 });
    expect(job.result?.text).toMatch(/second time[^]*I recall: CODEWORD-cut/);
    expect(job.runs.map(({ verdict }) => verdict)).toEqual(['lost', 'done']);
    expect(job.runs[0]?.agentSessionId).toEqual(expect.any(String));
    expect(job.runs[1]?.agentSessionId).toBe(job.runs[0]?.agentSessionId);
    const told = model.requests.slice(requests).find(asks('CODEWORD-cut'));
    expect(promptsOf(told?.asked).at(0)).toContain(prompt);
    expect(promptsOf(told?.asked).at(-1)).toContain(`${resumePreamble}\n\n${prompt}`);
    expect(effect(cwd)).toBe('x\n');
  });

  seen('session', async (cwd) => {
    const client = await room.client();
    const send = async (prompt: string): Promise<string> => {
      const body = { prompt, session: 'talk', cwd };
      return (await client.call<JobAnswer>('jobs.create', { body })).job.id;
    };
    // Whichever comes first is slow enough for the other to have to wait.
    const sent = await Promise.all(
      ['first', 'second'].map((word) => send(`CODEWORD-${word} RECALL SLOW[1]`)),
    );
    const jobs = await Promise.all(sent.map(whenEnded));
    expect(jobs.map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
    // Ids sort in the order of acceptance.
    const [earlier, later] = jobs.sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(later?.runs[0]?.agentSessionId).toBe(earlier?.runs[0]?.agentSessionId);
    expect(Date.parse(later?.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(earlier?.endedAt ?? ''));
    const history = model.requests.filter(asks('CODEWORD-first')).find(asks('CODEWORD-second'));
    expect(promptsOf(history?.asked)).toEqual(
      [earlier, later].map((job) => expect.stringContaining(job?.prompt ?? '') as string),
    );
    expect(later?.result?.text).toMatch(/I recall: (CODEWORD-\w+ ?){2}\. Prompts seen: 2\./);
  });

  seen('key', async (cwd) => {
    const id = await room.submit('-C', cwd, 'ERR[401]');
    await model.whenRequested(asks('ERR[401]'));
    const since = performance.now();
    const job = await whenEnded(id);
    expect(performance.now() - since).toBeLessThan(10_000);
    expect(job).toMatchObject({
      state: 'failed',
      error: { code: 'HOMER_AUTH' },
      runs: [{ verdict: 'auth' }],
    });
    expect(job.error?.hint).toMatch(/^Sign in \(.+\) or mend its key/);
  });

  seen('person', async (cwd) => {
    const id = await room.submit('-C', cwd, '-x', 'asking', 'RUN[echo x >> effect]RUN');
    const reason = unasked[agent];
    if (reason !== undefined) {
      expect(await whenEnded(id)).toMatchObject({ state: 'succeeded' });
      expect((await whenAsked(room, id, 0)).length).toBe(0);
      return reason;
    }
    const [asked] = await whenAsked(room, id, 1);
    expect(asked).toMatchObject({ state: 'pending', tool: shell });
    expect(JSON.stringify(asked?.input)).toContain('echo x >> effect');
    expect(existsSync(join(cwd, 'effect'))).toBe(false);
    await restart();
    expect(await whenAsked(room, id, 1)).toEqual([asked]);
    const client = await room.client();
    const params = { id: asked?.id ?? '' };
    await client.call('approvals.allow', { params });
    expect(await whenEnded(id)).toMatchObject({ state: 'succeeded', runs: [{ verdict: 'done' }] });
    expect(effect(cwd)).toBe('x\n');
    // The same answer again is no second one; another comes too late, and is told who was first.
    expect(await client.call('approvals.allow', { params })).toMatchObject({
      approval: { id: asked?.id, state: 'allowed' },
    });
    await expect(client.call('approvals.deny', { params })).rejects.toMatchObject({
      code: 'HOMER_APPROVAL_ANSWERED',
      message: expect.stringMatching(/^http:\S+ allowed it/) as string,
    });
    expect(effect(cwd)).toBe('x\n');
    return undefined;
  });
});

/** What agents do that have no way to ask. */
const unasked: Readonly<Partial<Record<AgentSubject['agent'], string>>> = {
  codex: 'cannot ask: writes in its directory only',
  gemini: 'cannot ask: is not offered the tool',
  pi: 'cannot ask: is not offered the tool',
};

test('docs/executors.md says what was seen', () => {
  const complete = allSubjects.every(({ agent }) => table.isComplete(agent));
  // Some cases were left out or failed: there is nothing to compare then.
  if (!complete) return;
  const versions = (agent: AgentSubject['agent']): string => agentVersions[agent].version;
  const rows = table.write(allSubjects.map(({ agent }) => ({ agent, version: versions(agent) })));
  if (process.env['HOMER_WRITE_TABLES'] === '1') table.replaceInPage(rows);
  expect(table.withoutTimes(table.readPage())).toEqual(table.withoutTimes(rows));
});
