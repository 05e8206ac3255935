// `homer service` where nothing keeps services, and the texts it prints for machines of another kind.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRoom, type Ended, type Room } from './cli-process.ts';

let room: Room;

beforeEach(async () => {
  room = await openRoom();
});
afterEach(() => room.close());

/** Python's parser of property lists, which refuses what is broken; plistutil(1) does not. */
function parsePlist(text: string): Promise<Ended> {
  const script = 'import json, plistlib, sys; json.dump(plistlib.loads(sys.stdin.buffer.read()), sys.stdout)';
  return new Promise((resolve) => {
    const child = execFile('python3', ['-c', script], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : 1, stdout, stderr }),
    );
    child.stdin?.end(text);
  });
}

test('the agent for launchd is a property list that says how Homer is kept', async () => {
  const home = join(room.work, 'a <home> & "more"--');
  const env = { HOMER_HOME: home, HOMER_PORT: '4700', HTTPS_PROXY: 'http://proxy:3128/?a&b' };
  const { code, stdout, stderr } = await room.run(['service', 'print', '--launchd'], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const parsed = await parsePlist(stdout);
  expect(parsed.stderr).toBe('');
  const plist = JSON.parse(parsed.stdout) as Readonly<Record<string, unknown>>;
  expect(plist).toMatchObject({
    ProgramArguments: [expect.stringMatching(/\/homer$/), 'serve', '--standby', '--home', home],
    RunAtLoad: true,
    // One condition only: launchd starts again when any of them holds.
    KeepAlive: { SuccessfulExit: false },
    AbandonProcessGroup: true,
    ExitTimeOut: 90,
    StandardErrorPath: `${home}/logs/daemon.log`,
    EnvironmentVariables: { HOMER_PORT: '4700', HTTPS_PROXY: 'http://proxy:3128/?a&b' },
  });
  expect(Object.keys(plist['KeepAlive'] as object)).toEqual(['SuccessfulExit']);
});

test('the parser that holds it refuses a broken one', async () => {
  const { stdout } = await room.run(['service', 'print', '--launchd']);
  for (const broken of [
    stdout.replace('</dict>', ''),
    stdout.replace('<true/>', '<truth/>'),
    stdout.slice(0, -20),
  ])
    expect((await parsePlist(broken)).code).toBe(1);
});

test('its time to stop follows the configuration', async () => {
  await mkdir(room.home, { mode: 0o700 });
  await writeFile(join(room.home, 'config.yaml'), 'drain: { timeoutMs: 120000 }\n');
  const { stdout } = await room.run(['service', 'print', '--launchd']);
  expect(JSON.parse((await parsePlist(stdout)).stdout)).toMatchObject({ ExitTimeOut: 180 });
  await writeFile(join(room.home, 'config.yaml'), 'drain: 7\n');
  expect(await room.run(['service', 'print', '--launchd'])).toMatchObject({ code: 78, stdout: '' });
});

test('without systemd nothing is written, and it is said what there is instead', async () => {
  const tools = join(room.work, 'tools');
  await mkdir(tools);
  const systemctl = '#!/bin/sh\necho "System has not been booted with systemd as init system." >&2\nexit 1\n';
  await writeFile(join(tools, 'systemctl'), systemctl, { mode: 0o755 });
  const env = { PATH: `${tools}:${process.env['PATH'] ?? ''}` };
  const refused = await room.run(['service', 'install', '--yes'], { env });
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain('System has not been booted with systemd');
  expect(existsSync(join(room.work, '.config'))).toBe(false);
});

test('what is not installed is told with its code', async () => {
  for (const action of ['status', 'start', 'stop', 'restart', 'logs', 'uninstall']) {
    const { code, stdout } = await room.run(['service', action, '--json']);
    expect({ action, code }).toEqual({ action, code: 3 });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'HOMER_SERVICE_MISSING' } });
  }
});

test('a run installs nothing', async () => {
  const env = {
    HOMER_HOME: '',
    HOMER_URL: 'http://127.0.0.1:4',
    HOMER_TOKEN: 'x',
    HOMER_JOB_ID: `j${'z'.repeat(19)}`,
  };
  const { code, stderr } = await room.run(['service', 'install', '--yes'], { env });
  expect(code).toBe(1);
  expect(stderr).toContain('A run may not install services.');
});

test('doctor tells whether the installed file is what would be written now', async () => {
  const { stdout } = await room.run(['service', 'print', '--json']);
  const { file, text } = JSON.parse(stdout) as { file: string; text: string };
  expect(file).toContain(room.work);
  await mkdir(dirname(file), { recursive: true });
  interface Report {
    readonly findings: readonly {
      readonly id: string;
      readonly level: string;
      readonly command: string | null;
    }[];
  }
  const drift = async (): Promise<unknown> => {
    // With another PATH, which is no difference.
    const PATH = `${process.env['PATH'] ?? ''}:/opt/other/bin`;
    const looked = await room.run(['doctor', '--json'], { env: { PATH } });
    return (JSON.parse(looked.stdout) as Report).findings.find(({ id }) => id === 'service-drift');
  };
  expect(await drift()).toBeUndefined();
  await writeFile(file, text);
  expect(await drift()).toMatchObject({ level: 'ok' });
  await writeFile(file, text.replace(/^KillMode=.*\n/m, ''));
  expect(await drift()).toMatchObject({ level: 'note', command: 'homer service install' });
});
