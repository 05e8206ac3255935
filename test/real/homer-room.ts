// Homer as its user has it: the command line and the daemon as processes, a home, a state directory and a working
// directory of their own, and the scripted model behind a real agent.

import { randomUUID } from 'node:crypto';
import { on } from 'node:events';
import { existsSync, readFileSync, watch } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Job, JobAnswer } from '../../src/cli/answers.ts';
import { connect, type Client } from '../../src/cli/client.ts';
import { readEvents } from '../../src/cli/event-stream.ts';
import { directoryIdentity } from '../../src/lifecycle/lock.ts';
import type { JournalEntry } from '../../src/runner/files.ts';
import type { ModelServer } from '../fixtures/model-server/server.ts';
import { subjects, writeSubjectFiles, type AgentSubject } from './agent-subjects.ts';
import { startProgram, type Program } from './program.ts';
import { processesOf, type RoomProcesses } from './room-processes.ts';
import { whenJob } from './when-job.ts';

const main = join(import.meta.dirname, '../../src/cli/main.ts');

/** What happened to a job, as the ledger's event log has it. */
export interface RoomEvent {
  readonly type: string;
  readonly jobId: string | null;
  readonly runId: string | null;
}

export interface HomerRoom {
  /** HOMER_HOME; HOME, whose `bin` is the first of PATH; and where jobs work. */
  readonly home: string;
  readonly userHome: string;
  readonly cwd: string;
  /** The key the agent signs in with; nobody else may ever see it. */
  readonly key: string;
  /** Starts `homer serve`; resolves when it is ready. */
  serve(): Promise<Program>;
  /** Starts `homer ARGS…` in the working directory. */
  homer(...args: string[]): Program;
  /** The same on a terminal of its own. */
  homerOnTerminal(...args: string[]): Program;
  /** `homer run --detach PROMPT`; resolves with the job's id. */
  submit(...args: string[]): Promise<string>;
  job(id: string): Promise<Job>;
  /** Resolves with the job as soon as it is as wanted. */
  whenJob(id: string, holds: (job: Job) => boolean): Promise<Job>;
  /** All events of a job so far, oldest first. */
  events(id: string): Promise<readonly RoomEvent[]>;
  journal(runId: string): readonly JournalEntry[];
  processes(): RoomProcesses;
  /** Resolves when no runner is left, which may take a moment after its job has ended. Throws when anything of an agent is. */
  whenQuiet(): Promise<void>;
  /** All that Claude Code has written down of its sessions. */
  transcripts(): Promise<string>;
  /** Resolves when some file below HOME holds all of these texts: the agent has written them down. */
  whenWritten(...texts: readonly string[]): Promise<void>;
  /** A client of the daemon that runs now. */
  client(): Promise<Client>;
  /** Where the key stands although it must not: files of the state directory, and what programs said. */
  leaks(): Promise<readonly string[]>;
  /** Ends every process of the room and removes its directories. */
  clean(): Promise<void>;
}

export interface RoomOptions {
  readonly model: ModelServer;
  /** Claude Code unless it is said. */
  readonly subject?: AgentSubject;
  /** The agent's program. */
  readonly bin: string;
  /** More of its executor in config.yaml, which is called as the agent is; null: there is no config.yaml. */
  readonly executor?: ExecutorSetting | null;
  /** The next daemon listens where the first one did, so that runs find it again. */
  readonly keepsPort?: boolean;
  /** Further executors of the same agent by name. */
  readonly others?: Readonly<Record<string, ExecutorSetting>>;
}

/** What differs from an executor of the agent that may do all and is pointed at the model. */
export type ExecutorSetting = { readonly setEnv?: object } & Readonly<Record<string, unknown>>;

const lookEveryMs = 20;

export async function createHomerRoom(options: RoomOptions): Promise<HomerRoom> {
  const root = await mkdtemp(join(tmpdir(), 'homer-real-'));
  const [home, userHome, cwd, temporary] = ['state', 'user', 'work', 'tmp'].map((name) => join(root, name));
  if (home === undefined || userHome === undefined || cwd === undefined || temporary === undefined)
    throw new Error('unreachable');
  for (const directory of [home, userHome, cwd, temporary]) await mkdir(directory, { mode: 0o700 });
  const key = `sk-not-a-real-key-${randomUUID()}`;
  const { subject = subjects.claude, model, bin, executor = {}, others = {} } = options;
  if (executor !== null) {
    await writeSubjectFiles(subject, userHome, model.url, key);
    const { agent, keyVariable } = subject;
    const setEnv = {
      ...subject.env(model.url),
      ...(keyVariable === null ? {} : { [keyVariable]: { env: 'MODEL_KEY' } }),
      TMPDIR: temporary,
    };
    const executorOf = (setting: ExecutorSetting): object => ({
      kind: agent,
      bin,
      permissions: 'all',
      ...(subject.model === null ? {} : { model: subject.model }),
      ...setting,
      setEnv: { ...setEnv, ...setting.setEnv },
    });
    const executors = Object.entries({ [agent]: executor, ...others }).map(
      ([name, setting]) => [name, executorOf(setting)] as const,
    );
    const config = { defaultExecutor: agent, executors: Object.fromEntries(executors) };
    // JSON is YAML.
    await writeFile(join(home, 'config.yaml'), JSON.stringify(config));
  }
  const env = {
    // Most agents are scripts for the node that is found there.
    PATH: [join(userHome, 'bin'), dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    HOME: userHome,
    HOMER_HOME: home,
    HOMER_PORT: '0',
    LANG: 'C.UTF-8',
    MODEL_KEY: key,
  };
  const identity = directoryIdentity(home);
  const programs: Program[] = [];
  const start = (...argv: [string, ...string[]]): Program => {
    const program = startProgram(argv, { cwd, env });
    programs.push(program);
    return program;
  };

  const room: HomerRoom = {
    home,
    userHome,
    cwd,
    key,
    async serve() {
      const daemon = start(process.execPath, main, 'serve');
      await daemon.says('"msg":"ready"');
      if (options.keepsPort === true) env.HOMER_PORT = String((await connect(home)).record.port);
      return daemon;
    },
    homer: (...args) => start(process.execPath, main, ...args),
    homerOnTerminal(...args) {
      const command = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ');
      return start('script', '-qfec', command, '/dev/null');
    },
    async submit(...args) {
      const { code, output, errorOutput } = await room.homer('run', '--detach', '--json', ...args).ended;
      if (code !== 0) throw new Error(`homer run ended with ${code}: ${errorOutput}`);
      return (JSON.parse(output) as JobAnswer).job.id;
    },
    async job(id) {
      const client = await connect(home);
      return (await client.call<JobAnswer>('jobs.get', { params: { id } })).job;
    },
    whenJob: async (id, holds) => whenJob(await connect(home), id, holds),
    events: (id) => readAllEvents(home, id),
    journal: (runId) =>
      readFileSync(join(home, 'runs', runId, 'journal.jsonl'), 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as JournalEntry),
    processes: () => processesOf(identity, home),
    async whenQuiet() {
      // There is no event for the end of somebody else's child.
      for (let waited = 0; ; waited += lookEveryMs) {
        const { runners, tree } = room.processes();
        if (tree.length > 0) throw new Error(`Of agents these are left: ${tree.join(', ')}.`);
        if (runners.length === 0) return;
        if (waited >= 5_000) throw new Error(`These runners do not end: ${runners.join(', ')}.`);
        await delay(lookEveryMs);
      }
    },
    async transcripts() {
      const projects = join(userHome, '.claude/projects');
      if (!existsSync(projects)) return '';
      const names = (await readdir(projects, { recursive: true })).filter((name) => name.endsWith('.jsonl'));
      return (await Promise.all(names.map((name) => readFile(join(projects, name), 'utf8')))).join('');
    },
    whenWritten: (...texts) => whenChanged(userHome, () => isWritten(userHome, texts)),
    client: () => connect(home),
    async leaks() {
      const entries = await readdir(home, { recursive: true, withFileTypes: true });
      const files = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((file) => readFileSync(file).includes(key));
      const said = programs
        .map(({ output, errorOutput }) => output + errorOutput)
        .filter((text) => text.includes(key));
      return [...files, ...said];
    },
    async clean() {
      for (const program of programs) program.signal('SIGKILL');
      // The daemon first: it would start again what is killed.
      const { daemons, runners, tree } = room.processes();
      for (const pid of [...daemons, ...runners, ...tree]) killNow(pid);
      await Promise.all(programs.map(({ ended }) => ended));
      await rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
  return room;
}

/** Up to the last event there is now. */
async function readAllEvents(home: string, jobId: string): Promise<readonly RoomEvent[]> {
  const leave = new AbortController();
  const client = await connect(home);
  const read = async (since: string) =>
    readEvents(await client.open(`/api/v1/events?since=${since}`, {}, leave.signal));
  const events: RoomEvent[] = [];
  let last = '';
  try {
    // A cursor of another ledger is answered with where this one is.
    for await (const { data } of await read('another.0')) {
      last = (JSON.parse(data) as { readonly cursor: string }).cursor;
      break;
    }
    for await (const { id, data } of await read(`${last.split('.')[0] ?? ''}.0`)) {
      events.push(JSON.parse(data) as RoomEvent);
      if (id === last) break;
    }
    return events.filter((event) => event.jobId === jobId);
  } finally {
    leave.abort();
  }
}

/** Some file below the directory holds all of these texts. */
export async function isWritten(directory: string, texts: readonly string[]): Promise<boolean> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    // One that is gone again by now held nothing of interest.
    const content = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0));
    if (texts.every((text) => content.includes(text))) return true;
  }
  return false;
}

/** SIGKILL; nothing happens when the process is gone already. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went by itself a moment before.
  }
}

/** Resolves when the condition holds; the directory and all below it are watched, not polled. */
export async function whenChanged(directory: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const watcher = watch(directory, { recursive: true });
  try {
    // Created before the first look, so that no change is missed in between.
    const changes = on(watcher, 'change');
    while (!(await holds())) await changes.next();
  } finally {
    watcher.close();
  }
}
