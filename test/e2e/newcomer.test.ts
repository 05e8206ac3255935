// Where somebody who tries Homer for the first time stumbles.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openRoom, type Room } from './cli-process.ts';

let room: Room;

const configure = (text: string): void => {
  mkdirSync(room.home, { recursive: true, mode: 0o700 });
  writeFileSync(join(room.home, 'config.yaml'), text, { mode: 0o600 });
};

beforeEach(async () => {
  room = await openRoom();
  configure('executors:\n  tests: { kind: command, argv: ["sh", "-c", "cat; echo 2 tests failed"] }\n');
});

afterEach(() => room.close());

test('a command that needs no task is started by its name, an agent is not', async () => {
  const ran = await room.run(['run', '-x', 'tests']);
  expect(ran).toMatchObject({ code: 0, stdout: 'tests2 tests failed\n' });
  const shell = await room.run(['run', '-x', 'shell']);
  expect(shell.code).toBe(2);
  expect(shell.stderr).toContain('There is no task.');
});

test('what a failed command wrote, on both outputs, is shown, and where the rest is', async () => {
  const failed = await room.run(['run', '-x', 'shell', 'echo 1 failed; echo error >&2; exit 3']);
  expect(failed).toMatchObject({ code: 1, stdout: '' });
  expect(failed.stderr).toMatch(/exited with code 3:\n {2}error\n {2}Its output ended with:\n {2}1 failed\n/);
  expect(failed.stderr).toMatch(/`homer logs \w+` has all it said/);
  const shown = await room.run(['job', 'last']);
  expect(shown.stdout).toMatch(/\n1 failed\nHOMER_AGENT_ERROR\n/);

  // Whoever has seen it need not see it again.
  expect((await room.run(['status'])).stdout).toContain('`homer jobs seen ID`, or `--all`');
  expect((await room.run(['jobs', 'seen'])).code).toBe(2);
  expect((await room.run(['jobs', 'seen', 'last'])).stdout).toContain('1 failure seen');
  expect((await room.run(['jobs', 'seen', '--all'])).stdout).toBe('There was no failure to see.\n');
  expect((await room.run(['status'])).stdout).toContain('All is well.');
});

test('text piped into a command with a {prompt} is said to be part of it', async () => {
  const ran = await room.run(['run', '-x', 'shell', 'echo hello'], { input: '# a remark\n' });
  expect(ran).toMatchObject({ code: 0, stdout: 'hello\n' });
  expect(ran.stderr).toContain('What was piped in becomes part of the command of shell');
  const fed = await room.run(['run', '-x', 'tests'], { input: 'fed\n' });
  expect(fed.stderr).not.toContain('piped in');
});

test('limits that nobody can keep are said when they are set', async () => {
  const ran = await room.run(['run', '-x', 'shell', '--max-cost', '1', '--json', 'true']);
  expect(ran.stderr).toContain('shell does not tell what it costs; --max-cost cannot be kept.');
  const detached = await room.run(['run', '-d', '-x', 'shell', '--max-turns', '3', '--json', 'true']);
  expect(JSON.parse(detached.stdout)).toMatchObject({
    warnings: ['shell does not tell its calls of the model; --max-turns cannot be kept.'],
  });
});

test('a session is shown by its name alone, with the first lines of its answers', async () => {
  await room.run(['run', '-x', 'tests', '-s', 'website', 'tell me']);
  const shown = await room.run(['sessions', 'website']);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/Turns\n.*succeeded.*tell me\n {4}→ tell me2 tests failed/);
  const slip = await room.run(['sessions', 'rest', 'website']);
  expect(slip.code).toBe(2);
  expect(slip.stderr).toContain('There is no action "rest" of sessions.');
});

test('a pipe gets one short line for each job', async () => {
  await room.run(['run', '-x', 'tests', 'word '.repeat(100)]);
  const { stdout } = await room.run(['jobs']);
  expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(stdout).toMatch(/word…\n$/);
});

test('a bad edit says where its problems are listed, and that the last good configuration is in force', async () => {
  expect((await room.run(['start'])).code).toBe(0);
  configure('lane: 1\nportt: 2\n');
  const status = await vi.waitFor(
    async () => {
      const { stdout } = await room.run(['status']);
      expect(stdout).toContain('2 problems');
      return stdout;
    },
    { timeout: 20_000 },
  );
  expect(status).toMatch(/`homer config check` lists them; .* last good configuration is in force/);
  const { stdout } = await room.run(['doctor']);
  expect(stdout.match(/2 problems/g)).toHaveLength(1);
  expect(stdout).toMatch(/\n {4}config\.yaml:1:1 lane: /);
});

test('no skills: that is said, not that all of them can be used', async () => {
  expect(await room.run(['skills', 'check'])).toMatchObject({ code: 0 });
  expect((await room.run(['skills', 'check'])).stdout).toContain('There are no skills here');
});
