import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ServiceKeeper } from './keeper.ts';
import { openLaunchdService, readPrinted } from './launchd.ts';

let tools: string;
let service: ServiceKeeper;

/** A launchctl that notes what it is told; `print` finds a service when there is a file of that name. */
beforeEach(() => {
  tools = mkdtempSync(join(tmpdir(), 'homer-launchctl-'));
  const script = `#!/bin/sh
cd "${tools}"
case $1 in
  print) [ -e loaded ] && exec cat loaded; echo 'Could not find service' >&2; exit 113 ;;
  bootstrap) [ ! -e refused ] || { echo 'Bootstrap failed: 125' >&2; exit 125; } ;;
esac
echo "$*" >>told
`;
  writeFileSync(join(tools, 'launchctl'), script, { mode: 0o755 });
  vi.stubEnv('PATH', `${tools}:/usr/bin:/bin`);
  const account = { name: 'ann', uid: 501, home: '/Users/ann' };
  service = openLaunchdService({ account, label: 'homer.daemon', file: '/x.plist', log: '/x.log' });
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(tools, { recursive: true });
});

const told = (): readonly string[] => readFileSync(join(tools, 'told'), 'utf8').trim().split('\n');
const load = (printed: string): void => writeFileSync(join(tools, 'loaded'), printed);

test('is handed over in the modern way, and anew when it was there before', async () => {
  await service.install();
  expect(told()).toEqual(['enable gui/501/homer.daemon', 'bootstrap gui/501 /x.plist']);
  load('state = running');
  await service.install();
  expect(told().slice(2)).toEqual([
    'bootout gui/501/homer.daemon',
    'enable gui/501/homer.daemon',
    'bootstrap gui/501 /x.plist',
  ]);
});

test('is started, stopped, started again and forgotten by its name', async () => {
  load('state = running');
  await service.start();
  await service.stop();
  await service.restart();
  await service.forget();
  expect(told()).toEqual([
    'kickstart gui/501/homer.daemon',
    'kill SIGTERM gui/501/homer.daemon',
    'kickstart -k gui/501/homer.daemon',
    'bootout gui/501/homer.daemon',
  ]);
});

test('what launchd refuses is told in its words', async () => {
  writeFileSync(join(tools, 'refused'), '');
  await expect(service.install()).rejects.toMatchObject({
    code: 'HOMER_SERVICE_FAILED',
    message: expect.stringContaining('Bootstrap failed: 125') as string,
  });
});

test('its condition is read from what launchctl prints', async () => {
  expect(await service.condition()).toMatchObject({ state: 'stopped', isEnabled: false });
  load('\tstate = running\n\tpid = 4711\n\tlast exit code = (never exited)\n');
  expect(await service.condition()).toMatchObject({ state: 'running', pid: 4711, failure: null });
  expect(readPrinted('\tstate = spawn scheduled\n\tlast exit code = 78: EX_CONFIG\n')).toMatchObject({
    state: 'failed',
    failure: 'last exit code 78: EX_CONFIG',
  });
});
