// What scripts rely on: exit codes, what goes to which stream, and that waiting for a job survives the daemon.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireLock } from '../../src/lifecycle/lock.ts';
import { hostBootId, startTicks } from '../../src/lifecycle/process-identity.ts';
import { readRecord, writeRecord, type DaemonRecord } from '../../src/lifecycle/record.ts';
import { openRoom, type Room } from './cli-process.ts';

let room: Room;

beforeEach(async () => {
  room = await openRoom();
});

afterEach(async () => {
  await room.close();
});

const shell = (script: string, ...more: readonly string[]): string[] => [
  'run',
  ...more,
  '-x',
  'shell',
  script,
];
/** A job that ends when the test says so. */
const untilTold = 'echo begun; until [ -e go ]; do sleep 0.05; done; echo done';
const jobId = /j[0-9a-z]{19}/;

async function tell(): Promise<void> {
  await writeFile(join(room.work, 'go'), '');
}

async function daemonPid(): Promise<number> {
  const record = await readRecord(room.home);
  if (record === null) throw new Error('no record');
  return record.pid;
}

describe('without a daemon', () => {
  test('first steps for a new user, 3 for who asks about it, nothing is made', async () => {
    const alone = await room.run([]);
    expect(alone).toMatchObject({ code: 0, stderr: '' });
    expect(alone.stdout).toContain("homer run -x shell 'wc -l README.md'");
    expect(await room.run(['status'])).toMatchObject({ code: 3, stderr: '' });
    expect(JSON.parse((await room.run(['status', '--json'])).stdout)).toEqual({
      daemon: 'stopped',
      home: room.home,
    });
    for (const args of [['stop'], ['jobs'], ['job', 'last'], ['lanes'], ['resume'], ['token']]) {
      const refused = await room.run(args);
      expect(refused, args.join(' ')).toMatchObject({ code: 3, stdout: '' });
      expect(refused.stderr).not.toContain('    at ');
    }
    expect(await readdir(room.work)).toEqual([]);
  });

  test('mistakes are told in a sentence, with 2', async () => {
    expect(await room.run(['stats'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "homer: Unknown command 'stats'.\n  Did you mean status?\n",
    });
    expect(await room.run(['help', 'frob'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'homer: There is no command "frob".\n  `homer --help` lists the commands.\n',
    });
    expect((await room.run(['help', 'jobs'])).stdout).toMatch(/^Usage: homer jobs/);
    expect(await room.run(['version'])).toEqual(await room.run(['--version']));
    expect((await room.run(['run', '-x', 'shell', 'ls', '--all'])).stderr).toContain('quote the task');
    for (const args of [
      ['--nope'],
      ['job'],
      ['jobs', '--state', 'x'],
      ['lanes', 'pause'],
      ['stop', '--now', '--kill'],
      ['run'],
    ])
      expect((await room.run(args)).code, args.join(' ')).toBe(2);
    const asJson = await room.run(['jobs', '--limit', '0', '--json']);
    expect(asJson).toMatchObject({ code: 2, stderr: '' });
    expect(JSON.parse(asJson.stdout)).toMatchObject({ error: { code: 'HOMER_USAGE' } });
  });

  test('every command has help with examples', async () => {
    const { stdout } = await room.run(['--help']);
    const names = [...stdout.matchAll(/^ {2}([a-z]+) /gm)]
      .map(([, name]) => name ?? '')
      .filter((name) => name !== 'homer' && name !== 'help');
    expect(names).toContain('serve');
    for (const name of names) {
      const help = await room.run([name, '--help']);
      expect(help.code).toBe(0);
      expect(help.stdout, name).toMatch(/Examples:\n {2}.*homer/);
      expect(help.stdout, name).toContain('--json');
    }
  });

  test('a left-over record gets neither the token nor a signal', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bystander = spawn('sleep', ['60']);
    await once(bystander, 'spawn');
    await mkdir(room.home, { mode: 0o700 });
    await writeFile(join(room.home, 'token'), 'x'.repeat(43), { mode: 0o600 });
    const record: DaemonRecord = {
      pid: bystander.pid ?? 0,
      startTime: (startTicks(bystander.pid ?? 0) ?? 1) - 1,
      bootId: hostBootId(),
      instanceId: 'old',
      port: (server.address() as AddressInfo).port,
      canvasPort: null,
      version: '0',
      startedAt: '2026-01-02T03:04:05.000Z',
    };
    await writeRecord(room.home, record);
    try {
      expect((await room.run(['status'])).code).toBe(3);
      expect((await room.run(['stop', '--kill'])).code).toBe(3);
      // Also while somebody who has not said anything yet holds the lock.
      const lock = acquireLock(room.home);
      expect((await room.run(['status'])).code).toBe(1);
      expect((await room.run(['stop', '--kill'])).code).toBe(1);
      lock?.release();
      expect(asked).toEqual([]);
      expect(bystander.exitCode).toBeNull();
      expect(bystander.signalCode).toBeNull();
    } finally {
      server.close();
      bystander.kill('SIGKILL');
    }
  }, 30_000);
});

describe('run', () => {
  test('starts the daemon, tells the id on standard error, prints the result and nothing else', async () => {
    const first = await room.run(shell('pwd; echo two; echo aside >&2'));
    expect(first).toMatchObject({ code: 0, stdout: `${room.work}\ntwo\n` });
    expect(first.stderr).toMatch(jobId);
    expect(first.stderr).toContain('aside');
    expect(await room.run(['status'])).toMatchObject({ code: 0, stderr: '' });
    const shown = JSON.parse((await room.run(['job', 'last', '--json'])).stdout) as {
      job: { id: string; state: string };
    };
    expect(shown.job).toMatchObject({ state: 'succeeded', id: jobId.exec(first.stderr)?.[0] });
    for (const part of [shown.job.id.slice(-6), shown.job.id.slice(0, 8), shown.job.id])
      expect((await room.run(['job', part])).code, part).toBe(0);
    // Two pipes have no common order.
    const logged = (await room.run(['logs', 'last'])).stdout.split('\n');
    expect(logged.sort()).toEqual(['', '  aside', room.work, 'two'].sort());
    expect((await room.run(['job', 'abc'])).code).toBe(2);
    expect((await room.run(['job', 'zzzzzz'])).code).toBe(1);
  });

  test('1 with the reason for a job that fails; one JSON document when asked', async () => {
    const failed = await room.run(shell('echo out; echo why >&2; exit 3'));
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stderr).toMatch(/failed after .*code 3:\n {2}why\n {2}Its output ended with:\n {2}out\n/);
    expect(failed.stderr).toContain('homer retry j');
    const asJson = await room.run(shell('echo out', '--json'));
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      job: { state: 'succeeded', result: { text: 'out' } },
    });
    expect((await room.run(['run', '-x', 'nope', 'hi'])).code).toBe(2);
    expect((await room.run(shell('true', '-C', '/does/not/exist'))).code).toBe(2);
  });

  test('a word of the task that was taken for a lane is told with the way to write it', async () => {
    const { code, stderr } = await room.run(['run', '-x', 'shell', 'ls', '-la']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/no lane "a".*\n.*quote the task, or put -- before it/);
    expect((await room.run(['run', '-x', 'shell', '--', 'ls', '-la'])).code).toBe(0);
    expect(await room.run(['jobs', '--lane', 'nope'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no lane "nope"\. There are: default/) as string,
    });
  });

  test('appends what is piped in', async () => {
    expect(await room.run(shell('echo one'), { input: 'echo two\n' })).toMatchObject({
      code: 0,
      stdout: 'one\ntwo\n',
    });
    expect(await room.run(['run', '-x', 'shell'], { input: 'echo all' })).toMatchObject({
      code: 0,
      stdout: 'all\n',
    });
  });

  test('the same key gives the same job', async () => {
    const once = await room.run(shell('echo $$', '--key', 'k'));
    expect(await room.run(shell('echo $$', '--key', 'k'))).toMatchObject({ code: 0, stdout: once.stdout });
    expect((await room.run(shell('echo other', '--key', 'k'))).code).toBe(1);
  });

  test('Ctrl-C leaves with 130 and the job goes on; attach shows all of it', async () => {
    const caller = room.start(shell(untilTold));
    await caller.saw(/It has started/);
    caller.child.kill('SIGINT');
    const left = await caller.ended;
    expect(left).toMatchObject({ code: 130, stdout: '' });
    const id = /homer attach (\S+)`/.exec(left.stderr)?.[1] ?? '';
    const watcher = room.start(['attach', id]);
    await watcher.saw(/It has started/);
    await tell();
    expect(await watcher.ended).toMatchObject({ code: 0, stdout: 'begun\ndone\n' });
  });

  test('--detach gives the id to a script; cancel ends the job, retry runs it again', async () => {
    const { code, stdout } = await room.run(shell(untilTold, '--detach'));
    expect(code).toBe(0);
    const id = stdout.trim();
    expect(id).toMatch(jobId);
    const watcher = room.start(['attach', id]);
    await watcher.saw(/It has started/);
    expect((await room.run(['cancel', id])).code).toBe(0);
    expect(await watcher.ended).toMatchObject({ code: 1 });
    await tell();
    expect((await room.run(['retry', id])).code).toBe(0);
    expect(await room.run(['attach', id])).toMatchObject({ code: 0, stdout: 'begun\ndone\n' });
  });

  test('says why a job does not start', async () => {
    await room.run(['start']);
    await room.run(['lanes', 'pause', 'default']);
    const caller = room.start(shell('echo yes'));
    await caller.saw(/Lane default is paused; `homer lanes resume default`/);
    await room.run(['lanes', 'resume', 'default']);
    expect(await caller.ended).toMatchObject({ code: 0, stdout: 'yes\n' });
  });

  test('goes on waiting through a kill -9 of the daemon, and starts it again', async () => {
    const caller = room.start(shell(untilTold));
    await caller.saw(/It has started/);
    const before = await daemonPid();
    process.kill(before, 'SIGKILL');
    await caller.saw(/Homer is back/);
    await tell();
    expect(await caller.ended).toMatchObject({ code: 0, stdout: 'begun\ndone\n' });
    expect(await daemonPid()).not.toBe(before);
  }, 30_000);

  test('goes on waiting through a restart onto another port', async () => {
    const caller = room.start(shell(untilTold));
    await caller.saw(/It has started/);
    expect(await room.run(['restart', '--now'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/is ready/) as string,
    });
    await caller.saw(/Homer is back/);
    await tell();
    expect(await caller.ended).toMatchObject({ code: 0, stdout: 'begun\ndone\n' });
  }, 30_000);

  test('a stop is not undone by those who wait: they end, and say how to go on', async () => {
    const running = room.start(shell(untilTold));
    const [id = ''] = await running.saw(jobId);
    await running.saw(/It has started/);
    const attached = room.start(['attach', id]);
    await attached.saw(/It has started/);
    expect(await room.run(['stop', '--now'])).toMatchObject({ code: 0 });
    for (const ended of await Promise.all([running.ended, attached.ended])) {
      expect(ended.code).toBe(3);
      expect(ended.stderr).toMatch(
        new RegExp(`Homer was stopped\\.\n  \`homer start\`, then \`homer attach ${id.slice(-6)}\``),
      );
    }
    expect(await room.run(['status'])).toMatchObject({ code: 3 });
    await tell();
  });

  test('a script does not wait for a person', async () => {
    const caller = room.start(shell('sleep 60 & echo up >&2; wait'));
    await caller.saw(/^ *up$/m);
    const [runId = ''] = await readdir(join(room.home, 'runs'));
    const record = await readFile(join(room.home, 'runs', runId, 'run.json'), 'utf8');
    process.kill((JSON.parse(record) as { pid: number }).pid, 'SIGKILL');
    const { code, stderr } = await caller.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/waits for you: .*\n.*`homer retry j/);
  }, 30_000);
});

describe('one daemon', () => {
  test('serve is refused with 75, naming the holder, and takes over with --standby', async () => {
    await room.run(['start']);
    const holder = await readRecord(room.home);
    const refused = await room.run(['serve']);
    expect(refused).toMatchObject({ code: 75, stdout: '' });
    expect(refused.stderr).toContain(`(pid ${holder?.pid}, port ${holder?.port}, up `);
    expect(JSON.parse((await room.run(['serve', '--json'])).stdout)).toMatchObject({
      error: { code: 'HOMER_LOCK_HELD' },
    });
    const standby = room.start(['serve', '--standby']);
    await standby.saw(/Standing by/);
    process.kill(await daemonPid(), 'SIGKILL');
    await standby.saw(/"ready"/);
    expect(await daemonPid()).toBe(standby.child.pid);
    expect(await room.run(['stop'])).toMatchObject({ code: 0 });
    expect((await standby.ended).code).toBe(0);
  }, 30_000);

  test('a standby that is told to stop before its turn ends with 0', async () => {
    await room.run(['start']);
    const standby = room.start(['serve', '--standby']);
    await standby.saw(/Standing by/);
    standby.child.kill('SIGTERM');
    expect((await standby.ended).code).toBe(0);
  });

  test('many starts at once: one daemon, and all say 0', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => room.run(['start', '--json'])));
    const answers = all.map(({ code, stdout }) => ({
      code,
      ...(JSON.parse(stdout) as { pid: number; started: boolean }),
    }));
    expect(new Set(answers.map(({ pid }) => pid)).size).toBe(1);
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(answers.filter(({ started }) => started)).toHaveLength(1);
    expect(await room.run(['stop'])).toMatchObject({ code: 0 });
    expect((await room.run(['stop'])).code).toBe(3);
  }, 30_000);

  test('a start while the other drains waits for its end, then starts', async () => {
    const caller = room.start(shell(untilTold));
    await caller.saw(/It has started/);
    const before = await daemonPid();
    const stop = room.start(['stop']);
    await stop.saw(/Waiting for 1 run to finish/);
    const start = room.start(['start', '--json']);
    caller.child.kill('SIGKILL');
    await tell();
    expect(await stop.ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('No run is left') as string,
    });
    const started = await start.ended;
    expect(started.code, started.stderr).toBe(0);
    expect((JSON.parse(started.stdout) as { pid: number }).pid).not.toBe(before);
  });

  test('Ctrl-C while Homer drains says that it goes on stopping', async () => {
    const running = room.start(shell(untilTold));
    await running.saw(/It has started/);
    const stopping = room.start(['stop']);
    await stopping.saw(/Waiting for 1 run/);
    const log = join(room.home, 'logs/daemon.log');
    await expect.poll(async () => readFile(log, 'utf8'), { timeout: 20_000 }).toContain('"stopping"');
    stopping.child.kill('SIGINT');
    const left = await stopping.ended;
    expect(left.code).toBe(130);
    expect(left.stderr).toContain('It goes on stopping.');
    await tell();
    await running.ended;
  }, 30_000);

  test('restarts one after the other find nobody in the way', async () => {
    for (let round = 0; round < 5; round++) {
      const { code, stdout, stderr } = await room.run(['restart', '--json']);
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ started: true });
    }
  });

  test('a wrong configuration: 78 with every problem, from serve, start and run alike', async () => {
    await mkdir(room.home, { mode: 0o700 });
    await writeFile(join(room.home, 'config.yaml'), 'port: often\nlanez: 1\n');
    for (const args of [['serve'], ['start'], shell('true'), ['config', 'check']]) {
      const { code, stderr } = await room.run(args);
      expect(code, args.join(' ')).toBe(78);
      expect(stderr, args.join(' ')).toMatch(/config\.yaml:1.*\n.*config\.yaml:2/);
    }
  }, 30_000);

  test('a frozen daemon: status says so, stop ends that very process', async () => {
    await room.run(['start']);
    const pid = await daemonPid();
    process.kill(pid, 'SIGSTOP');
    const status = await room.run(['status']);
    expect(status.code).toBe(1);
    expect(status.stderr).toContain(`Homer (pid ${pid}) does not answer`);
    const refused = await room.run(shell('true'));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('does not answer');
    const stopped = await room.run(['stop']);
    expect(stopped).toMatchObject({ code: 0 });
    expect(stopped.stderr).toContain('SIGKILL');
    expect((await room.run(['status'])).code).toBe(3);
  }, 60_000);
});
