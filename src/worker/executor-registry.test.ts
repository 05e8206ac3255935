import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Config } from '../config/config.ts';
import { createExecutorRegistry } from './executor-registry.ts';

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'homer-registry-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const config = { executors: {}, defaultExecutor: null } as unknown as Config;

test('an agent that is installed later is found by the next look, and looks are rare', async () => {
  let now = 0;
  const registry = createExecutorRegistry({ path: directory, home: directory, now: () => now });
  await registry.refresh(config);
  writeFileSync(join(directory, 'qwen'), '#!/bin/sh\n', { mode: 0o755 });
  expect(await registry.lookAgain()).toBe(false);
  now += 10_000;
  expect(await Promise.all([registry.lookAgain(), registry.lookAgain()])).toEqual([true, true]);
  expect(Object.keys(registry.all())).toContain('qwen');
  now += 10_000;
  expect(await registry.lookAgain()).toBe(false);
});
