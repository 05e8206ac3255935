// `homer update` on a checkout with a remote: versions that do not start, whose canary fails, that migrate the ledger and fail then,
// that are good; and the updater itself killed in the middle. One job runs all the time, and another waits for it.

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRecord } from '../../src/lifecycle/record.ts';
import { readUpdate } from '../../src/lifecycle/update-record.ts';
import { UpdateRoom } from './update-room.ts';

const room = new UpdateRoom();
const at = (name: string): string => join(room.work, name);
const before = (line: string) => (text: string) => `${line}\n${text}`;
const noRunner = { 'src/runner/main.ts': before('process.exit(1);') };
/** Runs only once the file `go` is there. */
const slowRunner = {
  'src/runner/main.ts': before(`import { existsSync as isThere } from 'node:fs';
while (!isThere('${at('go')}')) if (!isThere('${room.work}')) process.exit(1); else await new Promise((resolve) => setTimeout(resolve, 20));`),
};
let running = '';
let queued = '';

beforeAll(async () => {
  for (const name of ['begun', 'stuck']) execFileSync('mkfifo', [at(name)]);
  writeFileSync(
    join(room.makeHome(), 'config.yaml'),
    'lanes: { default: { concurrency: 1 } }\ncanary: { every: off }\n',
  );
  running = await room.give(
    `echo begun > '${at('begun')}'; until test -e '${at('end')}'; do sleep 0.05; done; echo done >> '${at('effects')}'; echo done`,
  );
  readFileSync(at('begun'));
  queued = await room.give(`echo next >> '${at('effects')}'`);
});
afterAll(async () => {
  await room.close();
});

interface Row {
  readonly [column: string]: unknown;
}

/** From a copy of the files, since the daemon has them to itself, and on trial tells nothing. */
function look(sql: string): Row[] {
  for (const name of ['homer.db', 'homer.db-wal']) {
    rmSync(at(name), { force: true });
    if (existsSync(join(room.home, name))) copyFileSync(join(room.home, name), at(name));
  }
  const database = new DatabaseSync(at('homer.db'));
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

const work = (): Row[] =>
  look(`SELECT id, state, attempts, crashes, fence FROM jobs WHERE lane = 'default' ORDER BY seq`);
const asGiven = (): unknown[] => [
  { id: running, state: 'running', attempts: 0, crashes: 0, fence: 1 },
  { id: queued, state: 'queued', attempts: 0, crashes: 0, fence: 0 },
];

/** All is as it was before an update that came to nothing, and goes on. */
async function expectAsBefore(): Promise<void> {
  expect(await room.version()).toBe('0.1.0');
  expect(room.head()).toBe('main');
  expect(work()).toEqual(asGiven());
  expect(look("SELECT version FROM boots WHERE version <> '0.1.0'")).toEqual([]);
  expect(existsSync(at('effects'))).toBe(false);
}

/** The port of the daemon on trial, once it is. */
async function onTrial(): Promise<number> {
  for (;;) {
    const record = await readRecord(room.home);
    if (record !== null && record.version !== '0.1.0') {
      const { text } = await http(record.port, 'GET', '/readyz').catch(() => ({ text: '' }));
      if (text.includes('trial')) return record.port;
    }
    await delay(20);
  }
}

function http(port: number, method: string, path: string): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const token = readFileSync(join(room.home, 'token'), 'utf8').trim();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const asked = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
  });
  asked.on('error', reject);
  asked.end(method === 'POST' ? JSON.stringify({ prompt: 'echo late', executor: 'shell' }) : undefined);
  return promise;
}

const broken = [
  [
    'does not start',
    '0.2.1',
    { 'src/daemon.ts': before("throw new Error('broken on purpose');") },
    'broken on purpose',
  ],
  ['has a command that does not even load', '0.2.2', { 'src/cli/main.ts': () => 'this is no program' }, ''],
  ['cannot run anything', '0.2.3', noRunner, 'canary did not come through'],
  [
    'migrates the ledger and cannot run anything then',
    '0.2.4',
    { ...noRunner, 'src/ledger/migrations/0099-more.sql': () => 'CREATE TABLE more (it TEXT) STRICT;\n' },
    'canary did not come through',
  ],
] as const;

test.each(broken)(
  'a version that %s (%s) is rolled back, and nothing has moved',
  async (_, version, changes, why) => {
    room.publish(version, changes);
    const { code, stderr } = await room.run('update', '--to', version);
    expect(code, stderr).toBe(1);
    expect(stderr).toContain(why);
    expect(stderr).toContain('Homer 0.1.0 runs again');
    await expectAsBefore();
    expect(room.leftOver()).toEqual([]);
    expect(readUpdate(room.home)).toMatchObject({ phase: 'rolled-back', to: { version } });
    expect((await room.run('update', '--check')).stdout).toContain(`to ${version}, was rolled back`);
  },
);

test('an updater that is killed while it stops Homer leaves the version before', async () => {
  room.publish('0.3.0');
  const update = room.start('update', '--to', '0.3.0');
  await update.saw(/Stopping/);
  process.kill(room.driver(), 'SIGKILL');
  const { code, stderr } = await update.ended;
  expect(code, stderr).toBe(1);
  expect(stderr).toContain('homer start');
  expect((await room.run('start')).code).toBe(0);
  await expectAsBefore();
});

test('one that is killed in the middle of the switch is undone by the next start', async () => {
  room.publish('0.3.1', { 'scripts/setup': () => `echo $$ > '${at('stuck')}'; exec sleep 600\n` });
  const update = room.start('update', '--to', '0.3.1');
  await update.saw(/Switching/);
  const orphan = Number(readFileSync(at('stuck'), 'utf8'));
  process.kill(room.driver(), 'SIGKILL');
  await update.ended;
  process.kill(orphan, 'SIGKILL');
  expect(room.head()).toBe('HEAD');
  const started = await room.run('start');
  expect(started.code, started.stderr).toBe(0);
  expect(started.stderr).toContain('was cut off');
  await expectAsBefore();
});

test('one that is killed during the trial: what fails ends by itself, and the next start undoes it', async () => {
  room.publish('0.3.2', slowRunner);
  const update = room.start('update', '--to', '0.3.2', '--patience', '6s');
  await onTrial();
  process.kill(room.driver(), 'SIGKILL');
  await update.ended;
  const { pid = 0 } = (await readRecord(room.home)) ?? {};
  while (existsSync(`/proc/${pid}`)) await delay(50);
  expect(readUpdate(room.home)?.phase).toBe('trial');
  const served = await room.run('serve');
  expect(served.code, served.stderr).toBe(1);
  expect(served.stderr).toContain('is undone');
  expect((await room.run('start')).code).toBe(0);
  await expectAsBefore();
});

test('what passes its trial is taken over, also with nobody who drives; until then nothing moves', async () => {
  room.publish('0.4.0', slowRunner);
  const update = room.start('update', '--to', '0.4.0');
  const port = await onTrial();
  process.kill(room.driver(), 'SIGKILL');
  await update.ended;

  // A run that ends meanwhile is not settled, nor is anything taken in.
  writeFileSync(at('end'), '');
  const [run] = look('SELECT id FROM runs ORDER BY seq LIMIT 1');
  while (!existsSync(join(room.home, 'runs', String(run?.['id']), 'exit.json'))) await delay(20);
  for (const path of ['/api/v1/jobs', '/hooks/any']) {
    const { status, text } = await http(port, 'POST', path);
    expect(status).toBe(503);
    expect(text).toContain('HOMER_TRIAL');
  }
  expect((await http(port, 'GET', '/readyz')).text).toContain('trial');
  const late = room.start('run', '-x', 'shell', `echo late >> '${at('effects')}'`);
  await delay(500);
  expect(work()).toEqual(asGiven());

  writeFileSync(at('go'), '');
  expect((await late.ended).code).toBe(0);
  expect((await room.run('start')).code).toBe(0);
  expect(await room.version()).toBe('0.4.0');
  expect(readUpdate(room.home)?.phase).toBe('done');
  expect(readFileSync(at('effects'), 'utf8')).toBe('done\nnext\nlate\n');
  expect(await room.job(running)).toMatchObject({ state: 'succeeded', result: { text: 'done' }, runs: [{}] });
  expect(await room.job(queued)).toMatchObject({ state: 'succeeded', runs: [{}] });
});

test('a good version is taken over from there; what cannot be begun changes nothing', async () => {
  room.publish('0.5.0');
  writeFileSync(
    join(room.checkout, 'homer'),
    `${readFileSync(join(room.checkout, 'homer'), 'utf8')}# mine\n`,
  );
  const refused = await room.run('update', '--to', '0.5.0');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('changed: homer');
  execFileSync('git', ['-C', room.checkout, 'checkout', '--quiet', 'homer']);
  expect((await room.run('update', '--to', '9.9.9')).stderr).toContain('no tag, branch or commit 9.9.9');
  expect(await room.ask('update', '--check')).toMatchObject({ newest: '0.5.0', isNewer: true });

  expect(await room.ask('update', '--to', '0.5.0')).toMatchObject({
    updated: true,
    to: { version: '0.5.0' },
  });
  expect(await room.version()).toBe('0.5.0');
  expect(room.leftOver()).toEqual([]);
  expect(await room.ask('update', '--to', '0.5.0')).toMatchObject({ updated: false });
});
