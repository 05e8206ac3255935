// `homer` as an agent calls it: without the owner's token, without a state directory, and never starting a daemon.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isEnded } from '../../src/core/job.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import { Stage } from './puppet-stage.ts';

const main = join(import.meta.dirname, '../../src/cli/main.ts');
/** How a script of these tests calls it. */
const homer = `'${process.execPath}' '${main}'`;

let stage: Stage;
beforeEach(async () => {
  stage = new Stage({
    executors: {
      puppet: {
        kind: 'command',
        argv: [process.execPath, join(import.meta.dirname, '../fixtures/agents/puppet.ts'), '{prompt}'],
        subagents: true,
      },
      script: { kind: 'command', argv: ['sh', '-c', '{prompt}'], subagents: true },
    },
  });
  // The same after a restart, as it is in life.
  stage.home.env['HOMER_PORT'] = String(await freePort());
  await stage.open();
});
afterEach(() => stage.close());

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function submit(lines: readonly string[]): Promise<string> {
  const prompt = lines.join('\n');
  const body = { prompt, executor: 'script', lane: 'narrow' };
  return (await stage.daemon.ask<{ job: JobView }>('POST', '/api/v1/jobs', body)).body.job.id;
}

const untilEnd = (id: string): Promise<JobView> =>
  stage.daemon.untilJob(id, ({ state }) => isEnded(state as never));

test('a script runs jobs under its own in a lane of one slot, and waits for them', async () => {
  const id = await submit([
    'set -e',
    `${homer} run -x script 'echo one' 2>err || { cat err >&2; exit 1; }`,
    `two=$(${homer} run --detach -x script 'echo two')`,
    `three=$(${homer} run --detach -x script 'exit 3')`,
    `${homer} wait --timeout 10m && exit 1 || echo "code $?"`,
    `${homer} wait $two && echo "two is $(${homer} job $two --json | grep -c '"text": "two')"`,
    `${homer} cancel $three 2>&1 || true`,
  ]);
  const job = await untilEnd(id);
  expect(job.error).toBeNull();
  expect(job.children).toEqual({ total: 3, ended: 3 });
  const text = job.result?.text ?? '';
  expect(text).toMatch(/^one\n(j\w+ succeeded\n){2}j\w+ failed\ncode 1\nj\w+ succeeded\ntwo is 1\n/);
  expect(text).toContain('has failed');
  expect(existsSync(join(stage.home.env['HOME'] ?? '', '.homer'))).toBe(false);
  expect(await stage.mostAtOnce('narrow')).toBe(1);
});

test('`homer run` in a run goes on waiting over a kill -9 of the daemon', async () => {
  const id = await submit([`${homer} run -x puppet '${stage.prompt}'`]);
  const child = await stage.enters();
  await stage.daemon.untilJob(id, ({ state }) => state === 'waiting');
  await stage.daemon.end('SIGKILL');
  stage.daemon = stage.home.start();
  await stage.daemon.ready;
  child.end('the answer');
  expect((await untilEnd(id)).result?.text.trim()).toBe('the answer');
});

test('a run cannot stop the Homer it runs in, nor do anything else as its owner', async () => {
  const commands = ['stop', 'restart', 'start', 'serve', 'token', 'status', 'lanes pause default'];
  const home = join(stage.home.env['HOME'] ?? '', '.homer');
  const id = await submit([
    // As it is for most: the owner's token can be read by whatever he runs.
    `ln -s '${stage.home.path}' '${home}'`,
    ...commands.map((command) => `${homer} ${command} 2>&1; echo "code $?"`),
    `rm '${home}'`,
  ]);
  const job = await untilEnd(id);
  const text = job.result?.text ?? '';
  expect(text.match(/^code 1$/gm)).toHaveLength(commands.length);
  expect(text).toContain('homer: A run may not stop Homer.');
  expect(text).toContain('homer: The token of a run is not for this.');
  expect(existsSync(join(stage.home.path, 'daemon.json'))).toBe(true);
});

test('variables that Homer has not set are an error, and a state directory that is named comes first', async () => {
  const call = (args: readonly string[], env: Record<string, string>): Promise<[unknown, string]> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [main, ...args],
        { env: { ...stage.home.env, ...env } },
        (error, _out, told) => resolve([error?.code ?? 0, told]),
      );
    });
  const [code, told] = await call(['run', 'x'], { HOMER_URL: 'http://evil.example', HOMER_TOKEN: 't' });
  expect(code).toBe(2);
  expect(told).toContain('HOMER_URL');
  const access = { HOMER_URL: 'http://127.0.0.1:1', HOMER_TOKEN: 't', HOMER_JOB_ID: 'j0000000000000000000' };
  await stage.daemon.ready;
  expect((await call(['--home', stage.home.path, 'jobs'], access))[0]).toBe(0);
});
