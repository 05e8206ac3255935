import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isHomerError } from '../core/errors.ts';
import { decideChange, draftService, everyService, renderService, writeService, type Draft } from './plan.ts';
import { recordedPath, recordedVariables } from './surroundings.ts';

const known = { drainMs: 30_000, systemdVersion: null };
let userHome: string;
let units: string;

beforeEach(() => {
  userHome = mkdtempSync(join(tmpdir(), 'homer-plan-'));
  units = join(userHome, '.config/systemd/user');
  mkdirSync(units, { recursive: true });
});
afterEach(() => rmSync(userHome, { recursive: true }));

function draft(platform: string, home: string | null = null): Promise<Draft> {
  const env = { PATH: '/usr/bin' };
  return draftService({ scope: 'user', runAs: null, home, launcher: '/opt/homer', platform, env, userHome });
}

function decide(it: Draft, platform = 'linux'): string {
  // What this very machine has among its own is not what is tested.
  const found = everyService(platform, it.account, {}).filter(({ path }) => path.startsWith(userHome));
  try {
    return decideChange(it, renderService(it, known), found);
  } catch (error) {
    if (isHomerError(error, 'HOMER_SERVICE_FOREIGN')) return `${error.message} ${error.hint}`;
    throw error;
  }
}

describe('what installing would do', () => {
  test('new, the same, and changed when another version would write it otherwise', async () => {
    const it = await draft('linux');
    expect(it.file).toBe(join(units, 'homer.service'));
    expect(decide(it)).toBe('new');
    await writeService(it.file, renderService(it, known));
    expect(decide(it)).toBe('same');
    expect(decide({ ...it, launcher: '/opt/newer' })).toBe('changed');
  });

  test('a unit of the same name that is not ours stays as it is', async () => {
    const it = await draft('linux');
    writeFileSync(it.file, '[Service]\nExecStart=/usr/bin/caddy\n');
    expect(decide(it)).toContain(
      `${it.file} was not written by \`homer service install\`. Nothing was changed.`,
    );
    rmSync(it.file);
    symlinkSync('/dev/null', it.file);
    expect(decide(it)).toContain('was not written by');
  });

  test('one of ours that somebody edited is not replaced', async () => {
    const it = await draft('linux');
    await writeService(it.file, `${renderService(it, known)}# mine\n`);
    expect(decide(it)).toContain('was edited since Homer wrote it');
    expect(readFileSync(it.file, 'utf8')).toContain('# mine');
  });

  test('an older service under another name is named, with how to remove it', async () => {
    const it = await draft('linux');
    const older = join(units, 'com.homer.daemon.service');
    writeFileSync(older, '[Service]\nExecStart=/usr/bin/node /opt/homer/main.js daemon\n');
    expect(decide(it)).toContain(older);
    expect(decide(it)).toContain('systemctl --user disable --now com.homer.daemon');
  });

  test('the same on a Mac', async () => {
    const it = await draft('darwin');
    const older = join(userHome, 'Library/LaunchAgents/com.homer.daemon.plist');
    await writeService(older, '<plist><string>daemon</string></plist>');
    expect(decide(it, 'darwin')).toContain(`launchctl bootout gui/$(id -u) ${older}`);
    rmSync(older);
    expect(decide(it, 'darwin')).toBe('new');
    expect(it.file).toBe(join(userHome, 'Library/LaunchAgents/homer.daemon.plist'));
  });

  test('another program that is called homer is nobody of ours', async () => {
    writeFileSync(
      join(units, 'homer-dashboard.service'),
      '[Service]\nExecStart=/usr/bin/caddy file-server\n',
    );
    expect(decide(await draft('linux'))).toBe('new');
  });

  test('two state directories have two services, unless their names fall together', async () => {
    const [first, second] = [await draft('linux', '/srv/a/b'), await draft('linux', '/srv/a-b')];
    await writeService(first.file, renderService(first, known));
    expect(decide(await draft('linux'))).toBe('new');
    expect(second.file).toBe(first.file);
    expect(decide(second)).toContain('is for /srv/a/b');
  });

  test('a path with a line end is refused', async () => {
    await expect(draft('linux', '/srv/a\nExecStart=/bin/evil')).rejects.toMatchObject({
      code: 'HOMER_USAGE',
    });
  });
});

test('of the PATH only what will be there without a login', () => {
  expect(recordedPath('/opt/x/bin:.::/a/node_modules/.bin:/usr/bin:/opt/x/bin')).toBe(
    '/opt/x/bin:/usr/bin:/usr/local/bin:/bin',
  );
});

test('a proxy is recorded, its password is not', () => {
  const env = {
    HTTPS_PROXY: 'http://proxy:3128',
    http_proxy: 'http://me:pw@proxy',
    TZ: 'Asia/Tokyo',
    HOME: '/x',
    OTHER: '1',
  };
  expect(recordedVariables('/bin', env)).toEqual({
    variables: { PATH: '/bin:/usr/local/bin:/usr/bin', TZ: 'Asia/Tokyo', HTTPS_PROXY: 'http://proxy:3128' },
    withheld: ['http_proxy'],
  });
});
