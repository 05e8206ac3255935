// The skills of a session through the daemon: what a turn was handed stays as it was, byte by byte, whatever is edited meanwhile; the
// next one has what is new; and when nobody has it any more it goes.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { on } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SkillsAnswer } from '../../src/cli/answers.ts';
import { connect } from '../../src/cli/client.ts';
import { readEvents } from '../../src/cli/event-stream.ts';
import { readRecord } from '../../src/lifecycle/record.ts';
import { buildContent } from '../../src/skills/content.ts';
import { readFolder } from '../../src/skills/folder.ts';
import { openRoom, type Room, type Running } from './cli-process.ts';

let room: Room;

const reader = join(import.meta.dirname, '../fixtures/agents/skill-reader.ts');

interface Told {
  readonly first: Readonly<Record<string, string>> | null;
  readonly last: Readonly<Record<string, string>> | null;
  readonly env: Readonly<Record<string, string>>;
}

function configure(skills: Record<string, unknown> = {}): void {
  mkdirSync(room.home, { recursive: true, mode: 0o700 });
  const agent = { kind: 'claude', bin: process.execPath, args: [reader], permissions: 'all' };
  const config = {
    executors: { read: agent, without: { ...agent, skills: false } },
    lanes: { default: { concurrency: 4 } },
    defaultExecutor: 'read',
    skills,
  };
  writeFileSync(join(room.home, 'config.yaml'), JSON.stringify(config));
}

beforeEach(async () => {
  room = await openRoom();
  configure();
});

afterEach(() => room.close());

function skill(name: string, body: string, more = '', folder = join(room.work, 'skills')): string {
  mkdirSync(join(folder, name), { recursive: true });
  const file = join(folder, name, 'SKILL.md');
  // As editors do it.
  writeFileSync(`${file}.new`, `---\nname: ${name}\ndescription: does ${name}\n${more}---\n${body}\n`);
  renameSync(`${file}.new`, file);
  return file;
}

async function homer(...args: string[]): Promise<string> {
  const ended = await room.run(args);
  expect(`${ended.code} ${ended.stderr}`).toMatch(/^0 /);
  return ended.stdout.trimEnd();
}

const told = (text: string): Told => JSON.parse(text) as Told;
const turn = async (...args: string[]): Promise<Told> => told(await homer('run', ...args));

/** A turn that is at work until it is let go. */
async function underWay(...args: string[]): Promise<{ readonly end: () => Promise<Told> }> {
  const [running, gate] = [join(room.work, `running-${args.length}`), join(room.work, `gate-${args.length}`)];
  execFileSync('mkfifo', [gate]);
  const run: Running = room.start(['run', ...args, `WAIT[${running} ${gate}]`]);
  await whenIn(room.work, () => existsSync(running));
  return {
    async end() {
      await (await open(gate, 'w')).close();
      rmSync(gate);
      rmSync(running);
      const ended = await run.ended;
      expect(ended.code).toBe(0);
      return told(ended.stdout);
    },
  };
}

async function whenIn(directory: string, holds: () => boolean): Promise<void> {
  const watcher = watch(directory, { recursive: true });
  try {
    const changes = on(watcher, 'change');
    while (!holds()) await changes.next();
  } finally {
    watcher.close();
  }
}

async function session(name: string): Promise<{ readonly id: string; readonly skills: readonly string[] }> {
  const shown = JSON.parse(await homer('sessions', 'show', name, '--json')) as {
    session: { snapshotId: string | null };
    skills: readonly { name: string }[];
  };
  if (shown.session.snapshotId !== null)
    expect(await homer('sessions', 'show', name)).toContain(shown.session.snapshotId);
  return { id: shown.session.snapshotId ?? '', skills: shown.skills.map((each) => each.name) };
}

const hash = (value: string): string => createHash('sha256').update(value).digest('hex');
const snapshots = (): string => join(room.home, 'skills-store/snapshots');
const digest = (id: string): string =>
  buildContent(readFolder(join(snapshots(), id, 'skills/clock')).entries).digest;

/** Resolves with the data of the first event of this type from now on. */
async function nextEvent(type: string): Promise<() => Promise<Record<string, unknown>>> {
  const leave = new AbortController();
  const client = await connect(room.home);
  const stream = readEvents(await client.open('/api/v1/events', {}, leave.signal));
  return async () => {
    try {
      for await (const { data } of stream) {
        const event = JSON.parse(data) as { type: string; data: Record<string, unknown> };
        if (event.type === type) return event.data;
      }
      throw new Error('The daemon ended.');
    } finally {
      leave.abort();
    }
  };
}

/** Resolves when the changes that were told make up what is there. */
async function settled(home: string): Promise<void> {
  const client = await connect(home);
  const leave = new AbortController();
  const known = new Set(['clock']);
  let isChanged = false;
  const read = async (since: string) =>
    readEvents(await client.open(`/api/v1/events?since=${since}`, {}, leave.signal));
  // A cursor of another ledger is answered with where this one is.
  const first = await (await read('another.0')).next();
  const { cursor } = JSON.parse(first.done === true ? '{}' : first.value.data) as { cursor: string };
  for await (const { data } of await read(`${cursor.split('.')[0] ?? ''}.0`)) {
    const event = JSON.parse(data) as { type: string; data: { added: string[]; changed: string[] } };
    if (event.type !== 'skills.changed') continue;
    for (const name of event.data.added) known.add(name);
    isChanged ||= event.data.changed.includes('clock');
    if (isChanged && known.size === 21) break;
  }
  leave.abort();
}

/** The watch says so in the log of the daemon. */
async function untilWatching(): Promise<void> {
  const logs = join(room.home, 'logs');
  const said = (): boolean =>
    readdirSync(logs).some((name) => readFileSync(join(logs, name), 'utf8').includes('watching skills'));
  await whenIn(logs, said);
}

describe('an edit in mid-session', () => {
  test('is not seen by the turn that runs, is seen by the next, and the old snapshot goes with its last turn', async () => {
    skill('clock', 'old');
    const { end } = await underWay('-s', 'web');
    const old = await session('web');
    expect(old.skills).toEqual(['clock']);
    const before = digest(old.id);
    skill('clock', 'new');
    skill('added', 'fresh');
    expect(digest(old.id)).toBe(before);
    expect(await end()).toMatchObject({ first: { clock: 'old' }, last: { clock: 'old' } });
    expect(await turn('-s', 'web', 'next')).toMatchObject({ first: { clock: 'new', added: 'fresh' } });
    const fresh = await session('web');
    expect(fresh.skills).toEqual(['added', 'clock']);
    expect(fresh.id).not.toBe(old.id);
    await whenIn(snapshots(), () => readdirSync(snapshots()).join() === fresh.id);
    await homer('sessions', 'stop', 'web');
    await whenIn(snapshots(), () => readdirSync(snapshots()).length === 0);
    await whenIn(room.home, () => readdirSync(join(room.home, 'skills-store/blobs')).length === 0);
  });

  test('does not reach another session that runs, over a killed daemon too', async () => {
    skill('clock', 'old');
    const { end } = await underWay('-s', 'web');
    const { id } = await session('web');
    const before = digest(id);
    skill('clock', 'new');
    expect(await turn('-s', 'other', 'now')).toMatchObject({ first: { clock: 'new' } });
    process.kill((await readRecord(room.home))?.pid ?? 0, 'SIGKILL');
    await homer('start');
    expect(await turn('lone')).toMatchObject({ first: { clock: 'new' } });
    expect(digest(id)).toBe(before);
    expect(await end()).toMatchObject({ last: { clock: 'old' } });
  });

  test('of a skill that cannot be used any more takes it away, and a bad file costs nobody else', async () => {
    skill('clock', 'old');
    skill('other', 'text');
    expect(await turn('-s', 'web', 'one')).toMatchObject({ first: { clock: 'old', other: 'text' } });
    skill('clock', 'old', 'metadata: {"homer":{"requires":{"bins":["no-such-program"]}}}\n');
    execFileSync('mkfifo', [join(room.work, 'skills/other/pipe')]);
    mkdirSync(join(room.work, 'skills/bad'));
    writeFileSync(join(room.work, 'skills/bad/SKILL.md'), '---\nname: [\n---\n');
    skill('third', 'text');
    expect((await turn('-s', 'web', 'two')).first).toEqual({ third: 'text' });
    const client = await connect(room.home);
    const list = await client.call<SkillsAnswer>('skills.list', { query: { session: 'web' } });
    expect(list.skills.map(({ name }) => name)).toEqual(['third']);
    expect(list.warnings).toMatchObject([
      { code: 'not_copied', path: join(room.work, 'skills/other/SKILL.md') },
    ]);
  });
});

describe('a change while the daemon watches', () => {
  test('is told by name: many files at once, a rename in place, a folder taken away and put back', async () => {
    const own = join(room.work, '.claude/skills');
    skill('clock', 'old', '', own);
    await homer('start');
    await untilWatching();
    const changed = await nextEvent('skills.changed');
    for (let index = 0; index < 20; index++) skill(`many-${index}`, 'text', '', own);
    skill('clock', 'new', '', own);
    expect(await changed()).toMatchObject({ cwd: null, removed: [] });

    // However slowly they were written: nothing is missed, and a folder that is renamed comes and goes as a whole.
    const client = await connect(room.home);
    const names = async (): Promise<number> =>
      (await client.call<SkillsAnswer>('skills.list', {})).skills.length;
    expect(await names()).toBe(21);
    await settled(room.home);
    const gone = await nextEvent('skills.changed');
    renameSync(own, `${own}-away`);
    expect((await gone())['removed']).toHaveLength(21);
    const back = await nextEvent('skills.changed');
    renameSync(`${own}-away`, own);
    expect((await back())['added']).toHaveLength(21);
    const last = await nextEvent('skills.changed');
    writeFileSync(join(own, 'clock/more.txt'), 'more');
    expect(await last()).toEqual({ cwd: null, added: [], removed: [], changed: ['clock'] });
  });

  test('in the workspace of an open session is told with its directory', async () => {
    skill('clock', 'old');
    await turn('-s', 'web', 'one');
    await untilWatching();
    const changed = await nextEvent('skills.changed');
    skill('clock', 'new');
    expect(await changed()).toEqual({ cwd: room.work, added: [], removed: [], changed: ['clock'] });
  });
});

describe('variables', () => {
  test('of two runs at once are their own: the same name, another value', async () => {
    const entries = {
      left: { apiKey: 'key-of-the-left', env: { SKILL_UNITS: 'metric' }, workspace: true },
      right: { apiKey: 'key-of-the-right', workspace: true },
    };
    configure({ entries });
    const key = 'metadata: {"homer":{"primaryEnv":"SKILL_KEY","requires":{"env":["SKILL_KEY"]}}}\n';
    for (const side of ['left', 'right']) skill(side, side, key, join(room.work, `at-${side}`, 'skills'));
    const left = await underWay('-C', join(room.work, 'at-left'));
    const right = await underWay('-s', 'r', '-C', join(room.work, 'at-right'));
    expect((await left.end()).env).toEqual({
      SKILL_KEY: hash('key-of-the-left'),
      SKILL_UNITS: hash('metric'),
    });
    expect((await right.end()).env).toEqual({ SKILL_KEY: hash('key-of-the-right') });
    const found = execFileSync('grep', ['-rlE', 'key-of-the-(left|right)', room.home], { encoding: 'utf8' });
    expect(found.trim().split('\n')).toEqual([join(room.home, 'config.yaml')]);
  });

  test('that cannot be had leave the run without them', async () => {
    configure({
      entries: {
        clock: { env: { SKILL_GONE: { file: join(room.work, 'gone') }, SKILL_HERE: 'yes' }, workspace: true },
      },
    });
    skill('clock', 'text');
    expect((await turn('one')).env).toEqual({ SKILL_HERE: hash('yes') });
    // As when somebody else's checkout has a skill of this name.
    configure({ entries: { clock: { env: { SKILL_HERE: 'yes' } } } });
    expect((await turn('two')).env).toEqual({});
  });
});

test('who is to have no skills is handed none, and nothing is copied', async () => {
  skill('clock', 'text');
  expect(await turn('-x', 'without', 'one')).toMatchObject({ first: null });
  expect(await homer('run', '-x', 'shell', 'echo hi')).toBe('hi');
  expect(existsSync(join(room.home, 'skills-store'))).toBe(false);
});
