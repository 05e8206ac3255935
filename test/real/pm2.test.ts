// The ecosystem file under PM2 itself, from npm: what refuses to start is not started again and again.

import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cacheDirectory, cachedPackages } from './npm-cache.ts';
import { startProgram, type Program } from './program.ts';

const run = promisify(execFile);
const checkout = join(import.meta.dirname, '../..');
const version = '7.0.4';

/** What `pm2 jlist` says of a program, as far as it is read here. */
interface Listed {
  readonly pid: number;
  readonly pm2_env: {
    readonly status: string;
    readonly restart_time: number;
    readonly exit_code?: number;
    readonly pm_err_log_path: string;
  };
}

let room: string;
let home: string;
let bin: string;
let ecosystem: string;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  const isWhole = (directory: string): Promise<boolean> =>
    access(join(directory, 'node_modules/pm2/bin/pm2')).then(
      () => true,
      () => false,
    );
  const packages = await cachedPackages(
    cacheDirectory('tools'),
    `pm2@${version}`,
    [`pm2@${version}`],
    isWhole,
  );
  bin = join(packages, 'node_modules/pm2/bin/pm2');
  room = await mkdtemp(join(tmpdir(), 'homer-pm2-'));
  home = join(room, 'state');
  ecosystem = join(room, 'ecosystem.config.cjs');
  await mkdir(home, { mode: 0o700 });
  env = {
    PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: room,
    PM2_HOME: join(room, '.pm2'),
    HOMER_HOME: home,
    HOMER_PORT: '0',
  };
  const { stdout } = await homer('service', 'print', '--pm2');
  await writeFile(ecosystem, stdout);
}, 240_000);

afterAll(async () => {
  await pm2('kill');
  await homer('stop', '--kill').catch(() => undefined);
  await rm(room, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
});

function homer(...args: readonly string[]): Promise<{ readonly stdout: string }> {
  return run(join(checkout, 'homer'), args, { env });
}

async function pm2(...args: readonly string[]): Promise<string> {
  return (await run(process.execPath, [bin, ...args], { env, maxBuffer: 1 << 26 })).stdout;
}

/** The one program, as soon as it is as wanted; PM2 tells nobody when. */
async function whenListed(holds: (listed: Listed) => boolean): Promise<Listed> {
  let last: unknown = null;
  for (let tries = 0; tries < 100; tries += 1) {
    const printed = await pm2('jlist');
    const [listed] = JSON.parse(printed.slice(printed.indexOf('['))) as readonly Listed[];
    if (listed !== undefined && holds(listed)) return listed;
    last = listed?.pm2_env;
    await delay(100);
  }
  throw new Error(`never as wanted: ${JSON.stringify(last)}`);
}

/** Resolves with the pid of the daemon that answers. */
async function whenReady(): Promise<number> {
  for (let tries = 0; tries < 300; tries += 1) {
    const answer = await homer('status', '--json').catch(() => null);
    if (answer !== null) return (JSON.parse(answer.stdout) as { pid: number }).pid;
    await delay(50);
  }
  throw new Error('Homer is not ready');
}

/** Resolves when what PM2 started has said it. */
async function whenSaid({ pm2_env }: Listed, text: string): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if ((await readFile(pm2_env.pm_err_log_path, 'utf8')).includes(text)) return;
    await delay(50);
  }
  throw new Error(`it never said ${text}`);
}

const isStopped = ({ pm2_env }: Listed): boolean => pm2_env.status === 'stopped';

test('a configuration that is wrong is refused once', async () => {
  await writeFile(join(home, 'config.yaml'), 'lanes: 7\n');
  await pm2('start', ecosystem);
  const { pm2_env } = await whenListed(isStopped);
  expect(pm2_env).toMatchObject({ exit_code: 78, restart_time: 0 });
  await pm2('delete', 'all');
  await rm(join(home, 'config.yaml'));
});

test('beside another Homer it stands by and takes over, and without standing by it is refused once', async () => {
  const holder: Program = startProgram([join(checkout, 'homer'), 'serve'], { cwd: room, env });
  await holder.says('"msg":"ready"');
  const strict = join(room, 'strict.config.cjs');
  await writeFile(strict, (await readFile(ecosystem, 'utf8')).replace(/\s*"--standby",/, ''));
  await pm2('start', strict);
  expect((await whenListed(isStopped)).pm2_env).toMatchObject({ exit_code: 75, restart_time: 0 });
  await pm2('delete', 'all');

  await pm2('start', ecosystem);
  const listed = await whenListed(({ pm2_env }) => pm2_env.status === 'online');
  await whenSaid(listed, 'Standing by');
  holder.signal('SIGKILL');
  await holder.ended;
  expect(await whenReady()).toBe(listed.pid);
  expect((await whenListed(() => true)).pm2_env.restart_time).toBe(0);
});

test('what is killed comes back, and what PM2 stops stays away', async () => {
  const pid = await whenReady();
  process.kill(pid, 'SIGKILL');
  await whenListed((listed) => listed.pm2_env.status === 'online' && listed.pid !== pid);
  expect(await whenReady()).not.toBe(pid);
  await pm2('stop', 'all');
  expect((await whenListed(isStopped)).pm2_env).toMatchObject({ restart_time: 1, exit_code: 0 });
});

test('a restart by PM2 leaves a run alone', async () => {
  await writeFile(join(home, 'config.yaml'), 'drain: { timeoutMs: 500 }\n');
  await pm2('restart', 'all');
  const pid = await whenReady();
  const go = join(room, 'go');
  const { stdout } = await homer(
    'run',
    '-x',
    'shell',
    '--detach',
    '--json',
    `touch ${room}/here; until [ -e ${go} ]; do sleep 0.1; done`,
  );
  const { job } = JSON.parse(stdout) as { job: { id: string } };
  while (
    !(await access(join(room, 'here')).then(
      () => true,
      () => false,
    ))
  )
    await delay(20);
  await pm2('restart', 'all');
  expect(await whenReady()).not.toBe(pid);
  await writeFile(go, '');
  await homer('wait', job.id);
  const after = JSON.parse((await homer('job', job.id, '--json')).stdout) as {
    job: { state: string; crashes: number; runs: readonly unknown[] };
  };
  expect(after.job).toMatchObject({ state: 'succeeded', crashes: 0 });
  expect(after.job.runs).toHaveLength(1);
});
