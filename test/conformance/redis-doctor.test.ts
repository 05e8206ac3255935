// What `homer doctor` says of a real Redis, of one that is not there, and of one it may not ask.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort, startRedis, type RedisServer } from '../../bench/redis-server.ts';
import { buildConfig } from '../../src/config/build.ts';
import type { Config } from '../../src/config/config.ts';
import type { Around } from '../../src/doctor/check.ts';
import { runCheck } from '../../src/doctor/check.ts';
import { engineChecks } from '../../src/doctor/checks/engine.ts';
import type { Finding } from '../../src/doctor/report.ts';

let directory: string;
let redis: RedisServer | null;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'homer-redis-'));
  redis = null;
});
afterEach(async () => {
  await redis?.stop();
  rmSync(directory, { recursive: true, force: true });
});

function configOf(url: string | { env: string } | { exec: [string] }): Config {
  return buildConfig({ engine: { kind: 'bullmq', url } }, { port: null, userHome: '/home/ann' });
}

/** The checks together, on a machine of which they look at nothing else. */
async function engineFindings(
  config: Config,
  env: Record<string, string>,
  ids = engineChecks.map(({ id }) => id),
): Promise<readonly Finding[]> {
  const around = { config, env } as unknown as Around;
  const asked = engineChecks.filter(({ id }) => ids.includes(id));
  return (await Promise.all(asked.map((check) => runCheck(check, around)))).flat();
}

const urlOf = ({ port }: RedisServer): string => `redis://127.0.0.1:${port}`;

test('how much a Redis keeps is named, with who sends it again', async () => {
  redis = await startRedis(directory, 'everysec');
  const findings = await engineFindings(configOf({ env: 'REDIS' }), { REDIS: urlOf(redis) });
  expect(findings.map(({ id, level }) => [id, level])).toEqual([
    ['redis-reach', 'ok'],
    ['redis-eviction', 'ok'],
    ['redis-plain', 'ok'],
  ]);
  expect(findings[0]?.text).toMatch(
    /^redis \S+: everysec, can lose the last second; Homer sends it again from the ledger\.$/,
  );
});

test('one that may throw away what is queued is a note, not a problem', async () => {
  redis = await startRedis(directory, 'snapshots', { more: ['--maxmemory-policy', 'allkeys-lru'] });
  const findings = await engineFindings(configOf(urlOf(redis)), {});
  expect(findings.map(({ level }) => level)).toEqual(['ok', 'note', 'ok']);
  expect(findings[0]?.text).toContain('snapshots only');
  expect(findings[1]?.text).toContain('allkeys-lru');
});

test('a managed one that forbids CONFIG is said to be unknown', async () => {
  redis = await startRedis(directory, 'everysec', { more: ['--rename-command', 'CONFIG', ''] });
  const [found] = await engineFindings(configOf(urlOf(redis)), {});
  expect(found?.text).toContain('unknown');
});

test('one that is not there, a missing secret and a wrong address are problems with a step, without the password', async () => {
  const gone = `redis://:hunter2@127.0.0.1:${await freePort()}`;
  for (const [config, env] of [
    [configOf(gone), {}],
    [configOf({ env: 'REDIS' }), {}],
    [configOf({ env: 'REDIS' }), { REDIS: 'hunter2@nowhere' }],
  ] as const) {
    const findings = await engineFindings(config, env);
    const [problem, ...others] = findings.filter(({ level }) => level !== 'ok');
    expect(problem).toMatchObject({
      id: 'redis-reach',
      level: 'problem',
      step: expect.any(String) as string,
    });
    expect(others).toEqual([]);
    expect(JSON.stringify(findings)).not.toContain('hunter2');
  }
});

test('a program that would give the url is not started', async () => {
  const [found] = await engineFindings(configOf({ exec: ['/bin/false'] }), {});
  expect(found).toMatchObject({ level: 'note' });
});

test('one on another machine without TLS or a password is named, and of its address only the host', async () => {
  const [plain] = await engineFindings(configOf('redis://10.255.255.1:6379'), {}, ['redis-plain']);
  expect(plain).toMatchObject({ level: 'note' });
  expect(plain?.text).toBe('The Redis at 10.255.255.1:6379 is reached without TLS and a password.');
  const [safe] = await engineFindings(configOf('rediss://:hunter2@10.255.255.1:6379'), {}, ['redis-plain']);
  expect(safe).toMatchObject({ level: 'ok' });
});

test('the embedded engine has nothing to look at', async () => {
  expect(await engineFindings(buildConfig({}, { port: null, userHome: '/' }), {})).toEqual([]);
});
