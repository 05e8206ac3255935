// What agents ask, answered by a person at the command line and at a terminal.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Approval, Job, StatusAnswer } from '../../src/cli/answers.ts';
import { openRoom, type Ended, type Room } from './cli-process.ts';

const asking = join(import.meta.dirname, '../fixtures/agents/asking.ts');
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let room: Room;
const terminals: ChildProcess[] = [];

function configure(more: Record<string, unknown> = {}): void {
  mkdirSync(room.home, { recursive: true, mode: 0o700 });
  const agent = { kind: 'claude', bin: process.execPath, args: [asking], permissions: 'ask' };
  const config = { executors: { asking: agent }, defaultExecutor: 'asking', ...more };
  writeFileSync(join(room.home, 'config.yaml'), JSON.stringify(config));
}

beforeEach(async () => {
  room = await openRoom();
  configure();
});

afterEach(async () => {
  for (const child of terminals.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await room.close();
});

/** A job whose agent asks for each group of commands at once. */
const task = (...groups: readonly (readonly string[])[]): string =>
  `${JSON.stringify(groups)}\n${join(room.work, 'job')}`;
const linesOf = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
const effects = (): string[] => linesOf(join(room.work, 'job.effect'));
const denials = (): string[] => linesOf(join(room.work, 'job.denied'));

async function homer(...args: string[]): Promise<string> {
  const ended = await room.run(args);
  expect(`${ended.code} ${ended.stderr}`).toMatch(/^0 /);
  return ended.stdout.trimEnd();
}

async function json<Answer>(...args: string[]): Promise<Answer> {
  return JSON.parse(await homer(...args, '--json')) as Answer;
}

const approvals = async (...args: string[]): Promise<readonly Approval[]> =>
  (await json<{ approvals: Approval[] }>('approvals', ...args)).approvals;

/** In a script `homer run` returns when the agent asks: then the question is there. */
async function untilAsked(...groups: readonly (readonly string[])[]): Promise<Ended> {
  const ended = await room.run(['run', task(...groups)]);
  expect(`${ended.code} ${ended.stderr}`).toMatch(/^1 /);
  return ended;
}

interface OnTerminal {
  readonly child: ChildProcess;
  readonly type: (keys: string) => void;
  /** Resolves when this stands on the screen so many times. */
  readonly shows: (text: string, times?: number) => Promise<void>;
  readonly screen: () => string;
  readonly exitCode: Promise<number | null>;
}

/** A command line on a terminal of its own, of which the test has the keyboard. */
function onTerminal(command: string): OnTerminal {
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: room.work,
    env: {
      PATH: process.env['PATH'],
      HOME: room.work,
      HOMER_HOME: room.home,
      HOMER_PORT: '0',
      TERM: 'xterm',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  terminals.push(child);
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
  const ended = once(child, 'close');
  return {
    child,
    type: (keys) => void child.stdin.write(keys),
    screen: () => screen,
    shows: (text, times = 1) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (screen.split(text).length > times) resolve();
        };
        child.stdout.on('data', look);
        look();
        void ended.then(() => reject(new Error(`ended without "${text}": ${screen}`)));
      }),
    exitCode: ended.then(([code]) => code as number | null),
  };
}

const quoted = (...words: string[]): string => words.map((word) => `'${word}'`).join(' ');
const homerCommand = (...args: string[]): string => quoted(process.execPath, main, ...args);

describe('in a script', () => {
  test('a question ends the wait, says how to answer, and its job goes on when it is answered', async () => {
    const { stdout, stderr } = await untilAsked(['make cake']);
    const [question] = await approvals();
    if (question === undefined) throw new Error('nothing is asked');
    expect(stdout).toBe('');
    expect(stderr).toContain('May the agent use Bash?\n    command  make cake\n');
    expect(stderr).toContain(`homer approve ${question.id} --session`);
    expect(stderr).toMatch(/It waits for a person/);

    const { job } = await json<{ job: Job; approvals: Approval[] }>('job', 'last');
    expect(job).toMatchObject({ state: 'waiting', error: { code: 'HOMER_APPROVAL_PENDING' } });
    expect(job.error?.message).toContain('Bash (make cake)');
    const { needsYou, running } = await json<StatusAnswer>('status');
    expect(running).toEqual([]);
    expect(needsYou).toMatchObject([{ approvalId: question.id, message: 'Bash: make cake', jobId: job.id }]);
    expect(await homer('approvals')).toMatch(/command {2}make cake\n {2}Denied by itself in 1 h/);

    expect(await homer('approve', question.id.slice(-6))).toContain('Allowed once: Bash: make cake');
    expect(await homer('attach', job.id)).toBe('done');
    expect(effects()).toEqual(['make cake']);
    expect(await homer('job', job.id)).toMatch(
      /Questions\n.*allowed by http:owner, just now {2}Bash: make cake/,
    );
    expect((await json<StatusAnswer>('status')).needsYou).toEqual([]);

    // The same answer again says so, another one who was first and when.
    expect(await homer('approve', question.id)).toMatch(/Nothing changes.*allowed by http:owner/);
    const other = await room.run(['deny', question.id]);
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringMatching(/http:owner allowed it at \d{4}-\d\d-\d\dT/),
    ]);
    expect(effects()).toEqual(['make cake']);
  });

  test('one of several questions has to be named, and then the other is the only one', async () => {
    await untilAsked(['one', 'two']);
    await expect
      .poll(async () => (await approvals('--state', 'pending')).length, { timeout: 60_000 })
      .toBe(2);
    const [one] = await approvals();
    const job = one?.jobId ?? '';
    for (const args of [['approve'], ['deny', job], ['approve', job.slice(-6)]]) {
      const refused = await room.run(args);
      expect([refused.code, refused.stderr]).toEqual([
        2,
        expect.stringMatching(/Bash: two[^]*2 questions are meant/),
      ]);
    }
    expect(await homer('deny', 'last')).toContain('Denied: Bash: two');
    expect(await homer('approve', job, '--session')).toContain('Allowed exactly this command');
    await homer('attach', job);
    expect([effects(), denials()]).toEqual([['one'], ['two: A person denied this.']]);
    const none = await room.run(['approve']);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('Nothing is asked now')]);
  });

  test('an answer that comes too late is told what happened', async () => {
    configure({ approvals: { expiry: '2s' } });
    await untilAsked(['one']);
    await homer('attach', 'last');
    const expired = await room.run(['approve', 'last']);
    expect([expired.code, expired.stderr]).toEqual([
      1,
      expect.stringMatching(/expired at .*\n.*approvals\.expiry/),
    ]);
    await homer('stop');

    configure();
    await untilAsked(['two']);
    await homer('cancel', 'last');
    await room.run(['attach', 'last']);
    const late = await room.run(['approve', 'last']);
    expect([late.code, late.stderr]).toEqual([
      1,
      expect.stringMatching(/run that asked ended.*\n.*Nothing was allowed/),
    ]);
    expect(effects()).toEqual([]);
    expect((await approvals()).map(({ state }) => state)).toEqual(['void', 'expired']);
  });
});

describe('on a terminal', () => {
  test('a key answers; Enter, a paste and what was typed before the question do not', async () => {
    const { type, shows, exitCode } = onTerminal(homerCommand('run', task(['one'], ['two'])));
    await shows('Job j');
    type('a');
    await shows('a allow once');
    type('\r');
    type('aaa');
    type('\u001b[A');
    await shows('a allow once', 3);
    expect((await approvals()).map(({ state }) => state)).toEqual(['pending']);
    type('a');
    await shows('leaves   Bash: two');
    expect((await approvals('--state', 'pending')).map(({ summary }) => summary)).toEqual(['two']);
    type('d');
    expect(await exitCode).toBe(0);
    expect([effects(), denials()]).toEqual([['one'], ['two: A person denied this.']]);
  });

  test('Ctrl-C leaves as ever, and the question stays', async () => {
    const { type, shows, exitCode } = onTerminal(homerCommand('run', task(['one'])));
    await shows('a allow once');
    type('\u0003');
    await shows('Left. The job goes on.');
    expect(await exitCode).toBe(130);
    expect((await approvals()).map(({ state }) => state)).toEqual(['pending']);
  });

  test('an answer from elsewhere is seen', async () => {
    const { shows, exitCode } = onTerminal(homerCommand('run', task(['one'])));
    await shows('a allow once');
    await homer('approve');
    await shows('A person allowed it.');
    expect(await exitCode).toBe(0);
  });

  test('piped input is the task and never an answer', async () => {
    writeFileSync(join(room.work, 'task'), task(['one']));
    const { type, shows, screen } = onTerminal(`cat task | ${homerCommand('run')}`);
    await shows('homer deny');
    type('a');
    await shows('waiting', 12);
    expect(screen()).not.toContain('a allow once');
    expect((await approvals()).map(({ state }) => state)).toEqual(['pending']);
  });

  test('what is too long to be shown whole is not answered with a key', async () => {
    const long = Array.from({ length: 50 }, (_, line) => `line ${line}`).join('\\n');
    writeFileSync(join(room.work, 'long'), `[["${long}"]]\n${join(room.work, 'job')}`);
    const { type, shows, screen } = onTerminal(`${quoted(process.execPath, main)} run "$(cat long)"`);
    await shows('more lines not shown');
    await shows('homer deny');
    type('a');
    await shows('waiting', 12);
    expect(screen()).not.toContain('a allow once');
    expect((await approvals()).map(({ state }) => state)).toEqual(['pending']);
  });
});
