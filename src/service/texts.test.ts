import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Blueprint } from './blueprint.ts';
import { serviceName } from './blueprint.ts';
import { renderPlist } from './launchd-plist.ts';
import { renderEcosystem } from './pm2-ecosystem.ts';
import { signatureOf } from './signed-text.ts';
import { renderUnit } from './systemd-unit.ts';

const account = { name: 'ann', uid: 1000, home: '/home/ann' };
const blueprint: Blueprint = {
  scope: 'user',
  account,
  launcher: '/opt/homer/homer',
  home: '/home/ann/.homer',
  variables: { PATH: '/usr/bin:/bin' },
  drainMs: 30_000,
  systemdVersion: null,
};

describe('the unit', () => {
  test('is started again after a crash only, and leaves runs alone', () => {
    const lines = renderUnit(blueprint).split('\n');
    for (const line of [
      'Type=notify',
      'NotifyAccess=all',
      'Restart=on-failure',
      'RestartPreventExitStatus=75 78',
      'KillMode=process',
      'StartLimitIntervalSec=0',
      'OOMPolicy=continue',
      'ExecStart="/opt/homer/homer" "serve" "--standby" "--home" "/home/ann/.homer"',
      'Environment="PATH=/usr/bin:/bin"',
      'EnvironmentFile=-/home/ann/.homer/service.env',
      'WantedBy=default.target',
    ])
      expect(lines).toContain(line);
  });

  test('of the machine runs as an account, and takes no file from it that root would read', () => {
    const lines = renderUnit({ ...blueprint, scope: 'system' }).split('\n');
    expect(lines).toEqual(expect.arrayContaining(['User=ann', 'EnvironmentFile=-/etc/default/homer']));
    expect(lines).toContain('WantedBy=multi-user.target');
  });

  test('lays nothing over what sandboxes of agents need', () => {
    for (const scope of ['user', 'system'] as const)
      expect(renderUnit({ ...blueprint, scope })).not.toMatch(
        /^(RestrictNamespaces|ProtectHome|ProtectKernelTunables|ProtectKernelLogs|ProtectProc|PrivateTmp|MemoryDenyWriteExecute)=/m,
      );
  });

  test('keeps every character of a path', () => {
    const text = renderUnit({ ...blueprint, home: '/srv/a b"c\\d%e$f', launcher: '/opt/$x/homer' });
    expect(text).toContain(
      'ExecStart="/opt/$x/homer" "serve" "--standby" "--home" "/srv/a b\\"c\\\\d%%e$$f"',
    );
    expect(text).toContain('EnvironmentFile=-/srv/a b"c\\d%%e$f/service.env');
  });

  test('waits longer each time only where systemd can', () => {
    expect(renderUnit(blueprint)).not.toContain('RestartSteps');
    expect(renderUnit({ ...blueprint, systemdVersion: 254 })).toContain('RestartSteps=');
  });
});

describe('the signature', () => {
  test.each([
    ['unit', (home: string) => renderUnit({ ...blueprint, home })],
    ['plist', (home: string) => renderPlist('homer.daemon', { ...blueprint, home })],
  ])('of a %s tells its state directory, and whether somebody was at it', (_, render) => {
    for (const home of ['/home/ann/.homer', '/srv/a--b c%20d&<é>']) {
      const text = render(home);
      expect(signatureOf(text)).toEqual({ home, isEdited: false });
      expect(signatureOf(text.replace('serve', 'served'))).toEqual({ home, isEdited: true });
      expect(signatureOf(`${text}\n`)).toEqual({ home, isEdited: true });
    }
  });

  test('is of Homer only', () => {
    expect(signatureOf('[Service]\nExecStart=/usr/bin/homer daemon\n')).toBeNull();
    expect(signatureOf('# homer-service home=%E0%A4%A sha256=' + 'a'.repeat(64) + '\n')).toBeNull();
  });
});

test('a state directory that is not the usual one has a service of its own', () => {
  expect(serviceName('/home/ann/.homer', account)).toBe('homer');
  expect(serviceName('/srv/homer/two', account)).toBe('homer-srv-homer-two');
});

test('the ecosystem file is a module that PM2 can read, and spares the runs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'homer-pm2-'));
  try {
    const file = join(directory, 'ecosystem.config.cjs');
    writeFileSync(file, renderEcosystem('homer', { ...blueprint, home: '/srv/it\'s "x"' }));
    const { apps } = createRequire(import.meta.url)(file) as { apps: readonly object[] };
    expect(apps).toEqual([
      expect.objectContaining({
        script: '/opt/homer/homer',
        args: ['serve', '--standby', '--home', '/srv/it\'s "x"'],
        stop_exit_codes: [2, 75, 78],
        treekill: false,
        kill_timeout: 90_000,
      }),
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
