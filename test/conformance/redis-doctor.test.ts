// What `homer doctor` says of a real Redis, of one that is not there, and of one it may not ask.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort, startRedis, type RedisServer } from '../../bench/redis-server.ts';
import { buildConfig } from '../../src/config/build.ts';
import type { Config } from '../../src/config/config.ts';
import { engineFindings } from '../../src/doctor/redis.ts';

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
const urlOf = ({ port }: RedisServer): string => `redis://127.0.0.1:${port}`;

test('how much a Redis keeps is named, with who sends it again', async () => {
  redis = await startRedis(directory, 'everysec');
  expect(await engineFindings(configOf({ env: 'REDIS' }), { REDIS: urlOf(redis) })).toEqual([
    {
      about: 'engine',
      level: 'ok',
      text: expect.stringMatching(
        /^redis \S+: everysec, can lose the last second; Homer sends it again from the ledger\.$/,
      ) as string,
      step: null,
    },
  ]);
});

test('one that may throw away what is queued is a note, not a problem', async () => {
  redis = await startRedis(directory, 'snapshots', { more: ['--maxmemory-policy', 'allkeys-lru'] });
  const findings = await engineFindings(configOf(urlOf(redis)), {});
  expect(findings.map(({ level }) => level)).toEqual(['ok', 'note']);
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
    expect(findings).toEqual([
      {
        about: 'engine',
        level: 'problem',
        text: expect.any(String) as string,
        step: expect.any(String) as string,
      },
    ]);
    expect(JSON.stringify(findings)).not.toContain('hunter2');
  }
});

test('a program that would give the url is not started', async () => {
  const [found] = await engineFindings(configOf({ exec: ['/bin/false'] }), {});
  expect(found).toMatchObject({ level: 'note' });
});

test('the embedded engine has nothing to look at', async () => {
  expect(await engineFindings(buildConfig({}, { port: null, userHome: '/' }), {})).toEqual([]);
});
