import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HomerError } from '../core/errors.ts';
import { loadConfig, type LoadedConfig } from './load.ts';
import { formatProblem } from './problem.ts';
import type { ConfigProblem } from './problem.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'homer-config-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function load(engine: string): LoadedConfig {
  writeFileSync(join(home, 'config.yaml'), `engine: ${engine}\n`, { mode: 0o600 });
  return loadConfig(home, { env: {}, userHome: '/home/ann' });
}

function problems(engine: string): readonly string[] {
  try {
    load(engine);
  } catch (error) {
    if (error instanceof HomerError)
      return (error.details['problems'] as readonly ConfigProblem[]).map(formatProblem);
    throw error;
  }
  return [];
}

describe('engine in config.yaml', () => {
  test('a url is all that is needed', () => {
    const { config, warnings } = load('{ kind: bullmq, url: "redis://127.0.0.1:6379" }');
    expect(config.engine).toEqual({
      kind: 'bullmq',
      url: { text: 'redis://127.0.0.1:6379' },
      prefix: 'homer',
    });
    expect(warnings).toEqual([]);
  });

  test('the url may be kept elsewhere, and keys may begin otherwise', () => {
    expect(load('{ kind: bullmq, url: { file: ~/redis-url }, prefix: "{mine}" }').config.engine).toEqual({
      kind: 'bullmq',
      url: { file: '/home/ann/redis-url' },
      prefix: '{mine}',
    });
  });

  test('a password in it is warned about and shown nowhere', () => {
    const { warnings } = load('{ kind: bullmq, url: "rediss://me:hunter2@redis.example:6380/1" }');
    expect(warnings.map(formatProblem)).toEqual([
      'config.yaml:1:30 engine.url: is a secret in plain text; { env: … }, { file: … } or { exec: … } keep it out',
    ]);
    const [said] = problems('{ kind: bullmq, url: "http://me:hunter2@redis.example" }');
    expect(said).toBe(
      'config.yaml:1:30 engine.url: the value is not an address like "redis://127.0.0.1:6379" (or rediss://, with TLS)',
    );
  });

  test('what cannot be is said', () => {
    expect(problems('{ kind: kafka }')).toEqual([
      'config.yaml:1:17 engine.kind: "kafka" is not possible; it must be "embedded" or "bullmq"',
    ]);
    expect(problems('{ kind: embedded, url: "redis://x" }')).toEqual([
      'config.yaml:1:27 engine.url: is not a known key; known here: kind',
    ]);
    expect(problems('{ kind: bullmq, url: "redis://x", prefix: "a:b" }')).toEqual([
      'config.yaml:1:51 engine.prefix: "a:b" is not a prefix (letters, digits, - and _, at most 64)',
    ]);
  });
});
