// `homer service` under a real systemd, as a service of an account and as one of the machine.

import { beforeAll, describe, expect, test } from 'vitest';
import { bootSystemd, canBoot, type SystemdRoom } from './systemd/room.ts';
import { openStage, writeBlocker, type Scope, type Stage } from './systemd/stage.ts';

if (!canBoot) process.stdout.write('No systemd is booted: that needs Linux and root.\n');

let room: SystemdRoom;

beforeAll(async () => {
  if (!canBoot) return undefined;
  room = await bootSystemd();
  return () => room.clean();
}, 120_000);

const isHandedOver = (value: string): boolean => value === 'failed' || value === 'inactive';

describe.runIf(canBoot).each<{ scope: Scope; account: string }>([
  { scope: 'user', account: 'ann' },
  { scope: 'system', account: 'bob' },
])('a service of the $scope', ({ scope, account }) => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage(room, scope, account);
    await stage.configure(
      'drain: { timeoutMs: 500 }\nexecutors: { boxed: { kind: command, argv: [sh, -c, "{prompt}"], sandbox: workspace } }\n',
    );
  });

  test('shows what it writes, and writes nothing unasked', async () => {
    const { code, stdout, stderr } = await stage.service('install');
    expect(code).toBe(1);
    expect(stdout).toContain(stage.file);
    expect(stdout).toContain('  KillMode=process');
    expect(stderr).toContain('Nothing was installed.');
    expect((await room.run('test', '-e', stage.file)).code).toBe(1);
  });

  test('is not put beside an older one that starts a Homer too', async () => {
    const older = stage.file.replace(/homer\.service$/, 'com.homer.daemon.service');
    const text = '[Service]\nExecStart=/usr/bin/node /opt/homer/main.js daemon\n';
    await room.out(
      'sh',
      '-c',
      `mkdir -p "$(dirname "$1")" && printf '%s' "$2" >"$1" && chown -R "$3" /home/"$3"`,
      'sh',
      older,
      text,
      account,
    );
    const { code, stderr } = await stage.service('install', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(older);
    expect(stderr).toContain('Nothing was changed.');
    expect(await room.out('cat', older)).toBe(text);
    expect((await room.run('test', '-e', stage.file)).code).toBe(1);
    await room.out('rm', older);
  });

  test('is installed, ready, enabled and of sound form', async () => {
    const { code, stdout, stderr } = await stage.service('install', '--yes');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Homer is ready');
    const verify = ['systemd-analyze', scope === 'user' ? '--user' : '--system', 'verify', stage.file];
    const verified = await (scope === 'user'
      ? room.runAs(account, stage.session, ...verify)
      : room.run(...verify));
    expect(verified).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await stage.property('ActiveState')).toBe('active');
    expect(await stage.property('StatusText')).toMatch(/^Ready on port \d+\.$/);
    expect(await stage.property('Environment')).toContain(`PATH=/home/${account}/bin:`);
    const status = await stage.status();
    expect(status).toMatchObject({
      daemon: 'healthy',
      service: {
        name: 'homer.service',
        scope,
        file: stage.file,
        home: stage.home,
        state: 'running',
        isEnabled: true,
      },
    });
    expect(status.service.pid).toBe(status.pid);
    expect(await room.out('stat', '--format=%U', `/proc/${status.pid}`)).toBe(`${account}\n`);
  });

  test('installing again changes nothing, and an edited unit is left alone', async () => {
    const pid = await stage.property('MainPID');
    expect((await stage.service('install', '--yes')).code).toBe(0);
    expect(await stage.property('MainPID')).toBe(pid);
    await room.out('cp', '--preserve', stage.file, '/srv/share/kept.service');
    await room.out('sh', '-c', 'echo "# mine" >>"$1"', 'sh', stage.file);
    const { code, stderr } = await stage.service('install', '--yes');
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('was edited') as string,
    });
    await room.out('cp', '--preserve', '/srv/share/kept.service', stage.file);
  });

  test('its agents have their sandbox', async () => {
    const doctor = JSON.parse((await stage.homer('doctor', '--json')).stdout) as { isolation: string };
    expect(doctor.isolation).toBe('bwrap');
    const { code, stdout, stderr } = await stage.homer(
      'run',
      '-x',
      'boxed',
      'ls /home/*/.homer/token; echo held >here && cat here',
    );
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: 'held\n' });
  });

  test('a restart leaves a run alone, and the next start adopts it', async () => {
    const go = `/home/${account}/go`;
    const job = await stage.running(`until [ -e ${go} ]; do sleep 0.1; done; echo whole`);
    const pid = await stage.property('MainPID');
    expect((await stage.service('restart')).code).toBe(0);
    expect(await stage.property('MainPID')).not.toBe(pid);
    expect((await stage.whenJob(job.id, () => true)).state).toBe('running');
    await room.out('touch', go);
    const ended = await stage.whenJob(job.id, ({ state }) => state !== 'running');
    expect(ended).toMatchObject({
      state: 'succeeded',
      crashes: 0,
      runs: [{ id: job.runs[0]?.id, verdict: 'done' }],
    });
    expect(ended.result?.text).toContain('whole');
  });

  test('a stop is done within its time while an agent heeds nothing', async () => {
    await stage.override('[Service]\nTimeoutStopSec=2\n');
    await stage.configure('drain: { timeoutMs: 5000 }\n');
    await stage.systemctl('reload', 'homer');
    const job = await stage.running(`trap '' TERM INT HUP; while :; do sleep 1; done`);
    const since = performance.now();
    expect((await stage.service('stop')).code).toBe(0);
    const seconds = (performance.now() - since) / 1000;
    process.stdout.write(`${scope}: stopped after ${seconds.toFixed(1)} s, 5 s of them for the run\n`);
    expect(seconds).toBeLessThan(20);
    // It asked for more than the two seconds, and was not killed.
    expect(await stage.property('Result')).toBe('success');
    expect(await stage.property('ActiveState')).toBe('inactive');
    expect((await stage.service('status')).code).toBe(3);
    expect((await stage.service('start')).code).toBe(0);
    expect((await stage.whenJob(job.id, () => true)).state).toBe('running');
    expect((await stage.homer('cancel', job.id)).code).toBe(0);
    await stage.whenJob(job.id, ({ state }) => state === 'cancelled');
    await stage.override('');
  });

  test('a loop that is blocked is ended by the watchdog, and Homer is back', async () => {
    const blocker = await writeBlocker(room);
    await stage.override(
      `[Service]\nWatchdogSec=3\nRestartSec=100ms\nEnvironment=NODE_OPTIONS=--import=${blocker}\n`,
    );
    expect((await stage.service('restart')).code).toBe(0);
    const pid = await stage.property('MainPID');
    await room.out('kill', '-USR2', pid);
    await stage.when('NRestarts', (count) => count === '1');
    await stage.when('StatusText', (says) => says.startsWith('Ready'));
    expect(await stage.property('MainPID')).not.toBe(pid);
    const journal = await room.out(
      'journalctl',
      '--no-pager',
      '--output=cat',
      scope === 'user' ? '_COMM=systemd' : '--unit=homer',
    );
    expect(journal).toMatch(/homer\.service: Watchdog timeout/);
    expect((await stage.status()).service.restarts).toBe(1);
    await stage.override('');
  });

  test('one that is alive is left alone by the watchdog', async () => {
    await stage.override('[Service]\nWatchdogSec=1\n');
    expect((await stage.service('restart')).code).toBe(0);
    const pid = await stage.property('MainPID');
    const first = await stage.property('WatchdogTimestampMonotonic');
    // Three beats are longer than it may be silent.
    for (let beats = 0, last = first; beats < 4; beats += 1)
      last = await stage.when('WatchdogTimestampMonotonic', (now) => now !== last);
    expect(await stage.property('MainPID')).toBe(pid);
    await stage.override('');
  });

  test('beside a Homer that was started by hand it stands by, and takes over', async () => {
    expect((await stage.service('stop')).code).toBe(0);
    const byHand = room.runAs(account, { HOMER_PORT: '0' }, '/srv/homer/homer', 'serve');
    const pid = await whenRunning(stage);
    expect((await stage.service('start')).code).toBe(0);
    const { service } = await stage.status();
    expect(service).toMatchObject({ state: 'standby', restarts: 0 });
    expect(service.says).toContain(`Standing by: Another Homer (pid ${pid}`);
    await room.out('kill', '-KILL', String(pid));
    await byHand;
    await stage.when('StatusText', (says) => says.startsWith('Ready'));
    const after = await stage.status();
    expect(after).toMatchObject({ daemon: 'healthy', service: { state: 'running', restarts: 0 } });
    expect(after.service.pid).toBe(after.pid);
  });

  test('a second one in the foreground is refused, and nothing happens to the service', async () => {
    const pid = await stage.property('MainPID');
    expect(await stage.homer('serve')).toMatchObject({ code: 75 });
    expect(await stage.homer('start')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('already running') as string,
    });
    expect(await stage.property('MainPID')).toBe(pid);
  });

  test('`homer stop` is meant, and `homer start` goes through the service or says who may', async () => {
    const stopped = await stage.homer('stop');
    expect(stopped.stdout).toContain('It is a service, homer.service');
    await stage.when('ActiveState', isHandedOver);
    expect(await stage.property('Result')).toBe('success');
    const started = await stage.homer('start');
    if (scope === 'user') expect(started.code, started.stderr).toBe(0);
    else {
      expect(started).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('sudo homer service start --system') as string,
      });
      expect(await stage.homer('restart')).toMatchObject({ code: 1 });
      expect((await stage.service('start')).code).toBe(0);
    }
    expect(await stage.property('NRestarts')).toBe('0');
    const status = await stage.status();
    expect(String(status.pid)).toBe(await stage.property('MainPID'));
  });

  test.each([0, 2, 75, 78])('an end with %i before it was ready is not repeated', async (code) => {
    await stage.override(`[Service]\nRestartSec=50ms\nExecStart=\nExecStart=/bin/sh -c 'exit ${code}'\n`);
    await stage.service('stop');
    // Fails, or has nothing more to say, by the code; either way it is over.
    await stage.systemctl('start', 'homer').catch(() => undefined);
    expect(await stage.when('ActiveState', isHandedOver)).toMatch(/failed|inactive/);
    expect(await stage.property('NRestarts')).toBe('0');
    await stage.override('');
  });

  test('a crash is repeated, at a pace', async () => {
    expect(await stage.property('RestartUSec')).toBe('5s');
    await stage.override(`[Service]\nRestartSec=50ms\nExecStart=\nExecStart=/bin/sh -c 'exit 1'\n`);
    await stage.systemctl('start', '--no-block', 'homer');
    await stage.when('NRestarts', (count) => Number(count) >= 8);
    await stage.systemctl('stop', 'homer');
    await stage.override('');
    await stage.systemctl('reset-failed', 'homer').catch(() => undefined);
  });

  test('a configuration that is wrong is refused once, with its code', async () => {
    await stage.configure('lanes: 7\n');
    expect(await stage.service('start')).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('lanes') as string,
    });
    await stage.systemctl('start', 'homer').catch(() => undefined);
    await stage.when('ActiveState', (state) => state === 'failed');
    expect(await stage.property('ExecMainStatus')).toBe('78');
    expect(await stage.property('NRestarts')).toBe('0');
    expect(await stage.service('status')).toMatchObject({ code: 1 });
    if (scope === 'user') expect(await stage.homer('start')).toMatchObject({ code: 78 });
    await stage.configure('drain: { timeoutMs: 500 }\n');
    expect((await stage.service('start')).code).toBe(0);
  });

  test('its log is shown', async () => {
    const { code, stdout } = await stage.service('logs', '--lines', '20');
    expect(code).toBe(0);
    expect(stdout).toContain('"msg":"ready"');
    const { lines } = JSON.parse((await stage.service('logs', '--json')).stdout) as {
      lines: readonly string[];
    };
    expect(lines.some((line) => line.includes('"msg":"ready"'))).toBe(true);
  });

  test('is uninstalled without a trace, and its data stays', async () => {
    const before = (await stage.homer('jobs', '--json')).stdout;
    const { code, stdout } = await stage.service('uninstall');
    expect(code).toBe(0);
    expect(stdout).toContain(`${stage.home} stays as it is`);
    expect((await room.run('test', '-e', stage.file)).code).toBe(1);
    expect(await stage.property('LoadState')).toBe('not-found');
    expect(await room.out('find', '/etc/systemd', `/home/${account}`, '-name', 'homer*.service')).toBe('');
    expect(await stage.service('status')).toMatchObject({ code: 3 });
    expect(await stage.service('uninstall')).toMatchObject({ code: 3 });
    expect((await stage.homer('start')).code).toBe(0);
    expect((await stage.homer('jobs', '--json')).stdout).toBe(before);
    expect((await stage.homer('stop', '--kill')).code).toBe(0);
  });
});

/** The daemon that was started by hand. */
async function whenRunning(stage: Stage): Promise<number> {
  for (;;) {
    const { code, stdout } = await stage.homer('status', '--json');
    if (code === 0) return (JSON.parse(stdout) as { pid: number }).pid;
  }
}
