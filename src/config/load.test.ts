import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isHomerError } from '../core/errors.ts';
import { formatProblem } from './problem.ts';
import type { ConfigProblem } from './problem.ts';
import { loadConfig } from './load.ts';
import type { LoadedConfig } from './load.ts';
import { configSchema } from './schema.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'homer-config-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function load(yaml: string, env: Record<string, string> = {}): LoadedConfig {
  writeFileSync(join(home, 'config.yaml'), yaml, { mode: 0o600 });
  return loadConfig(home, { env, userHome: '/home/ann' });
}

function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (!isHomerError(error, 'HOMER_CONFIG_INVALID')) throw error;
    const problems = error.details['problems'] as readonly ConfigProblem[];
    for (const problem of problems.slice(0, 50)) expect(error.message).toContain(formatProblem(problem));
    return problems.map(formatProblem);
  }
  return [];
}

describe('what is taken', () => {
  test('no file gives the defaults and the shell executor', () => {
    const { config, warnings } = loadConfig(home, { env: {}, userHome: '/home/ann' });
    expect(config).toMatchObject({
      port: 4663,
      hosts: [],
      lanes: { default: { concurrency: 2, rate: null } },
      defaultExecutor: null,
      roots: [],
      engine: { kind: 'embedded' },
      drain: { timeoutMs: 30_000 },
    });
    expect(config.executors['shell']).toMatchObject({
      kind: 'command',
      bin: 'sh',
      args: ['-c', '{prompt}'],
      input: 'argument',
      timeoutMs: 3_600_000,
      stallMs: 600_000,
      outputLimit: 67_108_864,
      configured: false,
    });
    expect(warnings).toEqual([]);
  });

  test('an empty file and one of comments are the same as none', () => {
    expect(load('').config).toEqual(load('# nothing\n').config);
  });

  test('the example of the contract, as far as this version goes', () => {
    const { config, warnings } = load(`
port: 4663
hosts: []
lanes:
  default: { concurrency: 2 }
  work:    { concurrency: 3, rate: "30/1m" }
executors:
  claude:  { kind: claude, bin: claude, env: [ANTHROPIC_API_KEY], setEnv: { ANTHROPIC_BASE_URL: "http://127.0.0.1:1" },
             permissions: ask }
  shell:   { kind: command, argv: ["sh", "-c", "{prompt}"] }
defaultExecutor: claude
roots: [ ~/code ]
engine: { kind: embedded }
`);
    expect(warnings).toEqual([]);
    expect(config.lanes['work']).toEqual({
      concurrency: 3,
      rate: { count: 30, perMs: 60_000 },
      budget: null,
      labels: [],
    });
    expect(config.roots).toEqual(['/home/ann/code']);
    expect(config.executors['claude']).toMatchObject({
      input: 'stdin',
      timeoutMs: 1_800_000,
      configured: true,
    });
    expect(config.executors['claude']?.setEnv['ANTHROPIC_BASE_URL']).toEqual({ text: 'http://127.0.0.1:1' });
    expect(config.executors['shell']?.configured).toBe(true);
  });

  test('the default lane is there beside others', () => {
    expect(Object.keys(load('lanes: { work: {} }').config.lanes)).toEqual(['default', 'work']);
  });

  test('a command without {prompt} reads standard input', () => {
    expect(load('executors: { w: { kind: command, argv: [wc] } }').config.executors['w']?.input).toBe(
      'stdin',
    );
  });

  test('nothing can be changed afterwards', () => {
    const { config } = load('executors: { w: { kind: command, argv: [wc], setEnv: { A: { file: ~/a } } } }');
    const seen: unknown[] = [];
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      seen.push(value);
      expect(Object.isFrozen(value)).toBe(true);
      Object.values(value).forEach(walk);
    };
    walk(config);
    expect(seen.length).toBeGreaterThan(12);
    expect(config.executors['w']?.setEnv['A']).toEqual({ file: '/home/ann/a' });
  });

  test('a name that every object has is not found unless configured', () => {
    expect(load('').config.lanes['constructor']).toBeUndefined();
    expect(load('lanes: { constructor: {} }').config.lanes['constructor']).toBeDefined();
  });

  test('HOMER_PORT wins, is read strictly, and may be 0', () => {
    expect(load('port: 5000', { HOMER_PORT: '0' }).config.port).toBe(0);
    expect(load('port: 5000', { HOMER_PORT: '' }).config.port).toBe(5000);
    for (const text of ['1e3', '65536', '-1', ' 80', '0x50', 'web'])
      expect(problemsOf(() => load('', { HOMER_PORT: text }))).toEqual([
        `HOMER_PORT: "${text}" is not a port (0 to 65535; 0: any free one)`,
      ]);
  });
});

describe('what is refused', () => {
  test('everything that is wrong is listed at once, with its line', () => {
    expect(
      problemsOf(() =>
        load(
          `port: "80"
prot: 1
lanes:
  work: { rate: fast, concurrency: 0 }
  WORK: {}
  none:
  x: { concurrency: 300, rat: 1 }
hosts: ["*", ok.example, "a.example:70000"]
roots: [code]
telegram: {}
engine: { kind: bullmq }
defaultExecutor: nope
executors:
  a: { kind: cursor }
  b: {}
  c: { kind: command }
  d: { kind: command, argv: [], permissions: ask }
  e: { kind: command, argv: [sh, -c, "echo {prompt}"] }
  f: { kind: claude, maxTurns: 0, stallMs: 1e99, outputLimit: .inf, bin: ./x }
  g: { kind: command, argv: [cat, "{prompt}"], input: stdin }
  h: { kind: command, argv: [cat], setEnv: { "A B": x, N: 5, HOMER_RUN: x }, env: [1A, NODE_OPTIONS, GIT_CONFIG_KEY_0, BASH_FUNC_x] }
`,
          { HOMER_PORT: 'x' },
        ),
      ),
    ).toEqual([
      'HOMER_PORT: "x" is not a port (0 to 65535; 0: any free one)',
      'config.yaml:1:7 port: "80" is not a number',
      'config.yaml:2:1 prot: is not a known key; known here: port, bind, hosts, proxies, lanes, budget, executors, defaultExecutor, roots, engine, keepAwake, approvals, sessions, drain, subagents, ledger, backup, canary, retention, logs, tracing, skills, alerts, telegram, deliveries, digest, heartbeat, schedules, webhooks, workers; did you mean port?',
      'config.yaml:4:17 lanes.work.rate: "fast" is not a rate like "30/1m"',
      'config.yaml:4:36 lanes.work.concurrency: 0 is too small; it must be at least 1',
      'config.yaml:5:3 lanes.WORK: "WORK" is not a name (lower case letters, digits, - and _, at most 32)',
      'config.yaml:6:8 lanes.none: null is not a mapping (key: value)',
      'config.yaml:7:21 lanes.x.concurrency: 300 is too large; it must be at most 256',
      'config.yaml:7:26 lanes.x.rat: is not a known key; known here: concurrency, rate, budget, labels; did you mean rate?',
      'config.yaml:8:9 hosts.0: "*" is not a host name like "homer.example.net" or "homer.example.net:8443" (no scheme, no *)',
      'config.yaml:8:26 hosts.2: "a.example:70000" has a port above 65535',
      'config.yaml:9:9 roots.0: "code" is not an absolute path (or one that starts with ~/)',
      'config.yaml:10:11 telegram.token: must be text in quotes, { env: NAME }, { file: PATH } or { exec: [program, argument, …] }',
      'config.yaml:11:9 engine.url: must be text in quotes, { env: NAME }, { file: PATH } or { exec: [program, argument, …] }',
      'config.yaml:12:18 defaultExecutor: "nope" is not an executor; there are shell, claude, codex, gemini, kimi, opencode, pi, qwen, a, b, c, d, e, f, g, h',
      'config.yaml:14:14 executors.a.kind: "cursor" is not possible; it must be "claude" or "codex" or "gemini" or "kimi" or "opencode" or "pi" or "qwen" or "acp" or "command"',
      'config.yaml:15:6 executors.b.kind: is missing; it must be "claude" or "codex" or "gemini" or "kimi" or "opencode" or "pi" or "qwen" or "acp" or "command"',
      'config.yaml:16:6 executors.c.argv: is missing',
      'config.yaml:17:29 executors.d.argv: the list is empty',
      'config.yaml:17:33 executors.d.permissions: is not a known key; known here: kind, argv, input, transcript, env, setEnv, idempotent, timeoutMs, stallMs, outputLimit, isolation, subagents, sandbox, writable, nice, memoryMb, openFiles',
      'config.yaml:18:38 executors.e.argv.2: "echo {prompt}" holds {prompt}, which must be an argument of its own after the program',
      'config.yaml:19:32 executors.f.maxTurns: 0 is too small; it must be at least 1',
      'config.yaml:19:44 executors.f.stallMs: 1e+99 is too large; it must be at most 2147483647',
      'config.yaml:19:63 executors.f.outputLimit: Infinity is not a number',
      'config.yaml:19:74 executors.f.bin: "./x" is neither a bare name (looked up on PATH) nor an absolute path',
      'config.yaml:20:55 executors.g.input: "stdin" sends the prompt on standard input, but argv has {prompt} too',
      'config.yaml:21:46 executors.h.setEnv.A B: "A B" is not the name of an environment variable',
      'config.yaml:21:59 executors.h.setEnv.N: must be text in quotes, { env: NAME }, { file: PATH } or { exec: [program, argument, …] }',
      'config.yaml:21:62 executors.h.setEnv.HOMER_RUN: "HOMER_RUN" is kept for Homer, which finds the processes of a run by it',
      'config.yaml:21:84 executors.h.env.0: "1A" is not the name of an environment variable',
      'config.yaml:21:88 executors.h.env.1: "NODE_OPTIONS" makes every run load code of its choice; if that is meant, setEnv gives it the value that is meant',
      'config.yaml:21:102 executors.h.env.2: "GIT_CONFIG_KEY_0" makes every run load code of its choice; if that is meant, setEnv gives it the value that is meant',
      'config.yaml:21:120 executors.h.env.3: "BASH_FUNC_x" makes every run load code of its choice; if that is meant, setEnv gives it the value that is meant',
    ]);
  });

  test('the keys of skills', () => {
    const yaml = `skills:
  extraDirs: [skills]
  allow: [a/b]
  bundledDir: ~/x
  config: { browser: { enabled: true } }
  entries:
    a: { enabled: maybe, apiKey: 5, env: { "A B": x, N: 7 }, configuration: {} }
    "b/c": {}
`;
    expect(problemsOf(() => load(yaml))).toEqual([
      'config.yaml:2:15 skills.extraDirs.0: "skills" is not an absolute path (or one that starts with ~/)',
      'config.yaml:3:11 skills.allow.0: "a/b" is not the name of a skill (no slashes or control characters, at most 128)',
      'config.yaml:7:19 skills.entries.a.enabled: "maybe" is not true or false',
      'config.yaml:7:34 skills.entries.a.apiKey: must be text in quotes, { env: NAME }, { file: PATH } or { exec: [program, argument, …] }',
      'config.yaml:7:44 skills.entries.a.env.A B: "A B" is not the name of an environment variable',
      'config.yaml:7:57 skills.entries.a.env.N: must be text in quotes, { env: NAME }, { file: PATH } or { exec: [program, argument, …] }',
      'config.yaml:7:62 skills.entries.a.configuration: is not a known key; known here: enabled, apiKey, env, workspace, config',
      'config.yaml:8:5 skills.entries.b/c: "b/c" is not the name of a skill (no slashes or control characters, at most 128)',
    ]);
  });

  test('what is said of skills, with everything else as it is by default', () => {
    const yaml = `skills: { bundledDir: ~/x, entries: { a: { apiKey: { env: KEY }, env: { NODE_OPTIONS: "" } }, b: { apiKey: hunter2, workspace: true } } }`;
    const { config, warnings } = load(yaml);
    expect(config.skills).toEqual({
      extraDirs: [],
      allow: null,
      bundledDir: '/home/ann/x',
      config: {},
      entries: {
        a: {
          enabled: true,
          apiKey: { env: 'KEY' },
          env: { NODE_OPTIONS: { text: '' } },
          workspace: false,
          config: {},
        },
        b: { enabled: true, apiKey: { text: 'hunter2' }, env: {}, workspace: true, config: {} },
      },
    });
    expect(warnings.map(({ path }) => path)).toEqual([
      'skills.entries.a.env.NODE_OPTIONS',
      'skills.entries.b.apiKey',
    ]);
    expect(JSON.stringify(warnings)).not.toContain('hunter2');
  });

  test('a value that may be a secret is never shown', () => {
    const yaml =
      'executors: { w: { kind: command, argv: [wc], setEnv: { KEY: { file: hunter2 }, B: "a\\0hunter2" } } }';
    const problems = problemsOf(() => load(yaml));
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain('hunter2');
  });

  test.each([
    ['a key given twice', 'port: 1\nlanes: {}\nport: 2\n', 'config.yaml:3:1: "port" was given before'],
    ['a syntax error', 'port: [1\n', 'config.yaml:2:1: Flow sequence'],
    ['a list', '- port\n', 'config.yaml:1:1: a list is not a mapping'],
    ['a plain word', 'port\n', 'config.yaml:1:1: "port" is not a mapping'],
    ['two documents', 'port: 1\n---\nport: 2\n', 'config.yaml:2:1: only one document'],
    ['a tag', 'port: !!js/function "x"\n', 'config.yaml:1:7: Unresolved tag'],
    ['a prototype key', 'lanes: { __proto__: {} }\n', 'config.yaml:1:10: "__proto__" is not a name'],
    ['an unknown alias', 'port: *here\n', 'config.yaml:1:1: Unresolved alias'],
    ['a bottomless list', '['.repeat(40_000), 'is nested too deeply'],
    ['an endless list', '['.repeat(100_000), 'holds more than any configuration needs'],
  ])('%s', (_what, yaml, expected) => {
    expect(problemsOf(() => load(yaml)).join('\n')).toContain(expected);
  });

  test('an alias bomb', () => {
    let yaml = 'a: &a [x,x,x,x,x,x,x,x,x]\n';
    for (const [before, name] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh', 'hi'])
      yaml += `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]\n`;
    expect(problemsOf(() => load(yaml)).join()).toContain('Excessive alias count');
  });

  test('a directory, a pipe, a dangling link, bytes that are no text, and too large a file', () => {
    const path = join(home, 'config.yaml');
    const refusal = (): string =>
      problemsOf(() => loadConfig(home, { env: {}, userHome: '/home/ann' })).join('\n');
    mkdirSync(path);
    expect(refusal()).toBe('config.yaml: is not a file');
    rmSync(path, { recursive: true });
    execFileSync('mkfifo', [path]);
    expect(refusal()).toBe('config.yaml: is not a file');
    rmSync(path);
    symlinkSync(join(home, 'nowhere'), path);
    expect(refusal()).toBe('config.yaml: is a link to a file that does not exist');
    rmSync(path);
    writeFileSync(path, Buffer.from([0x70, 0xff, 0xfe]));
    expect(refusal()).toBe('config.yaml: is not UTF-8 text');
    writeFileSync(path, `#${'x'.repeat(1024 * 1024)}`);
    expect(refusal()).toBe('config.yaml: is larger than 1 MiB');
  });

  test.runIf(process.getuid?.() !== 0)('a file that may not be read', () => {
    writeFileSync(join(home, 'config.yaml'), 'port: 1', { mode: 0o000 });
    expect(problemsOf(() => loadConfig(home, { env: {}, userHome: '/' }))).toEqual([
      'config.yaml: cannot be read: EACCES',
    ]);
  });
});

describe('what is doubted', () => {
  test('variables that load code, secrets in plain text and a file that others can change', () => {
    const yaml = `executors:
  w:
    kind: command
    argv: [wc]
    env: [PATH]
    setEnv:
      PATH: /usr/bin
      LD_PRELOAD: x.so
      API_KEY: abc
      OTHER_TOKEN: { env: T }
`;
    expect(load(yaml).warnings.map(formatProblem)).toEqual([
      'config.yaml:8:7 executors.w.setEnv.LD_PRELOAD: makes every run load code of its choice',
      'config.yaml:9:16 executors.w.setEnv.API_KEY: is a secret in plain text; { env: … }, { file: … } or { exec: … } keep it out',
    ]);
    chmodSync(join(home, 'config.yaml'), 0o620);
    expect(loadConfig(home, { env: {}, userHome: '/' }).warnings.map(formatProblem)[0]).toContain(
      'can be changed by other users',
    );
  });
});

test('the JSON Schema knows every key and closes each mapping', () => {
  const schema = configSchema() as { properties: Record<string, unknown>; additionalProperties: boolean };
  expect(Object.keys(schema.properties)).toEqual([
    'port',
    'bind',
    'hosts',
    'proxies',
    'lanes',
    'budget',
    'executors',
    'defaultExecutor',
    'roots',
    'engine',
    'keepAwake',
    'approvals',
    'sessions',
    'drain',
    'subagents',
    'ledger',
    'backup',
    'canary',
    'retention',
    'logs',
    'tracing',
    'skills',
    'alerts',
    'telegram',
    'deliveries',
    'digest',
    'heartbeat',
    'schedules',
    'webhooks',
    'workers',
  ]);
  expect(schema.additionalProperties).toBe(false);
  expect(JSON.stringify(schema)).toContain('"maxBudgetUsd"');
});
