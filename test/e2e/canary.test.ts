// Canaries: values that are in one place and must never be seen in another. A daemon with real runs; everything that is
// written, listed or answered is searched.

import { mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobAnswer } from '../../src/cli/answers.ts';
import { createClient } from '../../src/cli/client.ts';
import { readToken } from '../../src/config/token.ts';
import { readRecord, type DaemonRecord } from '../../src/lifecycle/record.ts';
import { openRoom, type Room } from './cli-process.ts';

const ofDaemon = 'canary-of-the-daemon-3f1c';
const ofExecutor = 'canary-of-the-executor-9b7e';

let room: Room;
let daemon: DaemonRecord;

beforeEach(async () => {
  room = await openRoom();
  mkdirSync(room.home, { mode: 0o700 });
  mkdirSync(join(room.work, 'roots/project'), { recursive: true });
  writeFileSync(join(room.work, 'secret'), ofExecutor, { mode: 0o600 });
  const argv = ['sh', '-c', '{prompt}'];
  const executors = {
    trusted: { kind: 'command', argv, setEnv: { SECRET: { file: join(room.work, 'secret') } } },
    other: { kind: 'command', argv },
  };
  const roots = [join(room.work, 'roots')];
  writeFileSync(join(room.home, 'config.yaml'), JSON.stringify({ executors, roots }), { mode: 0o600 });
  await room.run(['start'], { env: { CANARY: ofDaemon, NODE_OPTIONS: '', LD_PRELOAD: '' } });
  const record = await readRecord(room.home);
  if (record === null) throw new Error('no daemon');
  daemon = record;
});

afterEach(async () => {
  await room.close();
});

async function work(executor: string, script: string): Promise<string> {
  const directory = join(room.work, 'roots/project');
  const { stdout, stderr } = await room.run(['run', '-C', directory, '--json', '-x', executor, script]);
  const { job } = JSON.parse(stdout) as JobAnswer;
  expect(job.state, stderr).toBe('succeeded');
  return job.result?.text ?? '';
}

/** All files below a directory, as bytes in latin1. */
function everyByteOf(directory: string): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

const ofProcess = (pid: number): string =>
  readFileSync(`/proc/${pid}/environ`, 'latin1') + readFileSync(`/proc/${pid}/cmdline`, 'latin1');

test('42 what the daemon has is in no run, and what an executor has is nowhere else', async () => {
  expect(ofProcess(daemon.pid)).toContain(ofDaemon);
  // It gets its secret, and its output is told without it, also while it runs.
  expect(
    await work(
      'trusted',
      'test "$SECRET" = "$(cat ' + join(room.work, 'secret') + ')" && echo "has $SECRET"',
    ),
  ).toBe('has [redacted]');
  const looksAround =
    'env; tr "\\0" "\\n" < /proc/self/environ; cat /proc/[0-9]*/cmdline | tr "\\0" "\\n"; ls -la';
  const [alone] = await Promise.all([
    work('other', `sleep 0.5; ${looksAround}`),
    work('trusted', 'sleep 1; echo "$SECRET" >&2'),
  ]);
  expect(alone).toContain('HOMER_RUN=');
  for (const text of [alone, everyByteOf(room.home), ofProcess(daemon.pid)])
    expect(text).not.toContain(ofExecutor);
  for (const text of [alone, everyByteOf(room.home)]) expect(text).not.toContain(ofDaemon);
  const answers = await Promise.all(
    [
      ['jobs', '--json'],
      ['logs', 'last', '--json'],
      ['status', '--json'],
      ['config'],
      ['doctor', '--json'],
    ].map(async (args) => (await room.run(args)).stdout),
  );
  for (const answer of answers) {
    expect(answer).not.toBe('');
    expect(answer).not.toContain(ofExecutor);
    expect(answer).not.toContain(ofDaemon);
  }
});

test('a job can set no variable', async () => {
  const client = createClient(daemon, readToken(room.home));
  const bodies = [
    'env',
    'setEnv',
    'environment',
    'PATH',
    'LD_PRELOAD',
    'NODE_OPTIONS',
    'PYTHONSTARTUP',
    'shell',
    'bin',
    'argv',
  ];
  for (const key of bodies) {
    const body = { prompt: 'true', executor: 'other', [key]: { PATH: '/tmp', LD_PRELOAD: 'x.so' } };
    await expect(client.call('jobs.create', { body }), key).rejects.toMatchObject({
      code: 'HOMER_INPUT_INVALID',
    });
  }
  expect(await work('other', 'env')).not.toMatch(/^(LD_|NODE_OPTIONS|PYTHON|BASH_ENV|DYLD_)/m);
});

test('43 a directory outside of the roots is refused however it is written', async () => {
  const client = createClient(daemon, readToken(room.home));
  const roots = join(realpathSync(room.work), 'roots');
  mkdirSync(join(room.work, 'roots-too'));
  mkdirSync(join(room.work, 'outside'));
  symlinkSync(join(room.work, 'outside'), join(roots, 'link'));
  symlinkSync(roots, join(room.work, 'way-in'));
  const ask = (cwd: string) =>
    client.call<JobAnswer>('jobs.create', { body: { prompt: 'true', executor: 'other', cwd } });
  const outside = [
    `${roots}/..`,
    `${roots}/../outside`,
    `${roots}/link`,
    `${roots}/link/.`,
    `${roots}-too`,
    '/',
    'roots',
    '.',
  ];
  for (const cwd of [...outside, `${roots}/none`, room.home])
    await expect(ask(cwd), cwd).rejects.toMatchObject({ code: 'HOMER_CWD_REFUSED' });
  // A link from outside leads in, and what counts is where it leads.
  expect((await ask(join(room.work, 'way-in/project'))).job.cwd).toBe(`${roots}/project`);
});
