// Conversations with the daemon as a user has it, and an agent that remembers what it was told.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readRecord } from '../../src/lifecycle/record.ts';
import { openRoom, type Room } from './cli-process.ts';

let room: Room;

const talker = join(import.meta.dirname, '../fixtures/agents/talker.ts');

const agent = { kind: 'claude', bin: process.execPath, args: [talker], permissions: 'all' };

function configure(more: Record<string, unknown> = {}): void {
  mkdirSync(room.home, { recursive: true, mode: 0o700 });
  const config = {
    executors: { talk: agent, other: agent, cat: { kind: 'command', argv: ['cat'], transcript: true } },
    defaultExecutor: 'talk',
    ...more,
  };
  writeFileSync(join(room.home, 'config.yaml'), JSON.stringify(config));
}

beforeEach(async () => {
  room = await openRoom();
  configure();
});

afterEach(() => room.close());

async function homer(...args: string[]): Promise<string> {
  const ended = await room.run(args);
  expect(`${ended.code} ${ended.stderr}`).toMatch(/^0 /);
  return ended.stdout.trimEnd();
}

/** All that the agent was told in its session so far, as the answer to this turn says. */
async function turn(session: string, prompt: string, ...more: string[]): Promise<string[]> {
  return JSON.parse(await homer('run', '-s', session, ...more, prompt)) as string[];
}

async function json<Answer>(...args: string[]): Promise<Answer> {
  return JSON.parse(await homer(...args, '--json')) as Answer;
}

interface Shown {
  readonly session: { readonly id: string; readonly state: string; readonly agentSessionId: string | null };
  readonly turns: readonly {
    readonly id: string;
    readonly state: string;
    readonly error: { code: string } | null;
  }[];
}
const show = (name: string): Promise<Shown> => json<Shown>('sessions', 'show', name);

const memory = (): string => join(room.work, '.talker');

function forgetAll(): void {
  for (const file of readdirSync(memory())) rmSync(join(memory(), file));
}

/** A pipe at which a turn waits until `let go` is called. */
function gate(): { readonly path: string; readonly letGo: () => Promise<void> } {
  const path = join(room.work, 'gate');
  execFileSync('mkfifo', [path]);
  return {
    path,
    letGo: async () => {
      const file = await open(path, 'w');
      await file.close();
      rmSync(path);
    },
  };
}

async function killDaemon(): Promise<void> {
  const record = await readRecord(room.home);
  if (record === null) throw new Error('No daemon runs.');
  process.kill(record.pid, 'SIGKILL');
}

describe('a conversation', () => {
  test('goes on turn by turn in one agent session, over a killed daemon', async () => {
    expect(await turn('web', 'one')).toEqual(['one']);
    await killDaemon();
    expect(await turn('web', 'two')).toEqual(['one', 'two']);
    expect(await turn('other', 'three')).toEqual(['three']);
    expect(readdirSync(memory())).toHaveLength(2);
    const { session, turns } = await show('web');
    expect(session.state).toBe('idle');
    expect(turns.map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
    expect(await homer('job', 'last')).toMatch(/turn of\s+other/);
  });

  test('takes messages that come at once one after the other, also when the daemon is killed between', async () => {
    const { path, letGo } = gate();
    const ids: string[] = [];
    for (const prompt of [`one WAIT[${path}]`, 'two', 'three'])
      ids.push(await homer('run', '-s', 'web', '--detach', prompt));
    await killDaemon();
    await homer('start');
    expect((await show('web')).turns.map(({ state }) => state)).toEqual(['running', 'queued', 'queued']);
    await letGo();
    const last = JSON.parse(await homer('attach', ids[2] ?? '')) as string[];
    expect(last).toEqual([`one WAIT[${path}]`, 'two', 'three']);
  });

  test('goes on after a turn that failed, and in its own directory', async () => {
    mkdirSync(join(room.work, 'site'));
    const ended = await room.run(['run', '-s', 'web', '-C', 'site', '--key', 'k', 'FAIL']);
    expect(ended.code).not.toBe(0);
    await homer('sessions', 'stop', 'web').catch(() => undefined);
    expect(await turn('web', 'one', '-C', 'site')).toEqual(['one']);
    expect((await json<{ session: { cwd: string } }>('sessions', 'show', 'web')).session.cwd).toBe(
      join(room.work, 'site'),
    );
    const refused = await room.run(['run', '-s', 'web', '-C', '.', 'two']);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('has the directory')]);
    const agent = await room.run(['run', '-s', 'web', '-x', 'other', 'two']);
    expect([agent.code, agent.stderr]).toEqual([
      2,
      expect.stringContaining('has the executor talk, not other'),
    ]);
  });

  test('begins afresh when it is reset, and ends when it is stopped', async () => {
    await turn('web', 'one');
    await homer('sessions', 'reset', 'web');
    expect(await turn('web', 'two')).toEqual(['two']);
    const { path } = gate();
    const running = await homer('run', '-s', 'web', '--detach', `WAIT[${path}]`);
    const queued = await homer('run', '-s', 'web', '--detach', 'four');
    const refused = await room.run(['sessions', 'reset', 'web']);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('under way')]);
    expect(await homer('sessions', 'stop', 'web')).toContain('2 turns cancelled');
    await room.run(['attach', running]);
    const states = await Promise.all(
      [running, queued].map(async (id) => (await json<{ job: { state: string } }>('job', id)).job.state),
    );
    expect(states).toEqual(['cancelled', 'cancelled']);
    expect(await turn('web', 'five')).toEqual(['five']);
    expect((await json<{ sessions: unknown[] }>('sessions', '--all')).sessions).toHaveLength(2);
  });
});

describe('a lost session', () => {
  test('waits for a person, who lets it go on from the record', async () => {
    await turn('web', 'one');
    forgetAll();
    const asked = await room.run(['run', '-s', 'web', 'two']);
    expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining('no longer has the session')]);
    const [, lost] = (await show('web')).turns;
    expect([lost?.state, lost?.error?.code]).toEqual(['waiting', 'HOMER_SESSION_LOST']);
    await homer('retry', 'last');
    const [told = ''] = JSON.parse(await homer('attach', 'last')) as string[];
    expect(told).toContain('{"asked":"one","answered":"[\\"one\\"]"}');
    expect(told).toMatch(/END OF RECORD\. The next message is:\n\ntwo$/);
    expect(await turn('web', 'three')).toEqual([told, 'three']);
  });

  test('is begun anew at once where the policy says so', async () => {
    configure({ sessions: { onLost: 'restart' } });
    await turn('web', 'one');
    forgetAll();
    const [told = ''] = await turn('web', 'two');
    expect(told).toContain('"asked":"one"');
    expect(told).toMatch(/two$/);
  });

  test('of which no turn was completed is no loss', async () => {
    const failed = await room.run(['run', '-s', 'web', '--key', 'a', 'FAIL']);
    expect(failed.code).toBe(1);
    forgetAll();
    const [told = ''] = await turn('web', 'two');
    expect(told).toMatch(/two$/);
  });
});

test('a conversation that was idle for too long begins afresh, and the event log says so', async () => {
  configure({ sessions: { idleReset: '12h' } });
  await turn('web', 'one');
  expect(await turn('web', 'two')).toEqual(['one', 'two']);
  await homer('stop');
  const ledger = new DatabaseSync(join(room.home, 'homer.db'));
  ledger.exec('UPDATE sessions SET last_turn_at = last_turn_at - 13 * 3600000');
  ledger.close();
  expect(await turn('web', 'three')).toEqual(['three']);
  await homer('stop');
  const after = new DatabaseSync(join(room.home, 'homer.db'));
  const events = after.prepare("SELECT data FROM events WHERE type = 'session.reset'").all();
  after.close();
  expect(events.map(({ data }) => JSON.parse(String(data)) as unknown)).toEqual([
    { sessionId: expect.stringMatching(/^s/) as string, reason: 'idle' },
  ]);
});

describe('a fork', () => {
  test('goes on from the same point, and the two know nothing of each other', async () => {
    await turn('web', 'one');
    await homer('sessions', 'fork', 'web', 'bold');
    expect(await turn('bold', 'two')).toEqual(['one', 'two']);
    expect(await turn('web', 'three')).toEqual(['one', 'three']);
    expect(await turn('bold', 'four')).toEqual(['one', 'two', 'four']);
  });

  test('goes on from the record when the other has moved on, or with another agent', async () => {
    await turn('web', 'one');
    await homer('sessions', 'fork', 'web', 'bold');
    await turn('web', 'two');
    const [told = ''] = await turn('bold', 'three');
    expect(told).toContain('"asked":"one"');
    expect(told).not.toContain('"asked":"two"');
    await homer('sessions', 'fork', 'bold', 'plain', '-x', 'cat');
    const record = await homer('run', '-s', 'plain', 'four');
    expect(record).toMatch(/"asked":"one"[^]*"asked":"three"[^]*\n\nfour$/);
  });
});

test('a command gets a record only where its configuration says so', async () => {
  await homer('run', '-s', 'tools', '-x', 'shell', 'echo one');
  expect(await homer('run', '-s', 'tools', 'echo two')).toBe('two');
  await homer('run', '-s', 'cats', '-x', 'cat', 'one');
  expect(await homer('run', '-s', 'cats', 'two')).toMatch(/"asked":"one","answered":"one"[^]*two$/);
});

test('the command for a terminal says where sessions are kept, and nothing else that an executor is given', async () => {
  const setEnv = {
    CLAUDE_CONFIG_DIR: join(room.work, 'claude'),
    DATABASE_URL: 'postgres://u:hunter2@host/db',
    PGPASS: 'hunter2',
  };
  configure({ executors: { talk: { ...agent, setEnv } } });
  await turn('web', 'one');
  const said = await homer('sessions', 'resume', 'web', '--json');
  expect(said).toContain(`CLAUDE_CONFIG_DIR=${setEnv.CLAUDE_CONFIG_DIR}`);
  expect(said).not.toMatch(/hunter2|DATABASE_URL|PGPASS/);
});

test('a terminal and a run exclude each other', async () => {
  await turn('web', 'one');
  const { argv, cwd, command } = await json<{ argv: string[]; cwd: string; command: string }>(
    'sessions',
    'resume',
    'web',
  );
  const { session } = await show('web');
  expect(argv.slice(-2)).toEqual(['--resume', session.agentSessionId]);
  expect(command).toContain(`cd ${cwd} && flock -n -o -E 75 `);
  // The same lock, around a program that stays.
  const words = argv.slice(0, argv.indexOf(process.execPath));
  const env = { ...process.env, HOME: room.work };
  const terminal = spawn(words[0] ?? '', [...words.slice(1), 'sh', '-c', 'echo in; read _'], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(terminal.stdout, 'data');
  const busy = room.start(['run', '-s', 'web', 'two']);
  await busy.saw(/is in use elsewhere.*parked until/);
  busy.child.kill('SIGINT');
  await busy.ended;
  terminal.stdin.end('\n');
  await once(terminal, 'close');
  await homer('retry', 'last').catch(() => undefined);
  expect(readFileSync(join(memory(), `${session.agentSessionId ?? ''}.jsonl`), 'utf8')).toContain('one');

  const { path, letGo } = gate();
  await homer('sessions', 'stop', 'web');
  const id = await homer('run', '-s', 'new', '--detach', `WAIT[${path}]`);
  const live = room.start(['attach', id]);
  await live.saw(/talker|Job/);
  await letGo();
  await live.ended;
});
