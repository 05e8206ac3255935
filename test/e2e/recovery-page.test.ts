// docs/recovery.md: the commands of each section, typed one after the other in the very situation the section is about. Each ends with
// 0, or with the exit code that stands behind it.

import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startRedis } from '../../bench/redis-server.ts';
import type { DeliveriesAnswer } from '../../src/cli/answers.ts';
import { readRecord } from '../../src/lifecycle/record.ts';
import { writeUpdate } from '../../src/lifecycle/update-record.ts';
import type { RunRecord } from '../../src/runner/files.ts';
import { TelegramServer, token } from '../fixtures/telegram-server/server.ts';
import { openRoom, type Room } from './cli-process.ts';
import { SmallDisk } from './small-disk.ts';

interface Section {
  readonly title: string;
  readonly commands: readonly string[];
}

/** What is different for the commands of a section from what a user has. */
interface Situation {
  readonly env?: Record<string, string>;
  /** What stands for FILE and ID on the page. */
  readonly words?: Readonly<Record<string, string>>;
  /** What a person does in the editor. */
  readonly edit?: () => void;
}

const page = readFileSync(new URL('../../docs/recovery.md', import.meta.url), 'utf8');
const sections: readonly Section[] = page
  .split(/^## /m)
  .slice(1)
  .map((text) => ({
    title: text.split('\n', 1)[0] ?? '',
    commands: [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
      block.trim().split('\n'),
    ),
  }))
  .filter(({ commands }) => commands.length > 0);

let room: Room;
const atEnd: (() => unknown)[] = [];
beforeEach(async () => {
  room = await openRoom();
  mkdirSync(room.home, { mode: 0o700 });
});
afterEach(async () => {
  for (const end of atEnd.splice(0).toReversed()) await end();
  await room.close();
});

const configure = (config: object | string): void =>
  writeFileSync(join(room.home, 'config.yaml'), typeof config === 'string' ? config : JSON.stringify(config));

async function homer(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await room.run(args);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

async function signalDaemon(signal: NodeJS.Signals): Promise<void> {
  const { pid = 0 } = (await readRecord(room.home)) ?? {};
  process.kill(pid, signal);
}

/** A command that has begun and does not end by itself. */
async function atWork(): Promise<void> {
  const begun = join(room.work, 'begun');
  spawnSync('mkfifo', [begun]);
  const script = `echo "$PPID" > '${begun}'; sleep 600`;
  await homer('run', '-d', '-x', 'shell', script);
  readFileSync(begun);
}

const situations: Readonly<Record<string, () => Promise<Situation>>> = {
  async 'Homer was killed, or the power failed'() {
    await atWork();
    await signalDaemon('SIGKILL');
    return {};
  },
  async 'A job was cut off and waits for you'() {
    await atWork();
    const [run = ''] = readdirSync(join(room.home, 'runs'));
    const { pid } = JSON.parse(readFileSync(join(room.home, 'runs', run, 'run.json'), 'utf8')) as RunRecord;
    process.kill(pid, 'SIGKILL');
    while (!(await homer('jobs', '--state', 'waiting', '--json')).includes('"waiting"'));
    return {};
  },
  async 'A job hangs'() {
    await atWork();
    return {};
  },
  async 'The port is taken'() {
    const thief = createServer().listen(0, '127.0.0.1');
    await once(thief, 'listening');
    atEnd.push(() => thief.close());
    return { env: { HOMER_PORT: String((thief.address() as { port: number }).port) } };
  },
  async 'It was started twice'() {
    await homer('start');
    return {};
  },
  async 'The configuration is damaged'() {
    configure('lanes: { default: { concurrency: many }\n');
    return { edit: () => configure({}) };
  },
  async 'The disk is full'() {
    const disk = SmallDisk.create(24);
    if (typeof disk === 'string') throw new Error(disk);
    const home = join(disk.path, 'home');
    mkdirSync(home, { mode: 0o700 });
    const env = { HOMER_HOME: home };
    atEnd.push(() => disk.remove());
    atEnd.push(() => room.run(['stop', '--kill'], { env }));
    expect((await room.run(['start'], { env })).code).toBe(0);
    disk.fill();
    // The ledger has a little room of its own.
    const large = `true ${'x'.repeat(50_000)}`;
    const submit = () => room.run(['run', '-d', '-x', 'shell', large], { env });
    let said = await submit();
    while (said.code === 0) said = await submit();
    expect(said.stderr).toContain('disk is full');
    return { env };
  },
  async 'An update went wrong'() {
    const root = join(room.work, 'checkout');
    const previous = join(room.work, 'previous');
    for (const path of [join(root, 'scripts'), previous]) mkdirSync(path, { recursive: true });
    symlinkSync(join(import.meta.dirname, '../../src'), join(previous, 'src'));
    writeFileSync(join(root, 'scripts/setup'), 'true\n');
    const as = ['-c', 'user.name=Test', '-c', 'user.email=test@localhost'];
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', root, ...as, ...args], { encoding: 'utf8' });
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '--message', 'the version before');
    const version = { version: '0.1.0', commit: git('rev-parse', 'HEAD').trim(), branch: null };
    rmSync(join(root, 'scripts'), { recursive: true });
    writeUpdate(room.home, {
      phase: 'switching',
      kind: 'checkout',
      root,
      previous,
      from: version,
      to: version,
      tarball: null,
      backup: '',
      trialMs: 1_000,
      startedAt: new Date().toISOString(),
      why: null,
    });
    return {};
  },
  async 'Homer runs and does not answer'() {
    await homer('start');
    await signalDaemon('SIGSTOP');
    return {};
  },
  async 'An agent is signed out'() {
    const bin = join(room.work, 'claude');
    const stream = join(import.meta.dirname, '../fixtures/streams/claude/not-signed-in.jsonl');
    writeFileSync(bin, `#!/bin/sh\ncat '${stream}'\nexit 1\n`, { mode: 0o755 });
    configure({ executors: { claude: { kind: 'claude', bin } } });
    const { stderr } = await room.run(['run', '-x', 'claude', 'hello']);
    expect(stderr).toContain('Please run /login');
    return {};
  },
  async 'Redis is away'() {
    const redis = await startRedis(room.work, 'nothing');
    atEnd.push(() => redis.stop());
    configure({ engine: { kind: 'bullmq', url: `redis://127.0.0.1:${redis.port}` } });
    await homer('start');
    await redis.stop();
    return {};
  },
  async 'The ledger is damaged or gone'() {
    await homer('run', '-x', 'shell', 'true');
    const [copy = ''] = (await homer('backup')).split('\n');
    await signalDaemon('SIGKILL');
    for (const name of readdirSync(room.home).filter((each) => each.startsWith('homer.db')))
      writeFileSync(join(room.home, name), 'not a ledger any more '.repeat(1_000));
    return { words: { FILE: copy } };
  },
  async 'The state directory was copied or moved'() {
    await homer('run', '-x', 'shell', 'true');
    await homer('stop');
    const copy = join(room.work, 'copy');
    cpSync(room.home, copy, { recursive: true });
    const env = { HOMER_HOME: copy };
    atEnd.push(() => room.run(['stop', '--kill'], { env }));
    return { env };
  },
  async 'An answer was not delivered'() {
    const server = new TelegramServer();
    atEnd.push(() => server.stop());
    const bot = join(room.home, 'bot-token');
    writeFileSync(bot, token, { mode: 0o600 });
    configure({ telegram: { token: { file: bot }, apiRoot: await server.start(), allow: [99] } });
    server.blocked.add(99);
    await homer('run', '-x', 'shell', '--notify', 'telegram:99', 'echo x');
    let dead: DeliveriesAnswer['deliveries'] = [];
    while (dead.length === 0)
      dead = (JSON.parse(await homer('deliveries', '--state', 'dead', '--json')) as DeliveriesAnswer)
        .deliveries;
    return { words: { ID: dead[0]?.id ?? '' } };
  },
  async 'Something is left running'() {
    await homer('run', '-x', 'shell', 'true');
    return {};
  },
  async 'The token got into wrong hands'() {
    await homer('start');
    return {};
  },
};

test('each section with commands has its situation', () => {
  const played = sections.map(({ title }) => title).filter((title) => title !== 'Try it');
  expect(played.toSorted()).toEqual(Object.keys(situations).toSorted());
});

describe('the commands do what the page says', () => {
  const played = sections.filter(({ title }) => situations[title] !== undefined);
  test.for(played.map(({ title, commands }) => [title, commands] as const))(
    '%s',
    async ([title, commands], { skip }) => {
      skip(
        title === 'The disk is full' && process.getuid?.() !== 0,
        'mounting a small file system needs root',
      );
      const situation = (await situations[title]?.()) ?? {};
      for (const command of commands) await type(command, situation);
    },
  );
});

async function type(line: string, { env, words = {}, edit }: Situation): Promise<void> {
  if (line.startsWith('$EDITOR')) {
    edit?.();
    return;
  }
  const code = Number(/# exit code (\d+)/.exec(line)?.[1] ?? 0);
  const typed = line.replace(/\s+#.*$/, '').split(' ');
  const assigned = typed
    .filter((word) => word.includes('='))
    .map((word) => word.split('=') as [string, string]);
  const args = typed.slice(typed.indexOf('homer') + 1).map((word) => words[word] ?? word);
  const ended = await room.run(args, { env: { ...env, ...Object.fromEntries(assigned) } });
  expect(ended.code, `${line}\n${ended.stdout}${ended.stderr}`).toBe(code);
}
