// Holds the sources to the rules of the house, and the rules to violations that were planted for them.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findViolations, type Violation } from './house/rules.ts';
import { readSources } from './house/source-file.ts';

const checkout = join(import.meta.dirname, '..');

test('the house keeps its rules', () => {
  const sources = readSources(checkout);
  // A reader that sees nothing finds nothing.
  expect(sources.length).toBeGreaterThan(80);
  expect(sources.flatMap((source) => source.imports).length).toBeGreaterThan(300);
  expect(findViolations(sources).map((violation) => violation.text)).toEqual([]);
});

/** Reads files planted in a directory of their own, as the real ones are read. */
function plant(files: Readonly<Record<string, string>>): readonly Violation[] {
  const root = mkdtempSync(join(tmpdir(), 'homer-house-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return findViolations(readSources(root));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const planted: readonly [what: string, rule: Violation['rule'], path: string, text: string][] = [
  ['an import that leads up', 'floor', 'src/core/job.ts', "import { a } from '../engine/engine.ts';"],
  ['a type that leads up', 'floor', 'src/core/job.ts', "import type { A } from '../engine/engine.ts';"],
  [
    'an inline type that leads up',
    'floor',
    'src/core/job.ts',
    "export type A = import('../engine/engine.ts').A;",
  ],
  [
    'a lazy import that leads up',
    'floor',
    'src/core/job.ts',
    "export const a = () => import('../engine/engine.ts');",
  ],
  [
    'a re-export that leads up',
    'floor',
    'src/core/job.ts',
    "export { a } from '../engine/engine.ts'; const b = 1;",
  ],
  [
    'neighbours that know each other',
    'floor',
    'src/ledger/jobs.ts',
    "import { a } from '../runner/files.ts';",
  ],
  ['a room without a floor', 'floor', 'src/attic/box.ts', 'export const a = 1;'],
  [
    'a command line that reaches into the ledger',
    'cli',
    'src/cli/main.ts',
    "import { a } from '../ledger/jobs.ts';",
  ],
  [
    'a second door to skills',
    'cli',
    'src/cli/commands/status.ts',
    "const a = () => import('../../skills/open.ts');",
  ],
  [
    'skills that are loaded with every command',
    'cli',
    'src/cli/commands/skills.ts',
    "import { a } from '../../skills/open.ts';",
  ],
  [
    'a way into skills beside their door',
    'cli',
    'src/cli/commands/skills.ts',
    "const a = () => import('../../skills/loader.ts');",
  ],
  ['a second door to services', 'cli', 'src/cli/launch.ts', "const a = () => import('../service/open.ts');"],
  ['a second door to the daemon', 'daemon', 'src/cli/main.ts', "const a = () => import('../daemon.ts');"],
  [
    'a daemon that is loaded with every command',
    'daemon',
    'src/cli/commands/serve.ts',
    "import { a } from '../../daemon.ts';",
  ],
  [
    'a driver named past its port',
    'driver',
    'src/worker/worker.ts',
    "import { a } from '../executors/claude.ts';",
  ],
  ['a driver that knows another', 'driver', 'src/executors/claude.ts', "import { a } from './command.ts';"],
  ['a package out of its home', 'home', 'src/ledger/jobs.ts', "import { z } from 'zod';"],
  ['a package without a home', 'home', 'src/cli/main.ts', "import chalk from 'chalk';"],
  [
    'SQLite outside of the ledger',
    'home',
    'src/worker/worker.ts',
    "import { DatabaseSync } from 'node:sqlite';",
  ],
  ['a builtin without node:', 'home', 'src/cli/main.ts', "import { join } from 'path';"],
  ['a required package', 'home', 'src/cli/main.ts', "const a = () => require('chalk');"],
  ['a core that reads files', 'core', 'src/core/job.ts', "import { readFileSync } from 'node:fs';"],
  ['a core that looks at the clock', 'core', 'src/core/job.ts', 'export const now = () => Date.now();'],
  ['a drawer', 'name', 'src/core/utils.ts', 'export const a = 1;'],
  ['an index', 'name', 'src/core/index.ts', 'export const a = 1;'],
  ['a name in camel case', 'name', 'src/core/jobState.ts', 'export const a = 1;'],
  ['a file without an end', 'length', 'src/core/job.ts', 'export type A = 1;\n'.repeat(301)],
  ['a default export', 'shape', 'src/core/job.ts', 'export default 1;'],
  ['a default function', 'shape', 'src/core/job.ts', 'export default function job() {}'],
  ['a star export', 'shape', 'src/core/job.ts', "export * from './retry.ts'; const a = 1;"],
  ['a barrel', 'shape', 'src/core/job.ts', "export { a } from './retry.ts';"],
  ['a call at import', 'shape', 'src/worker/worker.ts', "console.log('here');"],
  [
    'an error swallowed in silence',
    'shape',
    'src/worker/worker.ts',
    'function a() { try { b(); } catch {} }',
  ],
  ['an environment written', 'shape', 'src/worker/worker.ts', "function a() { process.env['A'] = 'b'; }"],
  ['a program that needs its test', 'test', 'src/worker/worker.ts', "import { a } from './worker.test.ts';"],
];

describe('a planted violation is found', () => {
  test.each(planted)('%s', (_, rule, path, text) => {
    expect(plant({ [path]: text }).map((violation) => violation.rule)).toEqual([rule]);
  });
});

test('what the rules allow is let through', () => {
  const allowed = plant({
    'src/cli/main.ts':
      "import { a } from '../core/job.ts';\nimport { Command } from 'commander';\nnew Command();",
    'src/cli/commands/serve.ts': "export const a = () => import('../../daemon.ts');",
    'src/cli/commands/skills.ts': "const a = () => import('../../skills/open.ts');",
    'src/daemon.ts': "import { a } from './gateway/app.ts';\nimport { b } from './engine/open.ts';",
    'src/engine/open.ts': "import { a } from './embedded.ts';",
    'src/core/job.ts': 'export function a() { try { b(); } catch { /* b is optional */ } }',
    'src/core/job.test.ts': "import { test } from 'vitest';\nimport { a } from '../daemon.ts';\ntest();",
  });
  expect(allowed).toEqual([]);
});
