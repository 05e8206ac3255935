// The package as a person gets it: packed, installed into an empty prefix, run from there.

import { execFile, execFileSync } from 'node:child_process';
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const checkout = join(import.meta.dirname, '../..');
const room = mkdtempSync(join(tmpdir(), 'homer-package-'));
const prefix = join(room, 'prefix');
const installed = join(prefix, 'lib/node_modules/homer');

/** npm may fetch what is not in its cache; its settings are those of the system. */
function npm(...args: readonly string[]): string {
  return execFileSync('npm', [...args, '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: checkout,
    encoding: 'utf8',
    env: { ...process.env, npm_config_prefix: prefix },
  });
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The installed program, in a home and a state directory of its own. */
async function homer(...args: readonly string[]): Promise<Ended> {
  const env = {
    HOME: room,
    PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
    HOMER_HOME: join(room, 'state'),
    HOMER_PORT: '0',
  };
  return new Promise((resolve) => {
    const child = execFile(join(prefix, 'bin/homer'), args, { cwd: room, env }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.end();
  });
}

function bytesBelow(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

beforeAll(() => {
  npm('pack', '--pack-destination', room);
  const tarball = readdirSync(room).find((name) => name.endsWith('.tgz')) ?? '';
  npm('install', '--global', '--ignore-scripts', join(room, tarball));
});

afterAll(async () => {
  await homer('stop', '--kill');
  rmSync(room, { recursive: true, force: true });
});

test('the package carries JavaScript, migrations and the launcher, and no tests', () => {
  const files = globSync('**/*', { cwd: installed, exclude: (name) => name === 'node_modules' });
  expect(files).toEqual(
    expect.arrayContaining([
      'homer',
      'scripts/setup',
      'runtime/package-lock.json',
      'dist/cli/main.js',
      'LICENSE',
    ]),
  );
  const migrations = globSync('src/**/*.sql', { cwd: checkout }).map((path) => path.replace('src/', 'dist/'));
  expect(migrations.length).toBeGreaterThan(0);
  expect(files).toEqual(expect.arrayContaining(migrations));
  // The types of homer/client, and of what it stands on.
  const types = files.filter((path) => path.endsWith('.d.ts'));
  expect(types).toEqual(expect.arrayContaining(['dist/client/client.d.ts', 'dist/client/calls.d.ts']));
  expect(types.filter((path) => !/^dist\/(client|core)\//.test(path))).toEqual([]);
  const others = files.filter((path) => !types.includes(path));
  expect(others.filter((path) => /\.test\.|\.ts$|^(src|test|bench)\b/.test(path))).toEqual([]);
});

test('homer/client is found from elsewhere, typed, and brings nothing of the server along', () => {
  mkdirSync(join(room, 'node_modules'), { recursive: true });
  symlinkSync(installed, join(room, 'node_modules/homer'));
  const program = `import { connect } from 'homer/client';
const client = connect({ url: 'ws://127.0.0.1:1/ws' });
client.close();
client.call('jobs.list').catch((error) => console.log(error.code));`;
  writeFileSync(join(room, 'program.mjs'), program);
  const said = execFileSync(process.execPath, [join(room, 'program.mjs')], { encoding: 'utf8' });
  expect(said).toBe('CLOSED\n');
  const typed = `import { connect, type Client } from 'homer/client';
export const client: Client = connect({ url: 'ws://127.0.0.1:1/ws' });
export const state: Promise<string> = client.call('jobs.get', { id: 'j' }).then(({ job }) => job.state);
// @ts-expect-error -- there is no such operation
export const none = client.call('jobs.fly', {});
// @ts-expect-error -- a job has a prompt
export const empty = client.call('jobs.create', {});
client.subscribe('events', { onMessage: ({ events }) => events.map((event) => event.jobId) });
`;
  writeFileSync(join(room, 'typed.mts'), typed);
  const tsc = join(checkout, 'node_modules/.bin/tsc');
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--skipLibCheck',
    'false',
  ];
  const types = ['--types', 'node', '--typeRoots', join(checkout, 'node_modules/@types')];
  execFileSync(tsc, [...flags, ...types, join(room, 'typed.mts')], {
    cwd: room,
    stdio: 'pipe',
  });
});

test('the package is small', () => {
  const megabytes = bytesBelow(installed) / 1e6;
  process.stdout.write(`unpacked with dependencies: ${megabytes.toFixed(1)} MB\n`);
  expect(megabytes).toBeLessThan(120);
});

test('the installed program does a task, tells its status and stops', async () => {
  const version = await homer('--version');
  expect(version.code, version.stderr).toBe(0);
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  copyFileSync(join(checkout, 'LICENSE'), join(room, 'text'));
  const run = await homer('run', '-x', 'shell', 'head -n 1 text');
  expect(run, run.stderr).toMatchObject({ code: 0, stdout: 'MIT License\n' });
  const status = await homer('status');
  expect(status.code, status.stdout + status.stderr).toBe(0);
  const stop = await homer('stop');
  expect(stop.code, stop.stdout + stop.stderr).toBe(0);
  expect((await homer('status')).code).toBe(3);
});
