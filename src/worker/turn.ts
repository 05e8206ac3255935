// What the next turn of a job is for its agent: in which of the agent's sessions, and what is said before the prompt.

import { randomUUID } from 'node:crypto';
import type { ExecutorConfig } from '../config/config.ts';
import type { RunId } from '../core/ids.ts';
import { transcriptBytes, withTranscript, writeTranscript, type PastTurn } from '../core/transcript.ts';
import type { Executor, Turn } from '../executors/executor.ts';
import { restartPreamble, resumePreamble, withPreamble } from '../executors/preamble.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** What the ledger knows of the time before a run. */
export interface Past {
  /** The agent session to go on in; null: there is none that this executor could use. */
  readonly agentSessionId: string | null;
  /** A turn was completed in it; undefined for a job that stands alone. */
  readonly established: boolean | undefined;
  /** An earlier run of this very job was in an agent session. */
  readonly isCutOff: boolean;
  /** It was in the session that is to be gone on in. */
  readonly isKnownThere: boolean;
  /** An agent session to begin as a copy of. */
  readonly forkOf: string | null;
  /** What was said before, oldest first. */
  readonly turns: readonly PastTurn[];
}

/** Room that is kept free in an argument with a prompt and a record (MAX_ARG_STRLEN, execve(2)). */
const argumentBytes = 120 * 1024;

/** `canFork`: its executor can begin an agent session as a copy of another one. */
export function readPast(ledger: Ledger, job: JobRecord, runId: RunId, canFork: boolean): Past {
  const session = job.sessionId === null ? null : ledger.sessions.find(job.sessionId);
  const isCutOff = ledger.claims
    .runsOf(job.id)
    .some((run) => run.id !== runId && run.agentSessionId !== null && run.verdict !== 'session_lost');
  const turns = ledger.conversation.before(job.id);
  if (session === null) {
    const { agentSessionId } = job;
    return { agentSessionId, established: undefined, isCutOff, isKnownThere: true, forkOf: null, turns };
  }
  const agentSessionId = session.agentExecutor === job.executor ? session.agentSessionId : null;
  const isFirst = job.fence <= 1 && agentSessionId === null && session.lastTurnAt === null;
  const source = isFirst && canFork ? ledger.sessions.unmovedSource(session) : null;
  return {
    agentSessionId,
    established: ledger.sessions.isEstablished(session),
    isCutOff,
    isKnownThere: job.agentSessionId === agentSessionId,
    forkOf: source?.agentExecutor === job.executor ? source.agentSessionId : null,
    turns,
  };
}

/** `cwd`: absolute, where the agent works. */
export function turnOf(
  job: Pick<JobRecord, 'prompt'>,
  cwd: string,
  executor: Executor,
  config: ExecutorConfig,
  past: Past,
): Turn {
  const record = recordOf(job, config, past.turns);
  const { prompt } = job;
  if (executor.resumable && past.agentSessionId !== null) {
    const { agentSessionId: id, established } = past;
    const preamble = past.isKnownThere ? resumePreamble : null;
    if (established === undefined) return { prompt, cwd, session: { id, mode: 'resume' }, preamble };
    // Where no turn was completed yet, the agent may have nothing at all.
    const known = established ? null : record;
    return { prompt, cwd, session: { id, mode: 'resume', established }, preamble, record: known };
  }
  const id = executor.choosesSessionId ? randomUUID() : null;
  if (past.forkOf !== null)
    return { prompt, cwd, session: { id, mode: 'new', forkOf: past.forkOf }, preamble: null };
  const preamble = past.isCutOff && executor.resumable ? restartPreamble : null;
  const whole = withTranscript(record, withPreamble(preamble, prompt));
  return { prompt: whole, cwd, session: { id, mode: 'new' }, preamble: null };
}

/** A command takes its prompt for what it was made for, which need not be words: it gets a record only where it is told to. */
function recordOf(
  job: Pick<JobRecord, 'prompt'>,
  config: ExecutorConfig,
  turns: readonly PastTurn[],
): string | null {
  if (!config.transcript) return null;
  const room = config.input === 'argument' ? argumentBytes - Buffer.byteLength(job.prompt, 'utf8') : Infinity;
  return room < 1024 ? null : writeTranscript(turns, Math.min(transcriptBytes, room));
}
