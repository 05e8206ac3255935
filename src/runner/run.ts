// A run from the lock to the verdict, as a list. The current directory is the run's own and every path is relative, so that
// the state directory may be moved meanwhile.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import type { EndEvent, ExecutorKind } from '../core/agent.ts';
import { isAgentSessionId } from '../core/session.ts';
import type { Verdict } from '../core/verdict.ts';
import type { Executor } from '../executors/executor.ts';
import { acquireLock } from '../lifecycle/lock.ts';
import { hostBootId, startTicks } from '../lifecycle/process-identity.ts';
import type { PassRunPoint } from '../lifecycle/waypoint.ts';
import { type RunContext, runAttempt } from './attempt.ts';
import {
  type AnswerOrder,
  type Exit,
  fileNames,
  filesVersion,
  type Order,
  runnerExit,
  type RunRecord,
} from './files.ts';
import { isDiskFull, whenThereIsRoom } from './disk-room.ts';
import { type Inbox, openInbox } from './inbox.ts';
import { createJournal } from './journal.ts';
import { type StopTimes, stopTimes } from './ladder.ts';
import { runMarker } from './leftovers.ts';
import { tickMs } from './limits.ts';
import { createQuestions } from './questions.ts';
import { createRedactor } from './redaction.ts';
import { cutBytes, resultOf } from './result.ts';
import { readSpec, syncDirectory, writeFileWhole } from './records.ts';
import { createRunWatch } from './run-watch.ts';
import { busyMessage, createSessionHold } from './session-hold.ts';
import { readFrame } from './secret-frame.ts';
import { createStopSwitch, type StopSwitch } from './stop-switch.ts';
import type { TreeProof } from './tree.ts';

export interface RunOptions {
  readonly runId: string;
  /** `device:inode` of the state directory. */
  readonly home: string;
  openExecutor(kind: ExecutorKind): Executor;
  readonly times?: StopTimes;
  readonly tickMs?: number;
  /** The chaos suite kills the process at these points; otherwise nothing happens there. */
  readonly pass?: PassRunPoint;
}

/** Room kept for exit.json. */
const reserveBytes = 64 * 1024;
/** The answer in an exit.json that has to fit into that. */
const smallResultBytes = 16 * 1024;

/** Conducts the run of the current directory; returns the exit code of the process. Rejects on errors nobody can mend here. */
export async function conductRun(options: RunOptions): Promise<number> {
  // 1. The lock is the proof of life; who has it already runs this run.
  const lock = acquireLock('.');
  if (lock === null) return runnerExit.lockHeld;
  const pass: PassRunPoint = options.pass ?? (() => undefined);
  pass('r1-locked');

  // 2. The secrets, whole or not at all; then standard input leads nowhere.
  const frame = readFrame(0);
  closeSync(0);
  openSync('/dev/null', 'r');
  if (frame === null) return runnerExit.frameShort;
  pass('r2-briefed');
  const redactor = createRedactor(frame.secrets);
  const log = (line: string): void => {
    try {
      writeSync(2, redactor.text(`${new Date().toISOString()} ${line}\n`));
    } catch {
      // The log is on the disk that may be full, and a remark is not worth a run.
    }
  };

  // 3. What to do. A run that was started before is not started again: its task may have been done.
  const spec = readSpec('.');
  if (spec === null || spec.runId !== options.runId || spec.home !== options.home) {
    log(`${fileNames.spec} is missing, of an unknown version or of another run`);
    return runnerExit.failed;
  }
  if (existsSync(fileNames.run) || existsSync(fileNames.exit)) {
    log('this run was started before');
    return runnerExit.failed;
  }
  const startedAt = Date.now();
  const stop = createStopSwitch();
  process.on('SIGTERM', () => stop.request('interrupted'));
  process.on('SIGINT', () => stop.request('interrupted'));
  process.on('SIGHUP', () => undefined);
  const marker = runMarker(options.home, options.runId);

  // 4. and 5. Room for the end, then the record that the agent may have been started.
  const record: RunRecord = {
    version: filesVersion,
    runId: spec.runId,
    pid: process.pid,
    startTicks: startTicks(process.pid),
    hostBootId: hostBootId(),
    isolation: spec.isolation,
    marker,
    startedAt,
  };
  let answer: ((answer: AnswerOrder) => void) | null = null;
  const onOrder = (order: Order): void => {
    if (order.type === 'stop') stop.request(order.reason, { message: order.message, until: order.until });
    else answer?.(order);
  };
  let inbox: Inbox | null = null;
  const ready = await whenThereIsRoom(stop, () => {
    makeReserve();
    mkdirSync(fileNames.inbox, { recursive: true, mode: 0o700 });
    // Before the record: what cannot be opened must not leave a run behind that looks started.
    inbox ??= openInbox(fileNames.inbox, onOrder, (name) => log(`${name} in the inbox is no order`));
    closeSync(openSync(fileNames.journal, 'w', 0o600));
    writeFileWhole(fileNames.run, JSON.stringify(record));
    return true;
  });
  // Nothing was started and there is no room to say so: the daemon will find a run without a record.
  if (ready === null) return runnerExit.failed;
  pass('r3-recorded');

  // 6. to 9. The agent, its output, limits and orders, its end and the proof of it.
  const journal = createJournal(fileNames.journal, redactor, Date.now);
  const session = createSessionKeeper();
  const hold = createSessionHold({
    home: frame.env['HOME'],
    kind: spec.settings.kind,
    isShared: spec.sessionId !== null,
    log,
  });
  const watch = createRunWatch(spec.limits, options.tickMs ?? tickMs, spec.approvals.expiryMs);
  let ended: EndEvent | null = null;
  const context: RunContext = {
    spec,
    env: frame.env,
    marker,
    executor: options.openExecutor(spec.settings.kind),
    journal,
    redactor,
    questions: createQuestions(spec.approvals, redactor, options.tickMs ?? tickMs),
    watch,
    stop,
    times: options.times ?? stopTimes,
    tickMs: options.tickMs ?? tickMs,
    onEvent(event) {
      if (event.type === 'end') ended = event;
      if (event.type !== 'session') return true;
      const { agentSessionId: id } = event;
      // Not repeated in the log: an agent that makes ids of secrets would have it say them.
      if (!isAgentSessionId(id) || redactor.text(id) !== id) {
        log('the agent called its session by what is no id; no later turn can go on there');
        return false;
      }
      // Two agents in one session lose what one of them says, and no later turn may go on there either.
      if (!hold.named(id)) {
        stop.request('session_busy', { message: busyMessage(id) });
        return false;
      }
      session.keep(id);
      return true;
    },
    onTick: () => session.retry(),
    setAnswer: (to) => (answer = to),
    log,
    pass,
  };
  const taken = hold.takenBefore(spec.turn.session);
  const { end, exit, proof } = taken === null ? await attempts(context) : busy(taken);
  if (proof.tree === 'dead') hold.release();
  (inbox as Inbox | null)?.close();

  // 10. The journal is on disk before the verdict that refers to it.
  if ((ended as EndEvent | null)?.verdict !== end.verdict) journal.add(end);
  const closed = journal.close();
  pass('r5-journal-synced');
  session.retry();
  const exitRecord: Exit = {
    ...resultOf(end, proof, redactor),
    version: filesVersion,
    runId: spec.runId,
    usage: watch.usage(),
    agentSessionId: session.id(),
    exitCode: exit.code,
    signal: exit.signal,
    journal: closed,
    tree: proof.tree,
    startedAt,
    endedAt: Date.now(),
  };
  await writeExit(stop, exitRecord, () => pass('r6-exit-written'));
  pass('r7-exit-renamed');
  lock.release();
  return runnerExit.ended;
}

interface Outcome {
  readonly end: EndEvent;
  readonly exit: { readonly code: number | null; readonly signal: string | null };
  readonly proof: TreeProof;
}

/** The run of an agent that was not started. */
function unstarted(verdict: Verdict, message: string, until?: number): Outcome {
  const end: EndEvent = { type: 'end', verdict, message, until };
  return { end, exit: { code: null, signal: null }, proof: { tree: 'dead' } };
}

function busy(id: string): Outcome {
  return unstarted('session_busy', busyMessage(id));
}

/** One attempt, or two when the agent wants its session the other way. */
async function attempts(context: RunContext): Promise<Outcome> {
  const reason = context.stop.reason();
  if (reason !== null) {
    const { message = 'The run was stopped before its agent was started.', until } = context.stop.about();
    return unstarted(reason, message, until);
  }
  const first = await runAttempt(context, context.spec.turn.session.mode);
  if (first.end !== null) return { ...first, end: first.end };
  const refused: EndEvent = {
    type: 'end',
    verdict: 'agent_error',
    message: 'The agent refused its session.',
  };
  // Two agents in one session would lose what one of them says.
  if (first.respawnAs === null || first.proof.tree === 'unproven') return { ...first, end: refused };
  // Its questions go with it: the next one may count its own from the beginning.
  for (const event of context.questions.withdraw()) {
    context.watch.event(event);
    context.journal.add(event);
  }
  const second = await runAttempt(context, first.respawnAs);
  return { ...second, end: second.end ?? refused };
}

function makeReserve(): void {
  const fd = openSync(fileNames.reserve, 'w', 0o600);
  try {
    // Random, since a file system may store zeros in no room at all.
    const bytes = randomBytes(reserveBytes);
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

async function writeExit(stop: StopSwitch, exit: Exit, beforeRename: () => void): Promise<void> {
  const write = (value: Exit): true => {
    writeFileWhole(fileNames.exit, JSON.stringify(value), beforeRename);
    return true;
  };
  try {
    write(exit);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    rmSync(fileNames.reserve, { force: true });
    const written = await whenThereIsRoom(stop, () => write(exit));
    // Who asks us to stop may not wait: an answer that is cut is better than none.
    const small = { ...exit, text: exit.text === null ? null : cutBytes(exit.text, smallResultBytes) };
    if (written === null) await whenThereIsRoom(null, () => write(small));
  }
  rmSync(fileNames.reserve, { force: true });
  syncDirectory('.');
}

interface SessionKeeper {
  id(): string | null;
  keep(id: string): void;
  /** Writes what a full disk refused before. */
  retry(): void;
}

/** Keeps session.json as the agent names its session. */
function createSessionKeeper(): SessionKeeper {
  let id: string | null = null;
  let stored: string | null = null;
  const store = (): void => {
    if (id === null || id === stored) return;
    try {
      writeFileWhole(fileNames.session, JSON.stringify({ version: filesVersion, agentSessionId: id }));
      stored = id;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
  };
  return {
    id: () => id,
    keep(named) {
      id = named;
      store();
    },
    retry: store,
  };
}
