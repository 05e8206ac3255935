import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKeepAwake, type KeepAwake } from './keep-awake.ts';

let tools: string;

beforeEach(() => {
  tools = mkdtempSync(join(tmpdir(), 'homer-awake-'));
});

afterEach(() => {
  rmSync(tools, { recursive: true, force: true });
});

/** A systemd-inhibit that notes how it was called, and when what it runs has ended. */
function tool(body = 'shift 4; "$@"; echo ended >> "$dir/log"'): void {
  const script = `#!/bin/sh\ndir=${tools}\necho "began $*" >> "$dir/log"\n${body}\n`;
  writeFileSync(join(tools, 'systemd-inhibit'), script, { mode: 0o755 });
}

const log = (): string[] =>
  existsSync(join(tools, 'log')) ? readFileSync(join(tools, 'log'), 'utf8').split('\n').slice(0, -1) : [];

function until(sees: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!sees()) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(tools, look);
    look();
  });
}

function keeper(isWanted = true): KeepAwake {
  const env = { PATH: `${tools}:${process.env['PATH'] ?? ''}` };
  return createKeepAwake({ isWanted: () => isWanted, platform: 'linux', env, afterMs: 20 });
}

test('one child for all runs, gone when none lives, and again for the next', async () => {
  tool();
  const awake = keeper();
  awake.runs(1);
  awake.runs(2);
  await until(() => log().length === 1);
  expect(log()[0]).toMatch(/^began --what=idle:sleep --mode=block --who=Homer .* cat$/);
  awake.runs(1);
  expect(log()).toHaveLength(1);
  awake.runs(0);
  awake.runs(1);
  await until(() => log().filter((line) => line.startsWith('began')).length === 2);
  awake.runs(0);
});

test('short runs and a setting of false cost nothing', async () => {
  tool();
  const awake = keeper();
  awake.runs(1);
  awake.runs(0);
  const unwanted = keeper(false);
  unwanted.runs(1);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(log()).toEqual([]);
  unwanted.runs(0);
});

test('who is refused does not ask again, and a missing program is no error', async () => {
  tool('exit 1');
  const awake = keeper();
  awake.runs(1);
  await until(() => log().length === 1);
  await new Promise((resolve) => setTimeout(resolve, 60));
  awake.runs(2);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(log()).toHaveLength(1);
  rmSync(join(tools, 'systemd-inhibit'));
  const none = createKeepAwake({ isWanted: () => true, platform: 'linux', env: { PATH: tools }, afterMs: 1 });
  none.runs(1);
  await new Promise((resolve) => setTimeout(resolve, 60));
  none.runs(0);
});

test('the child ends with a process that is killed', async () => {
  tool();
  const program = `
    const { createKeepAwake } = await import(${JSON.stringify(join(import.meta.dirname, 'keep-awake.ts'))});
    createKeepAwake({ isWanted: () => true, platform: 'linux', env: process.env, afterMs: 1 }).runs(1);
    setInterval(() => undefined, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { PATH: `${tools}:${process.env['PATH'] ?? ''}` },
  });
  await until(() => log().length === 1);
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  await until(() => log().includes('ended'));
});
