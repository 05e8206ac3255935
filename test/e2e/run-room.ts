// A place to run the runner in, as its daemon would: a state directory, spec, secret frame, and an end to all of it.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  watch,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { ExecutorSettings, Turn } from '../../src/executors/executor.ts';
import type { Generation, JobId, RunId } from '../../src/core/ids.ts';
import { directoryIdentity } from '../../src/lifecycle/lock.ts';
import type {
  ApprovalTerms,
  Exit,
  Isolation,
  JournalEntry,
  Limits,
  SecretFrame,
} from '../../src/runner/files.ts';
import { type Launch, plainLaunch } from '../../src/runner/launch.ts';
import { endLeftovers, runMarker } from '../../src/runner/leftovers.ts';
import { readExit, writeSpec } from '../../src/runner/records.ts';
import { encodeFrame } from '../../src/runner/secret-frame.ts';

const root = join(import.meta.dirname, '../..');
const mainEntry = join(root, 'src/runner/main.ts');
const quickEntry = join(root, 'test/fixtures/agents/quick-runner.ts');

export interface RoomOptions {
  /** A shell script; `$1…` are not set. */
  readonly script: string;
  readonly isolation?: Isolation;
  readonly limits?: Partial<Limits>;
  readonly approvals?: Partial<ApprovalTerms>;
  readonly launch?: Partial<Launch>;
  readonly secrets?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly settings?: Partial<ExecutorSettings>;
  readonly turn?: Partial<Turn>;
  /** `lines`: the script speaks the line dialect of quick-runner.ts. */
  readonly dialect?: 'command' | 'lines';
  /** The real entry instead of the one with short times. */
  readonly real?: boolean;
  /** The state directory; a temporary one by default. */
  readonly home?: string;
  /** Put before the runner's command: what it is started through. */
  readonly through?: readonly string[];
}

export interface RunRoom {
  home: string;
  readonly runId: RunId;
  readonly marker: string;
  directory(): string;
  start(frame?: Buffer): ChildProcessByStdio<Writable, null, null>;
  /** Starts and waits for the runner's end. */
  finish(): Promise<{ readonly code: number | null; readonly exit: Exit | null }>;
  journal(): readonly JournalEntry[];
  text(stream?: 'stderr'): string;
  /** Resolves when the journal holds what is looked for. */
  until(sees: (entries: readonly JournalEntry[]) => boolean): Promise<void>;
  /** Ends and removes everything. */
  clean(): Promise<void>;
}

let count = 0;

export function createRunRoom(options: RoomOptions): RunRoom {
  const runId = `r-test-${process.pid}-${count++}` as RunId;
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'homer-run-'));
  const identity = directoryIdentity(home);
  const runners: ChildProcessByStdio<Writable, null, null>[] = [];
  const frame: SecretFrame = {
    env: { PATH: process.env['PATH'] ?? '', HOME: home, ...options.env },
    secrets: options.secrets ?? [],
  };
  const room: RunRoom = {
    home,
    runId,
    marker: runMarker(identity, runId),
    directory: () => join(room.home, 'runs', runId),
    start(bytes = encodeFrame(frame)) {
      const entry = options.real === true ? mainEntry : quickEntry;
      const log = openSync(join(room.directory(), 'runner.log'), 'a');
      const command = [process.execPath, entry, '--run', runId, '--home', identity, options.dialect ?? ''];
      const [file = '', ...args] = [...(options.through ?? []), ...command];
      const runner = spawn(file, args, {
        cwd: room.directory(),
        stdio: ['pipe', 'ignore', log],
        detached: true,
      }) as ChildProcessByStdio<Writable, null, null>;
      closeSync(log);
      runners.push(runner);
      runner.stdin.on('error', () => undefined);
      runner.stdin.end(bytes);
      return runner;
    },
    async finish() {
      const runner = room.start();
      const [code] = (await once(runner, 'exit')) as [number | null];
      return { code, exit: readExit(room.directory()) };
    },
    journal() {
      const path = join(room.directory(), 'journal.jsonl');
      const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
      // The last line may be half written.
      return text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as JournalEntry);
    },
    text: (stream) =>
      room
        .journal()
        .flatMap((entry) => (entry.type === 'text' && entry.stream === stream ? [entry.text] : []))
        .join(''),
    until: (sees) => untilChanged(room.directory(), () => sees(room.journal())),
    async clean() {
      for (const runner of runners) {
        if (runner.exitCode !== null || runner.signalCode !== null) continue;
        runner.kill('SIGKILL');
        await once(runner, 'exit');
      }
      await endLeftovers(room.marker);
      if (options.home === undefined) rmSync(room.home, { recursive: true, force: true });
    },
  };
  mkdirSync(join(room.directory(), 'inbox'), { recursive: true });
  writeSpec(room.directory(), {
    version: 1,
    generation: 'g1' as Generation,
    runId,
    jobId: 'j1' as JobId,
    sessionId: null,
    home: identity,
    settings: {
      kind: 'command',
      name: 'shell',
      bin: 'sh',
      args: ['-c', options.script],
      permissions: 'all',
      input: 'argument',
      model: null,
      maxTurns: null,
      maxBudgetUsd: null,
      ...options.settings,
    },
    turn: {
      prompt: '',
      cwd: realpathSync(home),
      session: { id: null, mode: 'new' },
      preamble: null,
      ...options.turn,
    },
    limits: { wallMs: 0, stallMs: 0, outputBytes: 0, memoryBytes: 0, ...options.limits },
    approvals: { expiryMs: 0, granted: [], ...options.approvals },
    isolation: options.isolation ?? 'sweep',
    launch: { ...plainLaunch, ...options.launch },
  });
  return room;
}

/** Looks each time something changes in a directory, and once now. */
export function untilChanged(directory: string, sees: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      try {
        if (!sees()) return;
        watcher.close();
        resolve();
      } catch (error) {
        watcher.close();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    const watcher = watch(directory, look);
    look();
  });
}
