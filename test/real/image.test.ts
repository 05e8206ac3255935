// The image as its Dockerfile makes it, built by buildah and run by podman: how it starts, stops, is killed and goes on.

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../bench/redis-server.ts';
import type { Job, JobAnswer } from '../../src/cli/answers.ts';
import { createClient, type Client } from '../../src/cli/client.ts';
import type { DoctorReport } from '../../src/doctor/report.ts';
import { readRecord } from '../../src/lifecycle/record.ts';
import { startComposed } from './compose-room.ts';
import { createImageRoom, type Container, type ImageRoom } from './image-room.ts';
import { whenJob } from './when-job.ts';

const run = promisify(execFile);
/** Namespaces, mounts and foreign users: without root none of it can be had on every machine. */
const canBuild = process.platform === 'linux' && process.getuid?.() === 0;
if (!canBuild) process.stdout.write('Images are not built: that needs Linux and root.\n');

let room: ImageRoom;

/** What the tests can ask of a container whose network is this machine's. */
interface Daemon {
  readonly container: Container;
  readonly port: number;
  client(): Promise<Client>;
  /** Until /readyz says so; there is no other sign from outside of a container. Resolves with the time it took, ms. */
  whenReady(): Promise<number>;
  whenJob(id: string, holds: (job: Job) => boolean): Promise<Job>;
  submit(body: Readonly<Record<string, unknown>>): Promise<string>;
}

const configuration = `
bind: 127.0.0.2
hosts: [homer]
drain: { timeoutMs: 3000 }
lanes: { default: { concurrency: 8 } }
executors:
  # Waits for ever the first time, in the directory that its job works in.
  once-stuck: { kind: command, argv: [sh, -c, 'test -e been-here && echo again || { touch been-here; exec sleep 600; }'], idempotent: true }
  slow: { kind: command, argv: [sh, -c, 'sleep 1.5; echo done'], idempotent: true }
`;

async function startDaemon(): Promise<Daemon> {
  const [volume, port] = [await room.volume(), await freePort()];
  const file = join(room.directory, `config-${port}.yaml`);
  await writeFile(file, configuration);
  const container = await room.start([
    ...['--network', 'host', '--env', `HOMER_PORT=${port}`, '--volume', `${volume}:/home/homer`],
    ...['--volume', `${file}:/etc/homer/config.yaml:ro`],
  ]);
  const home = join(volume, '.homer');
  const daemon: Daemon = {
    container,
    port,
    async client() {
      const record = await readRecord(home);
      if (record === null) throw new Error('no daemon has written its record');
      return createClient(record, (await readFile(join(home, 'token'), 'utf8')).trim());
    },
    async whenReady() {
      const since = performance.now();
      while ((await statusOf(port, '/readyz')) !== 200) {
        if (performance.now() - since > 30_000) throw new Error(await container.logs());
        await delay(20);
      }
      return performance.now() - since;
    },
    whenJob: async (id, holds) => whenJob(await daemon.client(), id, holds),
    async submit(body) {
      return (await (await daemon.client()).call<JobAnswer>('jobs.create', { body })).job.id;
    },
  };
  return daemon;
}

async function statusOf(port: number, path: string): Promise<number | null> {
  return fetch(`http://127.0.0.1:${port}${path}`).then(
    (answer) => answer.status,
    () => null,
  );
}

/** Asks within the network of a container that has none but its own loopback. */
async function askWithin(pid: number, address: string, host: string, path = '/readyz'): Promise<string> {
  const script = `require('node:http').get({ host: '${address}', port: 4663, path: '${path}', headers: { host: '${host}' } },
    (answer) => { process.stdout.write(String(answer.statusCode)); answer.resume(); })`;
  const argv = ['--target', String(pid), '--net', process.execPath, '-e', script];
  return (await run('nsenter', argv)).stdout;
}

const states = (job: Job): readonly (string | null)[] => job.runs.map(({ verdict }) => verdict);
const isRunning = (job: Job): boolean => job.runs.some(({ state }) => state === 'running');
const hasEnded = (job: Job): boolean => ['succeeded', 'failed', 'cancelled'].includes(job.state);

describe.runIf(canBuild)('the image', () => {
  beforeAll(async () => {
    room = await createImageRoom();
    return () => room.clean();
  }, 600_000);

  test('is small, runs as nobody special and says how it is stopped and asked', async () => {
    const facts = await room.inspect();
    process.stdout.write(`the image has ${(facts.Size / 1e6).toFixed(0)} MB\n`);
    expect(facts.Size).toBeLessThan(250e6);
    expect(facts.User).toBe('10001:10001');
    expect(facts.Config.Entrypoint.slice(0, 2)).toEqual(['/usr/bin/tini', '--']);
    expect(facts.Config.Cmd).toEqual(['serve']);
    expect(facts.Config.StopSignal).toMatch(/^(SIGTERM|15)$/);
    expect(Object.keys(facts.Config.Volumes)).toEqual(['/home/homer']);
    expect(facts.Healthcheck?.Test.join(' ')).toContain('/readyz');
  });

  test('as it comes it is reached from outside, by its name, and tells the truth of itself', async () => {
    const container = await room.start(['--network', 'none']);
    const pid = await container.pid();
    const since = performance.now();
    // Another address of the same machine: what comes from outside of a container comes to one.
    const ask = (host: string, path?: string) => askWithin(pid, '127.0.0.2', host, path).catch(() => '');
    while ((await ask('homer')) !== '200')
      if (performance.now() - since > 30_000) throw new Error(await container.logs());
    expect(await ask('homer:4663', '/livez')).toBe('200');
    expect(await ask('somebody.example')).toBe('421');

    expect(await container.exec('cat', '/proc/1/comm')).toBe('tini\n');
    expect(await container.exec('id', '-u')).toBe('10001\n');
    expect((await container.podman('exec', container.name, 'touch', '/opt/homer/x')).code).not.toBe(0);
    const facts = await room.inspect();
    // What the health check would run; podman runs none without systemd.
    const [, ...check] = facts.Healthcheck?.Test ?? [];
    await container.exec(...check);

    const report = JSON.parse(await container.exec('sh', '-c', 'homer doctor --json; true')) as DoctorReport;
    const works = await container
      .exec('bwrap', '--unshare-pid', '--dev-bind', '/', '/', '--proc', '/proc', '--', 'true')
      .then(() => true)
      .catch(() => false);
    expect(report.isolation).toBe(works ? 'bwrap' : 'sweep');
    const steps = report.findings.filter(({ about }) => about === 'containment').map(({ step }) => step);
    if (!works) expect(steps.join('\n')).toContain('Bubblewrap is installed');
    const problems = report.findings.filter(({ level }) => level === 'problem');
    expect(problems).toMatchObject([{ id: 'agents-none' }]);
    expect((await container.podman('stop', '--time', '30')).code).toBe(0);
  });

  test('what runs leave behind is collected', async () => {
    const daemon = await startDaemon();
    process.stdout.write(`ready ${(await daemon.whenReady()).toFixed(0)} ms after podman had started it\n`);
    const orphans = 'i=0; while [ $i -lt 20 ]; do (sleep 0.2 &); i=$((i+1)); done; sleep 0.5';
    const id = await daemon.submit({ executor: 'shell', prompt: orphans });
    expect((await daemon.whenJob(id, hasEnded)).state).toBe('succeeded');
    const left = 'cat /proc/[0-9]*/stat 2>/dev/null | grep -cE "^[0-9]+ \\(.*\\) Z" || true';
    expect(await daemon.container.exec('sh', '-c', left)).toBe('0\n');
    expect((await daemon.container.podman('stop', '--time', '30')).code).toBe(0);
  });

  test('a stop waits for what ends in time, refuses what is new, and is done well before it is killed', async () => {
    const daemon = await startDaemon();
    await daemon.whenReady();
    const id = await daemon.submit({ executor: 'slow', prompt: 'now' });
    await daemon.whenJob(id, isRunning);
    const since = performance.now();
    const stopped = daemon.container.podman('stop', '--time', '60');
    while ((await statusOf(daemon.port, '/readyz')) === 200) await delay(10);
    expect(await statusOf(daemon.port, '/readyz')).toBe(503);
    expect(await statusOf(daemon.port, '/livez')).toBe(200);
    await expect(daemon.submit({ executor: 'slow', prompt: 'now' })).rejects.toMatchObject({
      code: 'HOMER_DRAINING',
    });
    expect((await stopped).code).toBe(0);
    const seconds = (performance.now() - since) / 1000;
    process.stdout.write(`stopped with a run of 1.5 s after ${seconds.toFixed(1)} s\n`);
    expect(seconds).toBeLessThan(20);
    const code = await daemon.container.podman('inspect', '--format', '{{.State.ExitCode}}');
    expect(code.stdout).toBe('0\n');

    await daemon.container.podman('start');
    await daemon.whenReady();
    expect(await daemon.whenJob(id, hasEnded)).toMatchObject({
      state: 'succeeded',
      result: { text: expect.stringContaining('done') as string },
      runs: [{ verdict: 'done' }],
    });
    await daemon.container.podman('stop', '--time', '30');
  });

  test('a run that outlasts the stop is interrupted and goes on in the same volume', async () => {
    const daemon = await startDaemon();
    await daemon.whenReady();
    const id = await daemon.submit({ executor: 'once-stuck', prompt: 'now' });
    // It has been there: its run is as far as it will come.
    const workspace = `/home/homer/.homer/workspaces`;
    await daemon.whenJob(id, isRunning);
    await daemon.container.exec(
      'sh',
      '-c',
      `until [ -n "$(find ${workspace} -name been-here)" ]; do sleep 0.05; done`,
    );
    expect((await daemon.container.podman('stop', '--time', '60')).code).toBe(0);
    const code = await daemon.container.podman('inspect', '--format', '{{.State.ExitCode}}');
    expect(code.stdout).toBe('0\n');
    await daemon.container.podman('start');
    await daemon.whenReady();
    const job = await daemon.whenJob(id, hasEnded);
    expect(states(job)).toEqual(['interrupted', 'done']);
    expect(job).toMatchObject({ state: 'succeeded', crashes: 0, attempts: 0 });
    await daemon.container.podman('stop', '--time', '30');
  });

  test('nothing accepted is lost when it is killed, and no second one has the volume', async () => {
    const daemon = await startDaemon();
    await daemon.whenReady();
    const stuck = await daemon.submit({ executor: 'once-stuck', prompt: 'now' });
    await daemon.whenJob(stuck, isRunning);
    const ids = await Promise.all(
      Array.from({ length: 40 }, () => daemon.submit({ executor: 'shell', prompt: 'echo here' })),
    );
    const mounts = await daemon.container.podman(
      'inspect',
      '--format',
      '{{range .Mounts}}{{if eq .Destination "/home/homer"}}{{.Source}}{{end}}{{end}}',
    );
    const volume = mounts.stdout.trim();
    const second = await room.once(['--network', 'none', '--volume', `${volume}:/home/homer`], ['serve']);
    expect(second).toMatchObject({ code: 75 });
    expect(second.stderr + second.stdout).toContain('Another Homer');

    await daemon.container.podman('kill', '--signal', 'KILL');
    await daemon.container.podman('wait');
    await daemon.container.podman('start');
    await daemon.whenReady();
    for (const id of ids) {
      const job = await daemon.whenJob(id, (each) => hasEnded(each) || each.state === 'waiting');
      // A command that was cut off waits for a person: nobody can know what it did.
      expect(['succeeded', 'waiting']).toContain(job.state);
      // The kernel kills one process after the other: a runner may live to see its agent killed, which is a crash.
      expect(job.crashes, JSON.stringify(job.runs)).toBeLessThanOrEqual(1);
    }
    const job = await daemon.whenJob(stuck, hasEnded);
    expect(states(job).at(-1)).toBe('done');
    await daemon.container.podman('stop', '--time', '30');
  });

  test('compose.yaml: jobs go through its two workers, and one of them is killed: each answers once', async () => {
    const composed = await startComposed(room);
    const { homer } = composed;
    const tell = async <Answer>(...argv: string[]): Promise<Answer> =>
      JSON.parse(await homer.exec('homer', ...argv, '--json')) as Answer;
    const untilTold = async <Answer>(argv: string[], holds: (answer: Answer) => boolean): Promise<Answer> => {
      for (const since = performance.now(); ; await delay(100)) {
        let why: unknown = null;
        const answer = await tell<Answer>(...argv).catch((error: unknown) => {
          why = error;
          return null;
        });
        if (answer !== null && holds(answer)) return answer;
        if (performance.now() - since > 60_000)
          throw new Error(`${await homer.logs()}\n${JSON.stringify(answer)}`, { cause: why });
      }
    };
    await untilTold(['jobs'], () => true);
    const workers = [await composed.worker('worker-1'), await composed.worker('worker-2')] as const;
    await untilTold<{ workers: { name: string | null; state: string }[] }>(
      ['workers'],
      (answer) => answer.workers.filter(({ name, state }) => name !== null && state === 'up').length === 2,
    );
    // More than one host can take at a time: some of these run on each.
    const ids = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const prompt = `sleep 3; echo answer ${index}`;
        return (await tell<{ job: Job }>('run', '--detach', '-x', 'shell', prompt)).job.id;
      }),
    );
    await untilTold<JobAnswer>(['job', ids[0] ?? ''], ({ job }) => isRunning(job) || hasEnded(job));
    await workers[0].podman('kill', '--signal', 'KILL');
    await workers[0].podman('wait');
    await workers[0].podman('start');
    const jobs = await Promise.all(
      ids.map((id) =>
        untilTold<JobAnswer>(['job', id], ({ job }) => hasEnded(job) || job.state === 'waiting'),
      ),
    );
    expect(new Set(jobs.map(({ job }) => job.runs[0]?.host))).toContain('worker-1');
    for (const [index, { job }] of jobs.entries()) {
      expect(job.runs.filter(({ verdict }) => verdict === 'done').length).toBeLessThanOrEqual(1);
      // A command that was cut off waits for a person.
      expect(job.state === 'waiting' || job.result?.text.includes(`answer ${index}`)).toBe(true);
    }
    for (const container of [...workers, homer]) await container.podman('stop', '--time', '60');
  });
});
