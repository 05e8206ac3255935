// Each check of `homer doctor` on a machine where all is well and on one where just that is wrong; what is mended is mended once.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { catalogue, checks } from '../../src/doctor/catalogue.ts';
import { runCheck, type Around, type Check } from '../../src/doctor/check.ts';
import { inodeOutcome, roomOutcome } from '../../src/doctor/checks/machine.ts';
import { backupName } from '../../src/ledger/backup-names.ts';
import { directoryIdentity } from '../../src/lifecycle/lock.ts';
import { isStopped } from '../../src/lifecycle/process-identity.ts';
import { accept, openLedgerIn } from './ledger-room.ts';
import { dayMs, openStage, running, says, withFacts, type Stage } from './doctor-stage.ts';

/** What to look at; nothing: what is on the stage, read afresh. */
type Scene = (stage: Stage) => Around | void | Promise<Around | void>;

interface Case {
  /** Left out: as a new state directory is. */
  readonly well?: Scene;
  readonly ill: Scene;
}

const hourAgo = (hours: number): number => Date.now() - hours * 3_600_000;
const daysAgo = (days: number): number => Date.now() - days * dayMs;

const cleanUps: (() => unknown)[] = [];
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  stage.close();
});

function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const child = spawn(program, args, { stdio: 'ignore', env });
  cleanUps.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return child;
}

async function listen(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A Bot API that gives these answers. */
async function botApi(answers: Readonly<Record<string, unknown>>): Promise<string> {
  const server = createHttpServer((request, response) => {
    const answer = answers[request.url?.split('/').at(-1) ?? ''] ?? { ok: false, description: 'Not Found' };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function addJob({ home }: Stage): Promise<void> {
  const ledger = await openLedgerIn(home);
  await accept(ledger);
  ledger.close('drained');
}

const addToken = (on: Stage, name: string, scopes: readonly string[], createdAt: number): void =>
  on.sql(
    `INSERT INTO tokens (id, kind, name, digest, scopes, parent, generation, created_at, last_used_at) VALUES (?, 'token', ?, CAST(? AS BLOB), ?, 'owner', '', ?, ?)`,
    ...[name, name, name, JSON.stringify(scopes), createdAt, createdAt],
  );

const addSchedule = (on: Stage, changes: { pausedBy?: string; nextAt?: number }): void =>
  on.sql(
    `INSERT INTO schedules (id, name, origin, source, by_owner, kind, spec, time_zone, anchor_at, catch_up, window_ms, overlap, jitter_ms,
      pause_after, prompt, paused_by, failures, decided_at, next_at, created_at)
      VALUES ('s', 'morning', 'made', 'test', 1, 'every', '1h', 'UTC', 0, 'once', 0, 'skip', 0, 3, 'x', ?, 3, 0, ?, 0)`,
    changes.pausedBy ?? null,
    changes.nextAt ?? null,
  );

const unit = (lines: readonly string[]): string =>
  ['[Service]', 'ExecStart=/opt/homer/homer serve --standby', ...lines, ''].join('\n');
const good = ['Restart=always', 'RestartPreventExitStatus=75 78', 'KillMode=process', 'TimeoutStopSec=2min'];
const unitPath = 'etc/systemd/system/homer.service';

function installUnit(on: Stage, lines: readonly string[], path = unitPath): void {
  on.machine('opt/homer/homer', '#!/bin/sh\n');
  on.machine(path, unit(lines));
}

const without = (key: string): string[] => good.filter((line) => !line.startsWith(`${key}=`));

const telegram = (apiRoot: string, more: object = {}): object => ({
  telegram: { token: 'a:b', apiRoot, ...more },
});
const agent = (more: object): object => ({ executors: { claude: { kind: 'claude', ...more } } });

const cases: Readonly<Record<string, Case>> = {
  'node-version': { ill: (on) => on.around({ nodeVersion: '24.15.0' }) },
  'daemon-running': {
    well: (on) => on.around(running(says())),
    async ill(on) {
      const child = start('sleep', ['600']);
      child.kill('SIGSTOP');
      await expect.poll(() => isStopped(child.pid ?? 0)).toBe(true);
      return on.around(running(says(), child.pid));
    },
  },
  'daemon-version': {
    well: (on) => on.around(running(says())),
    ill: (on) => on.around(running(says({ version: '0.0.9' }))),
  },
  'daemon-program': {
    well: (on) => on.around({ ...running(says()), root: '/' }),
    async ill(on) {
      const program = join(on.directory, 'node');
      copyFileSync('/bin/sleep', program);
      const child = start(program, ['600']);
      await once(child, 'spawn');
      unlinkSync(program);
      return on.around({ ...running(says(), child.pid), root: '/' });
    },
  },
  'daemon-problems': {
    well: (on) => on.around(running(says())),
    ill: (on) =>
      on.around(running(says({ problems: [{ code: 'HOMER_REDIS', message: 'gone', hint: 'look' }] }))),
  },
  lock: {
    async ill(on) {
      const child = start('flock', [on.home, 'sleep', '600']);
      await once(child, 'spawn');
      await expect.poll(() => readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).toContain('flock');
      return on.around({ lock: 'held', isRunning: true });
    },
  },
  'lock-program': { ill: (on) => on.around({ env: { PATH: on.home } }) },
  port: {
    well: (on) => on.config({ port: 1 }),
    async ill(on) {
      on.config({ port: await listen() });
    },
  },
  'root-user': { well: (on) => on.around({ uid: 1000 }), ill: (on) => on.around({ uid: 0 }) },
  'home-directory': {
    ill(on) {
      const file = join(on.directory, 'file');
      writeFileSync(file, '');
      return { ...on.around(), home: file };
    },
  },
  'home-modes': {
    ill(on) {
      chmodSync(on.home, 0o755);
      on.file('token', 'x', 0o644);
      on.file(`backups/${backupName(Date.now(), false)}`, '', 0o640);
    },
  },
  'home-layout': { ill: (on) => rmSync(join(on.home, 'runs'), { recursive: true }) },
  'home-filesystem': {
    async ill() {
      const inMemory = await openStage('/dev/shm');
      cleanUps.push(() => inMemory.close());
      return inMemory.around();
    },
  },
  'home-parents': { ill: (on) => chmodSync(on.directory, 0o777) },
  'leftover-files': {
    ill(on) {
      for (const name of ['daemon.json.x.tmp', 'backups/.unfinished-a', 'token.0123456789ab'])
        utimesSync(on.file(name, ''), daysAgo(1) / 1000, daysAgo(1) / 1000);
    },
  },
  'record-stale': {
    well: (on) => on.around(running(says())),
    ill(on) {
      const { record } = running(says(), 4_000_000);
      on.file('daemon.json', JSON.stringify(record));
      return existsSync(join(on.home, 'daemon.json')) ? on.around({ record: record ?? null }) : undefined;
    },
  },
  'config-valid': { ill: (on) => on.config({ nonsense: 1 }) },
  'config-in-use': {
    well: (on) => on.around(running(says())),
    ill: (on) =>
      on.around(running(says({ problems: [{ code: 'HOMER_CONFIG_INVALID', message: 'x', hint: 'y' }] }))),
  },
  'config-doubts': { ill: (on) => on.config(agent({ setEnv: { LD_PRELOAD: '/x.so' } })) },
  'config-secrets': { ill: (on) => on.config(telegram('https://example.net')) },
  'secret-files': {
    well: (on) => on.config(agent({ setEnv: { KEY: { file: on.file('key', 'x') } } })),
    ill: (on) => on.config(agent({ setEnv: { KEY: { file: on.file('key', 'x', 0o644) } } })),
  },
  roots: {
    well: (on) => on.config({ roots: [on.home] }),
    ill: (on) => on.config({ roots: [join(on.home, 'nowhere')] }),
  },
  'bind-exposed': { ill: (on) => on.config({ bind: '0.0.0.0', hosts: ['homer.example.net'] }) },
  'proxies-wide': {
    well: (on) => on.config({ proxies: ['10.0.0.1'] }),
    ill: (on) => on.config({ proxies: ['10.0.0.0/8'] }),
  },
  'telegram-plain': {
    well: (on) => on.config(telegram('http://127.0.0.1:1')),
    ill: (on) => on.config(telegram('http://example.net')),
  },
  'executor-permissions': {
    well: (on) => on.config(agent({ permissions: 'ask' })),
    ill: (on) => on.config(agent({ permissions: 'all' })),
  },
  'time-zone': { ill: (on) => on.around({ env: { TZ: 'Mars/Base' } }) },
  'ledger-readable': {
    ill: (on) => void on.file('homer.db', 'this is no database, however long it may be '.repeat(99)),
  },
  'ledger-whole': { ill: (on) => on.sql("INSERT INTO prompts (seq, prompt) VALUES (99, 'of no job')") },
  'ledger-schema': { ill: (on) => on.sql('PRAGMA user_version = 9999') },
  'ledger-durable': { ill: (on) => on.sql('PRAGMA journal_mode = DELETE') },
  'ledger-log': {
    well: (on) => void on.file('homer.db-wal', ''),
    ill: (on) => truncateSync(on.file('homer.db-wal', ''), 200 * 1024 ** 2),
  },
  'ledger-indices': { ill: (on) => on.sql('DROP INDEX jobs_ready') },
  'ledger-size': { ill: (on) => withFacts(on.around(), { bytes: 5 * 1024 ** 3 }) },
  retention: {
    async well(on) {
      await addJob(on);
    },
    ill(on) {
      on.config({ retention: { jobs: 'off' } });
      on.sql('UPDATE jobs SET created_at = ?', daysAgo(400));
    },
  },
  clock: { ill: (on) => on.sql('UPDATE events SET at = ?', Date.now() + dayMs) },
  'backup-age': {
    well: (on) => void on.file(`backups/${backupName(hourAgo(1), false)}`, ''),
    ill(on) {
      rmSync(join(on.home, 'backups'), { recursive: true });
      on.file(`backups/${backupName(daysAgo(3), false)}`, '');
    },
  },
  'backup-place': {
    well(on) {
      const elsewhere = '/dev/shm/homer-doctor-backups';
      mkdirSync(elsewhere, { recursive: true });
      cleanUps.push(() => rmSync(elsewhere, { recursive: true }));
      writeFileSync(join(elsewhere, backupName(hourAgo(1), false)), '');
      on.config({ backup: { to: elsewhere } });
    },
    ill(on) {
      on.config({});
      on.file(`backups/${backupName(hourAgo(1), false)}`, '');
    },
  },
  'backup-readers': {
    well(on) {
      on.file(`away/${backupName(hourAgo(1), false)}`, '');
      on.config({ backup: { to: join(on.home, 'away') } });
    },
    ill: (on) => void on.file(`away/${backupName(hourAgo(1), false)}`, '', 0o644),
  },
  'backup-encrypted': {
    well: (on) => on.config({ backup: { to: '/mnt/away', encrypt: [`age1${'q'.repeat(58)}`] } }),
    ill: (on) => on.config({ backup: { to: '/mnt/away' } }),
  },
  'runs-stale': {
    async ill(on) {
      await addJob(on);
      on.sql(`INSERT INTO runs (seq, id, job_id, lane, state, epoch, fence, granted_at, started_at)
        SELECT seq * 1048576 + fence, 'r', id, lane, 'running', 1, fence, 0, 0 FROM jobs`);
      on.sql("UPDATE jobs SET state = 'running', started_at = 0");
      return on.around(running(says()));
    },
  },
  orphans: {
    async ill(on) {
      await once(
        start('sleep', ['600'], { HOMER_RUN: `${directoryIdentity(on.home)}/r-of-the-past` }),
        'spawn',
      );
      return undefined;
    },
  },
  'crash-loop': {
    ill(on) {
      for (let epoch = 10; epoch < 13; epoch++)
        on.sql(
          "INSERT INTO boots (epoch, boot_id, pid, version, started_at, ended_at, ending) VALUES (?, 'b', 1, '0', ?, ?, 'crashed')",
          ...[epoch, hourAgo(0.2), hourAgo(0.1)],
        );
    },
  },
  held: { ill: (on) => on.sql("INSERT INTO meta (key, value) VALUES ('held', '1')") },
  'jobs-failed': {
    async ill(on) {
      await addJob(on);
      on.sql("UPDATE jobs SET state = 'failed', ended_at = ?", hourAgo(1));
    },
  },
  'jobs-parked': {
    async ill(on) {
      await addJob(on);
      on.sql("UPDATE jobs SET state = 'parked', error_code = 'HOMER_OFFLINE', due_at = ?", Date.now());
    },
  },
  'jobs-waiting': {
    ill: (on) =>
      on.sql(
        "INSERT INTO approvals (id, job_id, run_id, request_id, tool, input, state, asked_at) VALUES ('a', 'j', 'r', 'q', 't', '{}', 'pending', ?)",
        hourAgo(3),
      ),
  },
  'jobs-homeless': {
    async well(on) {
      await addJob(on);
    },
    ill: (on) => on.sql("UPDATE jobs SET lane = 'gone'"),
  },
  'lanes-paused': { ill: (on) => on.sql("INSERT INTO lanes (name, paused_at) VALUES ('work', 1)") },
  deliveries: {
    ill: (on) =>
      on.sql(
        "INSERT INTO deliveries (id, key, target, line, kind, text, state, created_at) VALUES ('d', 'k', 'web', 'web', 'text', 'x', 'dead', 0)",
      ),
  },
  'schedules-paused': {
    well: (on) => addSchedule(on, {}),
    ill: (on) => on.sql("UPDATE schedules SET paused_by = 'failures'"),
  },
  'schedules-late': {
    well: (on) => addSchedule(on, { nextAt: Date.now() + dayMs }),
    ill(on) {
      on.sql('UPDATE schedules SET next_at = ?', hourAgo(3));
      return on.around(running(says()));
    },
  },
  'workers-silent': {
    well: (on) =>
      on.sql("INSERT INTO workers (name, key, added_at, seen_at) VALUES ('nas', 'k', 0, ?)", hourAgo(1)),
    ill: (on) => on.sql('UPDATE workers SET seen_at = ?', daysAgo(20)),
  },
  'token-owner': {
    well: (on) => void on.file('token', 'x'.repeat(43)),
    ill: (on) => void on.file('token', 'short'),
  },
  'token-owner-age': {
    well: (on) => void on.file('token', 'x'.repeat(43)),
    ill: (on) => utimesSync(join(on.home, 'token'), daysAgo(500) / 1000, daysAgo(500) / 1000),
  },
  'tokens-unused': {
    well: (on) => addToken(on, 'phone', ['read'], daysAgo(1)),
    ill: (on) => on.sql('UPDATE tokens SET last_used_at = NULL, created_at = ?', daysAgo(100)),
  },
  'tokens-admin': {
    well: (on) => addToken(on, 'phone', ['admin'], daysAgo(1)),
    ill(on) {
      for (const name of ['a', 'b', 'c']) addToken(on, name, ['admin'], daysAgo(1));
    },
  },
  'tokens-endless': {
    well: (on) => addToken(on, 'phone', ['read'], daysAgo(1)),
    ill: (on) => on.sql('UPDATE tokens SET created_at = ?', daysAgo(500)),
  },
  'tokens-refused': {
    ill: (on) =>
      on.sql(
        "INSERT INTO audit (at, who, source, what, face, peer, result, times) VALUES (?, '-', '-', 'authenticate', 'http', '::1', 'HOMER_TOKEN_WRONG', 500)",
        hourAgo(1),
      ),
  },
  'telegram-strangers': {
    well: (on) => on.config(telegram('https://example.net', { allow: [1] })),
    ill: (on) => on.config(telegram('https://example.net')),
  },
  'telegram-reach': {
    async well(on) {
      on.config(telegram(await botApi({ getMe: { ok: true, result: { username: 'bot' } } })));
    },
    async ill(on) {
      on.config(telegram(await botApi({ getMe: { ok: false, description: 'Unauthorized' } })));
    },
  },
  'telegram-mode': {
    async well(on) {
      on.config(telegram(await botApi({ getWebhookInfo: { ok: true, result: { url: '' } } })));
    },
    async ill(on) {
      const elsewhere = { ok: true, result: { url: 'https://other.example/telegram' } };
      on.config(telegram(await botApi({ getWebhookInfo: elsewhere })));
    },
  },
  'skills-writable': { ill: (on) => void on.file('skills/a/SKILL.md', 'x', 0o666) },
  'workspaces-writable': {
    ill(on) {
      mkdirSync(join(on.home, 'workspaces/a'));
      chmodSync(join(on.home, 'workspaces/a'), 0o777);
    },
  },
  'webhook-secrets': {
    well: (on) => on.config({ webhooks: { ci: { scheme: 'github', prompt: 'x', secret: 'a long one' } } }),
    ill: (on) =>
      on.config({ webhooks: { ci: { scheme: 'github', prompt: 'x', secret: { file: '/no/such' } } } }),
  },
  'webhook-hosts': {
    well: (on) =>
      on.config({ hosts: ['a.example'], webhooks: { ci: { scheme: 'github', prompt: 'x', secret: 's' } } }),
    ill: (on) => on.config({ webhooks: { ci: { scheme: 'github', prompt: 'x', secret: 's' } } }),
  },
  'service-program': {
    well: (on) => installUnit(on, good),
    ill: (on) => rmSync(join(on.root, 'opt/homer/homer')),
  },
  'service-kill-mode': {
    well: (on) => installUnit(on, good),
    ill: (on) => installUnit(on, without('KillMode')),
  },
  'service-stop-time': {
    well: (on) => installUnit(on, good),
    ill: (on) => installUnit(on, [...without('TimeoutStopSec'), 'TimeoutStopSec=20']),
  },
  'service-restart-loop': {
    well: (on) => installUnit(on, good),
    ill: (on) => installUnit(on, without('RestartPreventExitStatus')),
  },
  'service-drift': {
    well: (on) => on.around({ wantedUnits: [{ path: '/u', written: 'a', wanted: 'a' }] }),
    ill: (on) => on.around({ wantedUnits: [{ path: '/u', written: 'a', wanted: 'b' }] }),
  },
  'service-twice': {
    well: (on) => installUnit(on, good),
    ill: (on) => installUnit(on, good, 'etc/systemd/system/my-homer.service'),
  },
  linger: {
    well(on) {
      installUnit(on, good, 'home/ann/.config/systemd/user/homer.service');
      on.machine('var/lib/systemd/linger/ann', '');
    },
    ill: (on) => rmSync(join(on.root, 'var/lib/systemd/linger/ann')),
  },
  'homer-twice': {
    well(on) {
      on.machine('a/homer', '');
      mkdirSync(join(on.root, 'b'));
      symlinkSync(join(on.root, 'a/homer'), join(on.root, 'b/homer'));
      return on.around({ env: { PATH: `${on.root}/a:${on.root}/b` } });
    },
    ill(on) {
      on.machine('c/homer', '');
      return on.around({ env: { PATH: `${on.root}/a:${on.root}/c` } });
    },
  },
  memory: {
    well: (on) => on.machine('proc/meminfo', 'MemAvailable: 4000000 kB\nSwapFree: 0 kB\n'),
    ill: (on) => on.machine('proc/meminfo', 'MemAvailable: 90000 kB\nSwapFree: 0 kB\n'),
  },
  'memory-kills': { ill: (on) => on.machine('proc/vmstat', 'oom_kill 3\n') },
  descriptors: {
    well: (on) =>
      on.machine('proc/self/limits', 'Max open files            4096                 4096      files\n'),
    ill: (on) =>
      on.machine('proc/self/limits', 'Max open files            256                  4096      files\n'),
  },
  watches: {
    well(on) {
      on.machine('proc/sys/fs/inotify/max_user_watches', '65536\n');
      on.machine('proc/sys/fs/inotify/max_user_instances', '128\n');
    },
    ill: (on) => on.machine('proc/sys/fs/inotify/max_user_watches', '100\n'),
  },
  namespaces: { ill: (on) => on.machine('proc/sys/user/max_user_namespaces', '0\n') },
  zombies: {
    ill(on) {
      for (let pid = 100; pid < 150; pid++) on.machine(`proc/${pid}/stat`, `${pid} (a b) Z 1 1 1`);
    },
  },
  'container-init': {
    well(on) {
      on.machine('.dockerenv', '');
      on.machine('proc/1/comm', 'tini\n');
    },
    ill: (on) => on.machine('proc/1/comm', 'node\n'),
  },
  'log-size': {
    well: (on) => void on.file('logs/daemon.log', ''),
    ill: (on) => truncateSync(on.file('logs/other.log', ''), 500_000_000),
  },
  'log-errors': {
    well: (on) =>
      void on.file('logs/daemon.log', '{"level":"info","time":"2026-01-01T00:00:00Z","msg":"ready"}\n'),
    ill: (on) =>
      void on.file('logs/daemon.log', `${JSON.stringify({ level: 'error', time: new Date(), msg: 'x' })}\n`),
  },
  containment: { ill: (on) => on.around({ isolation: 'sweep' }) },
  sandbox: {
    well: (on) => on.config(agent({ sandbox: 'workspace' })),
    ill: (on) => on.around({ isolation: 'unshare' }),
  },
  awake: {
    well: (on) => on.config({ keepAwake: false }),
    ill(on) {
      on.config({});
      return on.around({ env: { PATH: on.home } });
    },
  },
};

/** Looked at where they can be: by a pure rule below, and with a real Redis in conformance/redis-doctor.test.ts. */
const elsewhere = ['disk-space', 'disk-inodes', 'redis-reach', 'redis-eviction', 'redis-plain'];
/** Of agents, in doctor.test.ts. */
const ofAgents = catalogue.filter(({ id }) => id.startsWith('agent')).map(({ id }) => id);

describe.each(checks.filter(({ id }) => cases[id] !== undefined))('$id', (check: Check) => {
  const { well, ill } = cases[check.id] as Case;

  test('says nothing where all is well, and says it where it is not', async () => {
    const before = await runCheck(check, (await well?.(stage)) ?? stage.around());
    expect(before.map(({ level }) => level)).toEqual(before.map(() => 'ok'));
    expect(before.length).toBeGreaterThan(0);
    const around = (await ill(stage)) ?? stage.around();
    const after = await runCheck(check, around);
    const wrong = after.filter(({ level }) => level !== 'ok');
    expect(wrong, JSON.stringify(after)).not.toEqual([]);
    expect(JSON.stringify(after)).not.toContain('could not be looked at');
    if (check.severity === 'note') expect(wrong.every(({ level }) => level === 'note')).toBe(true);
    for (const each of wrong.filter(({ level }) => level === 'problem')) expect(each.step).not.toBeNull();
    if (check.mend === undefined) return;

    const done = await check.mend(around);
    expect(done.length).toBeGreaterThan(0);
    const mended = { ...around, ...stage.around(), lock: around.lock, record: null };
    const again = await runCheck(check, mended);
    expect(again.filter(({ level }) => level !== 'ok')).toEqual([]);
  });
});

test('every check has a case here, or is tried where it can be', () => {
  const tried = [...Object.keys(cases), ...elsewhere, ...ofAgents];
  expect(tried.toSorted()).toEqual(catalogue.map(({ id }) => id).toSorted());
  expect(new Set(tried).size).toBe(tried.length);
  expect(checks.length).toBeGreaterThan(60);
});

test('room and files of a disk: enough, little, none', () => {
  const gibibyte = 1024 ** 3;
  expect([50, 0.5, 0.01].map((free) => roomOutcome(free * gibibyte, '/').level)).toEqual([
    'ok',
    'note',
    'problem',
  ]);
  expect([500_000, 10_000, 10].map((free) => inodeOutcome(1_000_000, free).level)).toEqual([
    'ok',
    'note',
    'problem',
  ]);
  // btrfs has no such number.
  expect(inodeOutcome(0, 0).level).toBe('ok');
});
