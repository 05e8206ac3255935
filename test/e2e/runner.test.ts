import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { acquireLock, isLockHeldProof } from '../../src/lifecycle/lock.ts';
import { startTicks } from '../../src/lifecycle/process-identity.ts';
import type { Isolation, JournalEntry } from '../../src/runner/files.ts';
import { detectIsolation } from '../../src/runner/isolation.ts';
import { endLeftovers, findRunLeftovers } from '../../src/runner/leftovers.ts';
import { readExit, readRunRecord, readSession, sendOrder } from '../../src/runner/records.ts';
import { createRunRoom, type RoomOptions, type RunRoom, untilChanged } from './run-room.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const isRoot = process.getuid?.() === 0;
const rooms: RunRoom[] = [];
let strongest: Isolation = 'sweep';

beforeAll(async () => {
  strongest = await detectIsolation();
});

afterEach(async () => {
  for (const room of rooms.splice(0)) await room.clean();
});

function room(options: RoomOptions): RunRoom {
  const made = createRunRoom(options);
  rooms.push(made);
  return made;
}

function isolations(): Isolation[] {
  if (strongest === 'bwrap') return isRoot ? ['bwrap', 'unshare', 'sweep'] : ['bwrap', 'sweep'];
  return strongest === 'unshare' ? ['unshare', 'sweep'] : ['sweep'];
}

const says = (text: string) => (entries: readonly JournalEntry[]) =>
  entries.some((entry) => entry.type === 'text' && entry.text.includes(text));

/** The pids a script told with `pid=N` lines, as the host sees them: those that carry a run's unique argument. */
function processesWith(argument: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [program, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return program?.endsWith('sleep') === true && args.includes(argument) && startTicks(pid) !== null;
      } catch {
        return false; // It ended while we looked.
      }
    });
}

let sleepNumber = 0;
/** A length of sleep nobody else uses. */
function uniqueSleep(): string {
  return `${7000 + (process.pid % 1000)}.${Date.now() % 100_000}${sleepNumber++}`;
}

describe('a command', () => {
  test.each(['bwrap', 'unshare', 'sweep'] as const)(
    'its text, exit code and files, in %s',
    async (isolation) => {
      if (!isolations().includes(isolation)) return;
      const one = room({
        script: 'echo one; echo oops > /dev/stderr; echo two > /dev/stdout; exit 3',
        isolation,
      });
      const { code, exit } = await one.finish();
      expect(code).toBe(0);
      expect(exit).toMatchObject({ verdict: 'agent_error', exitCode: 3, signal: null, tree: 'dead' });
      expect(exit?.message).toContain('oops');
      expect(one.text()).toBe('one\ntwo\n');
      expect(one.text('stderr')).toBe('oops');
      expect(one.journal().map(({ n }) => n)).toEqual(one.journal().map((_, index) => index + 1));
      const bytes = readFileSync(join(one.directory(), 'journal.jsonl'));
      expect(exit?.journal).toEqual({
        bytes: bytes.length,
        entries: one.journal().length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      });
      expect(readRunRecord(one.directory())).toMatchObject({ marker: one.marker, isolation });
      expect(existsSync(join(one.directory(), 'reserve'))).toBe(false);
      expect(readdirSync(one.directory()).filter((name) => /pipe|tmp/.test(name))).toEqual([]);
      // Neither the agent nor its wrappers are number 1, and the agent is alone in its namespace.
      const started = one.journal().find((entry) => entry.type === 'agent_started');
      expect(started?.type === 'agent_started' && started.pidNamespace).toEqual(
        isolation === 'sweep' ? null : expect.stringMatching(/^pid:\[\d+\]$/),
      );
    },
  );

  test.each(['bwrap', 'unshare', 'sweep'] as const)(
    'its death by a signal comes through %s',
    async (isolation) => {
      if (!isolations().includes(isolation)) return;
      const { exit } = await room({ script: 'kill -KILL $$', isolation }).finish();
      expect(exit).toMatchObject({ verdict: 'agent_error', exitCode: null, signal: 'SIGKILL' });
    },
  );

  test('succeeds with its output as the answer, and gets the prompt on a standard input it can open by name', async () => {
    const one = room({
      script: 'cat /dev/stdin; cut -d= -f1 /proc/self/environ >/dev/null; echo; test $$ != 1 && echo child',
      settings: { input: 'stdin' },
      turn: { prompt: 'do this' },
      isolation: strongest,
    });
    const { exit } = await one.finish();
    expect(exit).toMatchObject({ verdict: 'done', text: 'do this\nchild', exitCode: 0 });
  });

  test.each([
    [
      'a program that is not there',
      { settings: { bin: 'no-such-program' } },
      /"no-such-program" was not found on the PATH/,
    ],
    ['a missing directory', { turn: { cwd: '/nowhere/at/all' } }, /\/nowhere\/at\/all does not exist/],
  ])('%s fails at the spawn, with words', async (_, options, words) => {
    for (const isolation of isolations()) {
      const { exit } = await room({ script: '', isolation, ...options }).finish();
      expect(exit?.verdict).toBe('spawn_failed');
      expect(exit?.message).toMatch(words);
    }
  });

  test('a script whose interpreter is missing fails at the spawn', async () => {
    const one = room({ script: '', settings: { bin: './odd', args: [] } });
    writeFileSync(join(one.home, 'odd'), '#!/no/such/interpreter -x\n', { mode: 0o755 });
    const { exit } = await one.finish();
    expect(exit).toMatchObject({ verdict: 'spawn_failed' });
    expect(exit?.message).toContain('/no/such/interpreter');
  });

  test('huge lines and bytes that are no text are read through', async () => {
    const one = room({
      script: `head -c 3000000 /dev/zero | tr '\\0' x; printf '\\n\\377\\303\\251\\n' ; printf 'é' | head -c 1; sleep 0.1; printf 'é' | tail -c 1`,
    });
    const { exit } = await one.finish();
    expect(exit?.verdict).toBe('done');
    const text = one.text();
    expect(text.length).toBe(3_000_000 + 5);
    expect(text.slice(-5)).toBe('\n\ufffdé\né');
    expect(one.journal().length).toBeLessThan(400);
  });
});

describe('secrets', () => {
  test('45 are in no file, no argument and no log, even when the agent shows them in pieces', async () => {
    const secret = 'sk-very"secret\\value-123456';
    const one = room({
      script: [
        'printf "%s\\n" "$KEY" >&2',
        'printf "a %s b" "$KEY"',
        'printf "%.9s" "$KEY"; sleep 0.2; printf "%s" "${KEY#?????????}"',
        'tr "\\0" " " < /proc/$PPID/cmdline',
        'exit 4',
      ].join('; '),
      env: { KEY: secret },
      secrets: [secret],
    });
    const { exit } = await one.finish();
    expect(exit?.message).toContain('[redacted]');
    expect(one.text()).toContain('a [redacted] b[redacted]');
    expect(one.text()).toContain('quick-runner.ts');
    const escaped = JSON.stringify(secret).slice(1, -1);
    for (const name of readdirSync(one.directory())) {
      const path = join(one.directory(), name);
      if (!statSync(path).isFile()) continue;
      const content = readFileSync(path, 'utf8');
      expect(content).not.toContain('very');
      expect(content).not.toContain(escaped);
    }
  });

  test('a short frame ends the runner before anything was started', async () => {
    const one = room({ script: 'touch started' });
    const runner = one.start(Buffer.from([0, 0, 1, 0, 0x7b]));
    const [code] = (await once(runner, 'exit')) as [number];
    expect(code).toBe(65);
    expect(readdirSync(one.directory()).sort()).toEqual(['inbox', 'runner.log', 'spec.json']);
    expect(existsSync(join(one.home, 'started'))).toBe(false);
  });
});

describe('one runner per run', () => {
  test('a second one leaves at once and touches nothing', async () => {
    const one = room({ script: 'echo up; read x', settings: {} });
    const gate = room({ script: 'echo up; sleep 600' });
    void one;
    gate.start();
    await gate.until(says('up'));
    expect(await isLockHeldProof(gate.directory())).toBe('held');
    const before = readdirSync(gate.directory()).map((name) => [
      name,
      statSync(join(gate.directory(), name)).mtimeMs,
    ]);
    const [code] = (await once(gate.start(), 'exit')) as [number];
    expect(code).toBe(75);
    const after = readdirSync(gate.directory()).map((name) => [
      name,
      statSync(join(gate.directory(), name)).mtimeMs,
    ]);
    expect(after).toEqual(before);
  });

  test('a run whose agent may have been started is not started again', async () => {
    const one = room({ script: 'echo x >> ran' });
    expect((await one.finish()).exit?.verdict).toBe('done');
    rmSync(join(one.directory(), 'exit.json'));
    const [code] = (await once(one.start(), 'exit')) as [number];
    expect(code).toBe(1);
    expect(readFileSync(join(one.home, 'ran'), 'utf8')).toBe('x\n');
  });

  test('the state directory may be moved while it runs', async () => {
    const one = room({
      script: 'echo up; while ! test -e go; do sleep 0.02; done; echo late',
      isolation: strongest,
    });
    one.start();
    await one.until(says('up'));
    renameSync(one.home, `${one.home}-moved`);
    one.home = `${one.home}-moved`;
    writeFileSync(join(one.home, 'go'), '');
    await untilChanged(one.directory(), () => readExit(one.directory()) !== null);
    expect(readExit(one.directory())).toMatchObject({ verdict: 'done', text: 'up\nlate' });
  });
});

describe('the tree', () => {
  const sleepers = (length: string): string =>
    `sleep ${length} & setsid sleep ${length} & setsid env -i sh -c 'sleep ${length} & sleep ${length}' & echo up; `;

  test.each(['bwrap', 'unshare', 'sweep'] as const)(
    'nothing of it is left after the agent, in %s',
    async (isolation) => {
      if (!isolations().includes(isolation)) return;
      const length = uniqueSleep();
      const one = room({ script: `${sleepers(length)} sleep 0.3; exit 0`, isolation });
      const { exit } = await one.finish();
      expect(exit).toMatchObject({ verdict: 'done', tree: 'dead', text: 'up' });
      expect(processesWith(length)).toEqual([]);
    },
  );

  test.each(['bwrap', 'unshare', 'sweep'] as const)(
    'an agent deaf to TERM is killed with all of it, in %s',
    async (isolation) => {
      if (!isolations().includes(isolation)) return;
      const length = uniqueSleep();
      const one = room({
        script: `trap '' TERM INT; ${sleepers(length)} while :; do sleep ${length}; done`,
        isolation,
      });
      const runner = one.start();
      await one.until(says('up'));
      sendOrder(one.directory(), { version: 1, type: 'stop', reason: 'cancelled' });
      await once(runner, 'exit');
      expect(readExit(one.directory())).toMatchObject({ verdict: 'cancelled', tree: 'dead' });
      expect(one.journal().flatMap((entry) => (entry.type === 'stopping' ? [entry.step] : []))).toEqual([
        'term',
        'kill',
      ]);
      expect(processesWith(length)).toEqual([]);
    },
  );

  test.each(['bwrap', 'unshare'] as const)('dies with a runner that is killed, in %s', async (isolation) => {
    if (!isolations().includes(isolation)) return;
    const length = uniqueSleep();
    const one = room({ script: `${sleepers(length)} wait`, isolation });
    const runner = one.start();
    await one.until(says('up'));
    // The inner shell may not have come to its own sleepers yet.
    await gone(() => (processesWith(length).length === 4 ? [] : [0]));
    expect(findRunLeftovers([one.marker]).get(one.marker)?.length).toBeGreaterThanOrEqual(4);
    runner.kill('SIGKILL');
    await once(runner, 'exit');
    await gone(() => processesWith(length));
    expect(findRunLeftovers([one.marker])).toEqual(new Map());
    expect(await isLockHeldProof(one.directory())).toBe('free');
  });

  test('44 in a sweep the daemon ends what a killed runner left, and nobody else', async () => {
    const length = uniqueSleep();
    const one = room({
      script: `sleep ${length} & setsid sleep ${length} & echo up; wait`,
      isolation: 'sweep',
    });
    const other = room({ script: `setsid sleep ${length} & echo up; wait`, isolation: 'sweep' });
    const runner = one.start();
    other.start();
    await one.until(says('up'));
    await other.until(says('up'));
    runner.kill('SIGKILL');
    await once(runner, 'exit');
    expect([...findRunLeftovers([one.marker, other.marker, 'nobody']).keys()].sort()).toEqual(
      [one.marker, other.marker].sort(),
    );
    expect(await endLeftovers(one.marker)).toEqual({ tree: 'dead' });
    expect(processesWith(length)).toHaveLength(1);
    expect(findRunLeftovers([one.marker]).size).toBe(0);
  });
});

describe('limits', () => {
  test('44 the wall ends a run that works on', async () => {
    const { exit } = await room({
      script: 'while :; do echo x; sleep 0.05; done',
      limits: { wallMs: 500 },
    }).finish();
    expect(exit).toMatchObject({ verdict: 'timed_out', tree: 'dead' });
  });

  test('exit 0 after TERM is still a stop', async () => {
    const one = room({ script: 'trap "exit 0" TERM; while :; do sleep 0.05; done', limits: { wallMs: 300 } });
    expect((await one.finish()).exit).toMatchObject({ verdict: 'timed_out', exitCode: 0 });
  });

  test('silence is a stall, a word every now and then is life', async () => {
    expect(
      (await room({ script: 'echo x; sleep 600', limits: { stallMs: 400 } }).finish()).exit,
    ).toMatchObject({
      verdict: 'stalled',
    });
    const alive = room({
      script: 'for i in 1 2 3 4 5 6 7 8; do echo . >&2; sleep 0.2; done',
      limits: { stallMs: 600 },
    });
    expect((await alive.finish()).exit?.verdict).toBe('done');
  });

  test('silence within a tool is none, after it is one', async () => {
    const tool = (event: string): string =>
      `echo '{"events":[{"type":"${event}","toolId":"t","name":"n","summary":"","ok":true}]}'`;
    const inside = room({
      script: `${tool('tool_start')}; sleep 1.5; ${tool('tool_end')}; echo '{"done":true}'`,
      dialect: 'lines',
      limits: { stallMs: 500 },
    });
    expect((await inside.finish()).exit?.verdict).toBe('done');
    const after = room({
      script: `${tool('tool_start')}; sleep 0.2; ${tool('tool_end')}; sleep 600`,
      dialect: 'lines',
      limits: { stallMs: 500 },
    });
    expect((await after.finish()).exit?.verdict).toBe('stalled');
  });

  test('44 too much output ends it, and the journal stays bounded', async () => {
    const one = room({ script: 'exec yes', limits: { outputBytes: 300_000 } });
    expect((await one.finish()).exit?.verdict).toBe('output_limit');
    expect(statSync(join(one.directory(), 'journal.jsonl')).size).toBeLessThan(1_500_000);
  });

  test('a runner that was stopped for longer than every limit ends nothing', async () => {
    const one = room({
      script: 'echo up; while ! test -e go; do sleep 0.02; done; echo fine',
      limits: { wallMs: 1200, stallMs: 1200 },
    });
    const runner = one.start();
    await one.until(says('up'));
    runner.kill('SIGSTOP');
    // The one wait for time in this file: the limits have to be over, and nothing can signal that.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    runner.kill('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 250));
    writeFileSync(join(one.home, 'go'), '');
    await once(runner, 'exit');
    expect(readExit(one.directory())).toMatchObject({ verdict: 'done', text: 'up\nfine' });
  });
});

describe('a conversation', () => {
  test('is answered through the inbox, once, and its session is kept', async () => {
    const one = room({
      script: [
        `echo '{"events":[{"type":"session","agentSessionId":"s-1"},{"type":"permission","requestId":"q","tool":"Bash","input":{}}]}'`,
        'read answer; echo "$answer" >&2',
        `echo '{"events":[{"type":"usage","inputTokens":3,"outputTokens":null,"costUsd":0.5}],"done":true}'`,
      ].join('; '),
      dialect: 'lines',
      limits: { stallMs: 300 },
    });
    const runner = one.start();
    await one.until((entries) => entries.some(({ type }) => type === 'permission'));
    expect(readSession(one.directory())?.agentSessionId).toBe('s-1');
    writeFileSync(join(one.directory(), 'inbox', '1.json'), 'torn');
    sendOrder(one.directory(), { version: 1, type: 'answer', requestId: 'q', allow: true });
    sendOrder(one.directory(), { version: 1, type: 'answer', requestId: 'q', allow: false });
    await once(runner, 'exit');
    expect(one.text('stderr')).toBe('answer q yes');
    expect(readExit(one.directory())).toMatchObject({
      verdict: 'done',
      agentSessionId: 's-1',
      usage: { inputTokens: 3, outputTokens: null, costUsd: 0.5 },
    });
  });

  test('gets a polite word first, and an answer that was complete stands', async () => {
    const polite = (last: string): RoomOptions => ({
      script: `echo '{"events":[{"type":"text","text":"up"}]}'; read word; echo "$word" >&2; ${last}`,
      dialect: 'lines',
    });
    const cancelled = room(polite('exit 0'));
    const complete = room(polite(`echo '{"done":true}'`));
    for (const one of [cancelled, complete]) {
      const runner = one.start();
      await one.until(says('up'));
      runner.kill('SIGTERM');
      await once(runner, 'exit');
      expect(one.text('stderr')).toBe('cancel');
      expect(one.journal().flatMap((entry) => (entry.type === 'stopping' ? [entry.step] : []))).toEqual([
        'cancel',
      ]);
    }
    expect(readExit(cancelled.directory())?.verdict).toBe('interrupted');
    expect(readExit(complete.directory())?.verdict).toBe('done');
  });

  test('is begun once more in the other mode when the agent asks for it, and only once', async () => {
    const refuse = `test $MODE = new && { echo '{"respawnAs":"resume"}'; sleep 600; }`;
    const one = room({ script: `${refuse}; echo '{"done":true}'`, dialect: 'lines' });
    expect((await one.finish()).exit?.verdict).toBe('done');
    expect(one.journal().flatMap((entry) => (entry.type === 'agent_started' ? [entry.mode] : []))).toEqual([
      'new',
      'resume',
    ]);
    const stubborn = room({ script: `echo '{"respawnAs":"resume"}'; sleep 600`, dialect: 'lines' });
    expect((await stubborn.finish()).exit?.verdict).toBe('agent_error');
  });

  test('that has said its last word may not hang', async () => {
    const one = room({ script: `echo '{"done":true,"closeInput":true}'; sleep 600`, dialect: 'lines' });
    expect((await one.finish()).exit).toMatchObject({ tree: 'dead' });
  });

  test('that nothing will come of is ended at once', async () => {
    const given = JSON.stringify({ giveUp: true });
    const one = room({ script: `echo '${given}'; sleep 600`, dialect: 'lines' });
    expect((await one.finish()).exit).toMatchObject({ verdict: 'agent_error', tree: 'dead' });
    expect(one.journal().some(({ type }) => type === 'stopping')).toBe(false);
  });

  test('that gave up on standard error may not hang', async () => {
    const one = room({ script: `echo 'giving up' >&2; sleep 600`, dialect: 'lines' });
    expect((await one.finish()).exit).toMatchObject({ tree: 'dead' });
    expect(one.journal().find(({ type }) => type === 'end')).toMatchObject({ verdict: 'offline' });
  });

  test('a stop that is there before the start starts nothing', async () => {
    const one = room({ script: 'touch started' });
    sendOrder(one.directory(), { version: 1, type: 'stop', reason: 'cancelled' });
    expect((await one.finish()).exit?.verdict).toBe('cancelled');
    expect(existsSync(join(one.home, 'started'))).toBe(false);
  });
});

describe('a full disk', () => {
  test.skipIf(!isRoot)('holds up the agent and loses nothing (needs root to mount one)', async () => {
    const disk = mkdtempSync(join(tmpdir(), 'homer-disk-'));
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).status).toBe(0);
    const work = mkdtempSync(join(tmpdir(), 'homer-work-'));
    try {
      const one = room({
        script:
          'echo up; read x < gate; i=0; while test $i -lt 20000; do echo "line $i of a text that goes on and on"; i=$((i+1)); done; echo end >&2',
        home: disk,
        turn: { cwd: work },
      });
      spawnSync('mkfifo', [join(work, 'gate')]);
      const runner = one.start();
      await one.until(says('up'));
      const filler = join(disk, 'filler');
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k']);
      writeFileSync(join(work, 'gate'), 'go\n');
      // Held up: the agent is in a write that does not end, once the pipe is full. A runner that is only slow reads on.
      let [looks, size] = [0, -1];
      await gone(() => {
        const now = statSync(join(one.directory(), 'journal.jsonl')).size;
        looks = processesWithState(one, 'pipe') && now === size ? looks + 1 : 0;
        size = now;
        return looks < 40 ? [0] : [];
      });
      expect(readExit(one.directory())).toBeNull();
      rmSync(filler);
      await once(runner, 'exit');
      expect(one.journal().some((entry) => entry.type === 'paused')).toBe(true);
      expect(one.text().split('\n')).toHaveLength(20_002);
      expect(readExit(one.directory())?.verdict).toBe('done');
    } finally {
      for (const one of rooms.splice(0)) await one.clean();
      spawnSync('umount', [disk]);
      rmSync(disk, { recursive: true, force: true });
      rmSync(work, { recursive: true, force: true });
    }
  });

  test.skipIf(!isRoot)(
    'that stays full still gets the verdict, out of the reserve (needs root to mount one)',
    async () => {
      const disk = mkdtempSync(join(tmpdir(), 'homer-disk-'));
      expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', disk]).status).toBe(0);
      const work = mkdtempSync(join(tmpdir(), 'homer-work-'));
      try {
        const one = room({
          script: 'echo up; read x < gate; seq 1 1000; echo the end',
          home: disk,
          turn: { cwd: work },
        });
        spawnSync('mkfifo', [join(work, 'gate')]);
        const runner = one.start();
        await one.until(says('up'));
        spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'filler')}`, 'bs=4k']);
        writeFileSync(join(work, 'gate'), 'go\n');
        await once(runner, 'exit');
        const exit = readExit(one.directory());
        expect(exit).toMatchObject({ verdict: 'done', tree: 'dead' });
        expect(exit?.text?.startsWith('up\n1\n2\n')).toBe(true);
        expect(exit?.text?.endsWith('1000\nthe end')).toBe(true);
        const bytes = readFileSync(join(one.directory(), 'journal.jsonl'));
        expect(exit?.journal.bytes).toBe(bytes.length);
        expect(exit?.journal.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
      } finally {
        for (const one of rooms.splice(0)) await one.clean();
        spawnSync('umount', [disk]);
        rmSync(disk, { recursive: true, force: true });
        rmSync(work, { recursive: true, force: true });
      }
    },
  );
});

test('the real entry, as the daemon starts it', async () => {
  const one = room({ script: 'echo hello', real: true, isolation: strongest });
  expect(await one.finish()).toMatchObject({ code: 0, exit: { verdict: 'done', text: 'hello' } });
  const lock = acquireLock(one.directory());
  expect(lock).not.toBeNull();
  lock?.release();
  mkdirSync(join(one.home, 'x'));
});

/** Waits until nothing is found; the system has no event for processes of others. */
async function gone(find: () => readonly unknown[]): Promise<void> {
  for (let left = 1000; find().length > 0; left--) {
    if (left === 0) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether a process of the run waits in a write to a pipe. */
function processesWithState(one: RunRoom, where: string): boolean {
  const pids = findRunLeftovers([one.marker]).get(one.marker) ?? [];
  return pids.some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/wchan`, 'utf8').includes(where);
    } catch {
      return false; // It ended while we looked.
    }
  });
}
