// `homer doctor` on machines that lack something. The agents are tiny programs, the home is a temporary one.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentFinding, DoctorReport, Finding } from '../../src/doctor/report.ts';
import { detectIsolation } from '../../src/runner/isolation.ts';
import { readProcesses } from '../../src/runner/process-table.ts';
import { openRoom, type Ended, type Room } from './cli-process.ts';

interface Document extends DoctorReport {
  readonly ok: boolean;
}

let room: Room;
let tools: string;

beforeEach(async () => {
  room = await openRoom();
  tools = join(room.work, 'tools');
  mkdirSync(tools);
});

afterEach(async () => {
  await room.close();
});

const agent = (name: string, body: string): void =>
  writeFileSync(join(tools, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });

const config = (value: unknown): void => {
  mkdirSync(room.home, { recursive: true, mode: 0o700 });
  writeFileSync(join(room.home, 'config.yaml'), JSON.stringify(value), { mode: 0o600 });
};

async function examine(env: NodeJS.ProcessEnv = {}): Promise<{ ended: Ended; document: Document }> {
  const path = `${tools}:${process.env['PATH'] ?? ''}`;
  const ended = await room.run(['doctor', '--json'], { env: { PATH: path, ...env } });
  return { ended, document: JSON.parse(ended.stdout) as Document };
}

function about(found: Document, name: string): AgentFinding {
  const agentFound = found.agents.find((each) => each.name === name);
  if (agentFound === undefined) throw new Error(`nothing about ${name}`);
  return agentFound;
}

const problems = (findings: readonly Finding[]): readonly string[] =>
  findings.filter(({ level }) => level === 'problem').map(({ text }) => text);

test('a signed-in agent and nothing else: all is there, and nothing was made', async () => {
  agent('claude', '[ "$1" = --version ] && echo "2.1.330 (Claude Code)"');
  mkdirSync(join(room.work, '.claude'));
  writeFileSync(join(room.work, '.claude/.credentials.json'), '{"not":"read"}');
  const { ended, document } = await examine();
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(document.ok).toBe(true);
  expect(about(document, 'claude')).toMatchObject({
    path: join(tools, 'claude'),
    version: '2.1.330',
    isDefault: true,
    signedIn: 'yes',
    signedInBy: '~/.claude/.credentials.json',
  });
  expect(document.isolation).toBe(await detectIsolation());
  const said = document.findings.map(({ text }) => text).join(' ');
  expect(said).toContain('an agent can act as you');
  expect(existsSync(room.home)).toBe(false);
});

test('each thing that is missing is named with its step', async () => {
  agent('claude', `env > ${join(room.work, 'env')}; echo 1.0.0`);
  agent('broken', 'exit 1');
  config({
    executors: {
      claude: { kind: 'claude', version: '2.1.330', sandbox: 'workspace' },
      gone: { kind: 'claude', bin: join(tools, 'no-such-agent') },
      broken: {
        kind: 'claude',
        bin: join(tools, 'broken'),
        setEnv: { ANTHROPIC_API_KEY: { file: '/no/such/key' } },
      },
      tests: { kind: 'command', argv: ['no-such-command'] },
    },
    roots: [join(room.work, 'nowhere')],
  });
  const { ended, document } = await examine({ CANARY: 'a-canary' });
  expect(ended.code).toBe(1);
  expect(readFileSync(join(room.work, 'env'), 'utf8')).not.toContain('a-canary');
  const claude = about(document, 'claude');
  expect(claude).toMatchObject({ version: '1.0.0', signedIn: 'no' });
  expect(claude.findings).toContainEqual(
    expect.objectContaining({ level: 'note', text: 'It is version 1.0.0; 2.1.330 is expected.' }),
  );
  expect(problems(claude.findings)).toContain('It is not signed in.');
  const gone = about(document, 'gone');
  expect(gone).toMatchObject({ path: null });
  expect(gone.findings[0]?.step).toBe('Correct executors.gone.bin in config.yaml: it leads nowhere.');
  expect(problems(about(document, 'broken').findings)).toEqual([
    'ANTHROPIC_API_KEY comes from /no/such/key, which cannot be read.',
    'It cannot be run: `--version` failed.',
  ]);
  expect(problems(about(document, 'tests').findings)).toHaveLength(1);
  expect(problems(document.findings)).toEqual([expect.stringContaining('nowhere does not exist')]);
  const everything = [...document.findings, ...document.agents.flatMap(({ findings }) => findings)];
  for (const found of everything.filter(({ level }) => level === 'problem'))
    expect(found.step).not.toBeNull();
  // For people the same, what is to be mended first.
  const shown = await room.run(['doctor'], { env: { PATH: `${tools}:${process.env['PATH'] ?? ''}` } });
  expect(shown.code).toBe(1);
  expect(shown.stdout).toMatch(/^\d things to mend\.\n\nTo mend\n/);
  expect(shown.stdout).toContain('Sign in: claude, then /login.');
});

test('an agent that hangs is not waited for, and what it started is ended', async () => {
  agent('claude', `echo $$ > ${join(room.work, 'pid')}; sleep 4321.5 & sleep 4321.5`);
  const { document } = await examine();
  expect(problems(about(document, 'claude').findings)).toContain('It did not tell its version within 5 s.');
  const group = Number(readFileSync(join(room.work, 'pid'), 'utf8'));
  // Those that only wait to be reaped are not counted.
  expect(readProcesses().filter((row) => row.group === group)).toEqual([]);
});

test('a script under a Node that is too old for it, and the Node its executor names', async () => {
  const folder = join(room.work, 'package');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{"name": "agent", "engines": {"node": ">=22.19.0"}}');
  writeFileSync(join(folder, 'cli.js'), '#!/usr/bin/env node\nconsole.log("9.9.9")\n', { mode: 0o755 });
  agent('node', '[ "$1" = --version ] && echo v20.20.2 || echo 9.9.9');
  config({ executors: { old: { kind: 'claude', bin: join(folder, 'cli.js'), env: ['ANTHROPIC_API_KEY'] } } });
  const old = await examine({ ANTHROPIC_API_KEY: 'sk-canary' });
  expect(about(old.document, 'old')).toMatchObject({
    node: { version: '20.20.2', needs: '>=22.19.0' },
    signedIn: 'yes',
    signedInBy: 'ANTHROPIC_API_KEY',
  });
  expect(problems(about(old.document, 'old').findings)).toEqual([
    `It needs Node >=22.19.0 and gets 20.20.2 (${join(tools, 'node')}).`,
  ]);
  expect(old.ended.stdout).not.toContain('sk-canary');
  const named = {
    kind: 'claude',
    bin: join(folder, 'cli.js'),
    node: process.execPath,
    env: ['ANTHROPIC_API_KEY'],
  };
  config({ executors: { old: named } });
  const now = await examine({ ANTHROPIC_API_KEY: 'sk-canary' });
  expect(problems(about(now.document, 'old').findings)).toEqual([]);
  expect(about(now.document, 'old').version).toBe('9.9.9');
});

test('a configuration that cannot be read, an open home, a port that is taken', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  config({ nonsense: 1 });
  chmodSync(room.home, 0o755);
  const { document } = await examine();
  expect(problems(document.findings).join('\n')).toMatch(
    /Other users can get at .*nonsense: is not a known key/s,
  );
  config({});
  const port = (server.address() as AddressInfo).port;
  const taken = await examine({ HOMER_PORT: String(port) });
  expect(problems(taken.document.findings).join()).toContain(`Port ${port} cannot be used`);
  server.close();
});

test('an agent installed since Homer was started is used at once, or its restart is asked for', async () => {
  const daemonTools = join(room.work, 'daemon-tools');
  mkdirSync(daemonTools);
  const env = { PATH: `${daemonTools}:/usr/bin:/bin` };
  await room.run(['start'], { env });
  // From the daemon's PATH: as if the person had just done what `run` told.
  writeFileSync(join(daemonTools, 'qwen'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  await expect
    .poll(async () => (await room.run(['run', '--detach', '-x', 'qwen', 'hello'], { env })).code, {
      timeout: 20_000,
    })
    .toBe(0);
  // From elsewhere.
  agent('kimi', 'echo 1.0.0');
  const { document } = await examine();
  expect(document.findings.find(({ text }) => text.startsWith('kimi'))).toMatchObject({
    about: 'daemon',
    level: 'problem',
    text: expect.stringContaining('found since Homer was started') as string,
    step: '`homer restart`',
  });
  expect(document.findings.some(({ text }) => text.startsWith('qwen'))).toBe(false);
}, 60_000);

test('with a daemon it says who holds the lock and that the ledger is read', async () => {
  await room.run(['start']);
  const { document } = await examine();
  const daemon = document.findings.find((each) => each.about === 'daemon');
  expect(daemon).toMatchObject({ level: 'ok' });
  expect(daemon?.text).toMatch(
    /holds the lock \(process \d+\), answers on 127\.0\.0\.1:\d+ and reads its ledger/,
  );
});

interface Fixed extends Document {
  readonly changes: readonly { readonly id: string; readonly text: string }[];
  readonly failures: readonly unknown[];
}

test('--fix mends what breaks nothing, says so, and has nothing to do a second time', async () => {
  await room.run(['start']);
  await room.run(['stop', '--now']);
  config({ lanes: { work: { concurrency: 1 } } });
  const before = readFileSync(join(room.home, 'config.yaml'), 'utf8');
  chmodSync(join(room.home, 'token'), 0o644);
  rmSync(join(room.home, 'skills'), { recursive: true });
  const left = join(room.home, 'backups/.unfinished-1');
  writeFileSync(left, '', { mode: 0o600 });
  utimesSync(left, 0, 0);
  const fix = async (): Promise<Fixed> =>
    JSON.parse((await room.run(['doctor', '--fix', '--json'])).stdout) as Fixed;
  const first = await fix();
  expect(first.changes.map(({ id }) => id)).toEqual(['home-modes', 'home-layout', 'leftover-files']);
  expect(first.failures).toEqual([]);
  expect(statSync(join(room.home, 'token')).mode & 0o777).toBe(0o600);
  expect(existsSync(left)).toBe(false);
  const inOrder = first.findings.filter(({ about: at }) => at === 'home').map(({ level }) => level);
  expect(inOrder).toEqual(inOrder.map(() => 'ok'));
  expect(readFileSync(join(room.home, 'config.yaml'), 'utf8')).toBe(before);
  expect((await fix()).changes).toEqual([]);
  expect((await room.run(['start'])).code).toBe(0);
  // Beside a daemon that works nothing of its ledger is touched.
  expect((await fix()).changes).toEqual([]);
}, 60_000);

test('a ledger that is none, with a configuration that is not right: both are told, nothing is touched, nothing crashes', async () => {
  config({ nonsense: 1 });
  const file = join(room.home, 'homer.db');
  writeFileSync(file, 'no database at all '.repeat(500), { mode: 0o600 });
  const { ended, document } = await examine();
  expect(ended).toMatchObject({ code: 1, stderr: '' });
  const ids = document.findings.filter(({ level }) => level === 'problem').map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(['config-valid', 'ledger-readable']));
  expect((await room.run(['doctor', '--fix'])).code).toBe(1);
  expect(readFileSync(file, 'utf8')).toMatch(/^no database at all /);
  expect(readdirSync(room.home).filter((name) => name.startsWith('homer.db'))).toEqual(['homer.db']);
});

test('--security says less of the rest and more of this, with and without a daemon, and why', async () => {
  const ask = async (): Promise<{ document: Document; ms: number }> => {
    const startedAt = performance.now();
    const { stdout } = await room.run(['doctor', '--security', '--json']);
    return { document: JSON.parse(stdout) as Document, ms: performance.now() - startedAt };
  };
  await room.run(['start']);
  const live = await ask();
  const ids = (found: Document): string[] => [...new Set(found.findings.map(({ id }) => id))];
  expect(live.document.agents).toEqual([]);
  expect(ids(live.document)).toEqual(
    expect.arrayContaining(['home-modes', 'token-owner', 'root-user', 'tokens-refused']),
  );
  expect(ids(live.document)).not.toContain('disk-space');
  for (const each of live.document.findings)
    expect(each).toMatchObject({ why: expect.stringMatching(/\.$/) as string });
  await room.run(['stop', '--now']);
  const dead = await ask();
  expect(ids(dead.document)).toEqual(expect.arrayContaining(['token-owner-age', 'tokens-refused']));
  expect(dead.ms).toBeLessThan(10_000);
}, 60_000);
