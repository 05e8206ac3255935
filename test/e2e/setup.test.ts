// The launcher and its set-up, on copies of the checkout with a tiny program in Homer's place.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const checkout = join(import.meta.dirname, '../..');
let room = '';
let copy = '';

/** Tells how it was started. */
const program = `
const args: readonly string[] = process.argv.slice(2);
let input = '';
for await (const chunk of process.stdin) input += String(chunk);
console.log(JSON.stringify({ args, input, node: process.execPath, cache: process.env['NODE_COMPILE_CACHE'] }));`;

beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'homer-setup-'));
  copy = join(room, 'a checkout');
  mkdirSync(copy);
  for (const name of ['homer', 'scripts', 'runtime', 'package.json', 'package-lock.json', '.npmrc'])
    cpSync(join(checkout, name), join(copy, name), { recursive: true });
  mkdirSync(join(copy, 'src/cli'), { recursive: true });
  writeFileSync(join(copy, 'src/cli/main.ts'), program);
});

afterEach(() => {
  rmSync(room, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Only what npm needs is handed on: where its cache and the system's settings and certificates are. */
function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const env: Record<string, string> = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: room };
  for (const name of ['NODE_EXTRA_CA_CERTS', 'npm_config_globalconfig']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  env['npm_config_cache'] = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim();
  return { ...env, ...more };
}

async function launch(
  launcher: string,
  args: readonly string[] = [],
  options: { readonly input?: string; readonly env?: Record<string, string> } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      launcher,
      args,
      { cwd: room, env: options.env ?? environment() },
      (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.end(options.input ?? '');
  });
}

test('a first call sets up, and hands arguments and input on unchanged', async () => {
  const args = ['a b', '', "it's", '--', '*', '$HOME', '-x'];
  const first = await launch(join(copy, 'homer'), args, { input: 'piped' });
  expect(first.code, first.stderr).toBe(0);
  const told = JSON.parse(first.stdout) as { args: string[]; input: string; cache: string };
  expect(told).toMatchObject({ args, input: 'piped', cache: join(copy, '.runtime/compile-cache') });
  expect(statSync(told.cache).mode & 0o777).toBe(0o700);
  expect(first.stderr).toContain('Installing');
  expect(existsSync(join(copy, 'node_modules/typescript'))).toBe(false);

  const link = join(room, 'bin');
  symlinkSync('a checkout/homer', link);
  const second = await launch(link, ['again']);
  expect(second).toMatchObject({ code: 0, stderr: '' });

  // A changed lockfile is looked at again, and one that changed nothing installs nothing.
  writeFileSync(
    join(copy, 'package-lock.json'),
    `${readFileSync(join(copy, 'package-lock.json'), 'utf8')}\n`,
  );
  expect(await launch(link)).toMatchObject({ code: 0, stderr: '' });
  rmSync(join(copy, 'node_modules/zod'), { recursive: true });
  writeFileSync(
    join(copy, 'package-lock.json'),
    `${readFileSync(join(copy, 'package-lock.json'), 'utf8')}\n`,
  );
  const mended = await launch(link);
  expect(mended.stderr).toContain('Installing');
  expect(existsSync(join(copy, 'node_modules/zod/package.json'))).toBe(true);
});

test('fifty first calls at once set up once, and all succeed', async () => {
  const env = environment();
  const calls = await Promise.all(
    Array.from({ length: 50 }, async () => launch(join(copy, 'homer'), [], { env })),
  );
  expect(calls.filter((call) => call.code !== 0)).toEqual([]);
  expect(calls.filter((call) => call.stderr.includes('Installing'))).toHaveLength(1);
});

test('a killed set-up is mended by the next call', async () => {
  const state = join(copy, '.runtime');
  mkdirSync(state);
  // Killed when its first staging directory shows, and in the midst of npm's work.
  for (const mark of [/^stage\.\d+$/, /^setup\.log$/]) {
    const watcher = watch(state);
    const seen = new Promise<void>((resolve) => {
      watcher.on('change', (_, name) => {
        if (mark.test(String(name))) resolve();
      });
    });
    const child = spawn(join(copy, 'homer'), [], {
      cwd: room,
      env: environment(),
      detached: true,
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    await seen;
    watcher.close();
    process.kill(-(child.pid ?? NaN), 'SIGKILL');
    await ended;
    expect(existsSync(join(state, 'ready'))).toBe(false);
  }
  const next = await launch(join(copy, 'homer'));
  expect(next.code, next.stderr).toBe(0);
  expect(existsSync(join(copy, 'node_modules/zod/package.json'))).toBe(true);
  expect(execFileSync('find', [state, '-name', 'stage.*'], { encoding: 'utf8' })).toBe('');
});

describe('what is missing is said in one sentence', () => {
  test('no registry', async () => {
    const env = environment({
      npm_config_registry: 'http://127.0.0.1:9',
      npm_config_cache: join(room, 'empty-cache'),
    });
    const call = await launch(join(copy, 'homer'), [], { env });
    expect(call).toMatchObject({ code: 1, stdout: '' });
    expect(call.stderr).toMatch(/cannot reach its registry/);
    expect(call.stderr.trim().split('\n')).toHaveLength(2);
  });

  test('neither a fitting Node nor npm', async () => {
    const bin = join(room, 'bin');
    mkdirSync(bin);
    // A Node and an npm that are found first and can do nothing.
    for (const name of ['node', 'npm']) {
      writeFileSync(join(bin, name), '#!/bin/sh\nexit 127\n');
      chmodSync(join(bin, name), 0o755);
    }
    const call = await launch(join(copy, 'homer'), [], {
      env: environment({ PATH: `${bin}:/usr/bin:/bin` }),
    });
    expect(call).toMatchObject({ code: 1, stdout: '' });
    expect(call.stderr).toMatch(/npm could not install/);
  });
});

test.runIf(process.platform === 'linux' && process.arch === 'x64')('an old Node is not used', async () => {
  const bin = join(room, 'bin');
  mkdirSync(bin);
  const shim = `#!/bin/sh\ncase "$*" in *process.versions*) exit 1 ;; --version) echo v20.0.0 ;; *) exec '${process.execPath}' "$@" ;; esac\n`;
  writeFileSync(join(bin, 'node'), shim);
  chmodSync(join(bin, 'node'), 0o755);
  const path = `${bin}:${dirname(process.execPath)}:/usr/bin:/bin`;
  const call = await launch(join(copy, 'homer'), [], { env: environment({ PATH: path }) });
  expect(call.code, call.stderr).toBe(0);
  expect(call.stderr).toContain('found here: v20.0.0');
  const { node } = JSON.parse(call.stdout) as { node: string };
  expect(node).toMatch(/\.runtime\/node-24\.\d+\.\d+\/bin\/node$/);
});
