import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSupervisor, unsupervised } from './supervisor.ts';

let tools: string;
let told: string;

/** A systemd-notify that notes what it was called with. */
beforeEach(() => {
  tools = mkdtempSync(join(tmpdir(), 'homer-notify-'));
  told = join(tools, 'told');
  writeFileSync(told, '');
  writeFileSync(join(tools, 'systemd-notify'), `#!/bin/sh\necho "$*" >>"${told}"\n`, { mode: 0o755 });
});
afterEach(() => rmSync(tools, { recursive: true, force: true }));

function environment(more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return { NOTIFY_SOCKET: '/run/none', PATH: `${tools}:/usr/bin:/bin`, ...more };
}

function lines(): readonly string[] {
  return readFileSync(told, 'utf8').split('\n').slice(0, -1);
}

async function until(holds: () => boolean): Promise<void> {
  for await (const _ of watchOf(told)) if (holds()) return;
}

async function* watchOf(file: string): AsyncGenerator<void> {
  let wake = Promise.withResolvers<void>();
  const watcher = watch(file, () => wake.resolve());
  try {
    for (;;) {
      yield;
      await wake.promise;
      wake = Promise.withResolvers();
    }
  } finally {
    watcher.close();
  }
}

test('nobody is told where nobody watches', () => {
  expect(openSupervisor({ PATH: tools })).toBe(unsupervised);
});

test('messages arrive in order, and all of them before it is closed', async () => {
  const supervisor = openSupervisor(environment());
  supervisor.ready('Ready on port 1.');
  supervisor.stopping('Stopping.');
  await supervisor.close();
  supervisor.say('too late');
  expect(lines()).toEqual([
    'READY=1 STATUS=Ready on port 1.',
    'STOPPING=1 STATUS=Stopping. EXTEND_TIMEOUT_USEC=60000000',
  ]);
});

test('the heart beats three times within what the watchdog allows, for this process only', async () => {
  const other = openSupervisor(
    environment({ WATCHDOG_USEC: '30000', WATCHDOG_PID: String(process.pid + 1) }),
  );
  const supervisor = openSupervisor(
    environment({ WATCHDOG_USEC: '150000', WATCHDOG_PID: String(process.pid) }),
  );
  await until(() => lines().length >= 3);
  await supervisor.close();
  const count = lines().length;
  expect(new Set(lines())).toEqual(new Set(['WATCHDOG=1']));
  await other.close();
  expect(lines()).toHaveLength(count);
});

test('a message that cannot be sent stops nothing', async () => {
  rmSync(join(tools, 'systemd-notify'));
  const supervisor = openSupervisor({ ...environment(), PATH: tools });
  supervisor.ready('Ready.');
  await supervisor.close();
  expect(lines()).toEqual([]);
});
