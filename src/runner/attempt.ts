// One spawned agent from its start to the proof that nothing of it is left: its output goes through the conversation into the
// journal, limits and orders may stop it.

import { setTimeout as delay } from 'node:timers/promises';
import type { AgentEvent, EndEvent } from '../core/agent.ts';
import type { Conversation, Executor, Reaction } from '../executors/executor.ts';
import { turnAs } from '../executors/preamble.ts';
import { steadyNow } from '../lifecycle/steady-clock.ts';
import type { PassRunPoint } from '../lifecycle/waypoint.ts';
import { type AgentExit, type AgentProcess, startAgent } from './agent-process.ts';
import { readAll } from './agent-pipes.ts';
import { whenThereIsRoom } from './disk-room.ts';
import type { AnswerOrder, Spec, StopReason } from './files.ts';
import { createChunkFramer, createLineFramer, type Framer, maxLineLength } from './framing.ts';
import type { Journal } from './journal.ts';
import { plainLaunch } from './launch.ts';
import { memoryOf } from './memory.ts';
import { decideLease, leaseLookMs, readLease } from './lease.ts';
import { nextStopStep, type StopStep, type StopTimes } from './ladder.ts';
import { hasProcessTable } from './process-table.ts';
import { notStarted, wrapperFailure } from './not-started.ts';
import type { Questions } from './questions.ts';
import { createTextRedactor, type Redactor } from './redaction.ts';
import { decideWhoseLimit } from './limits.ts';
import type { RunWatch } from './run-watch.ts';
import { type StopSwitch, stopMessages } from './stop-switch.ts';
import type { TreeProof } from './tree.ts';

/** What a run's attempts share. */
export interface RunContext {
  readonly spec: Spec;
  readonly env: Readonly<Record<string, string>>;
  readonly marker: string;
  readonly executor: Executor;
  readonly journal: Journal;
  readonly redactor: Redactor;
  readonly questions: Questions;
  readonly watch: RunWatch;
  readonly stop: StopSwitch;
  readonly times: StopTimes;
  readonly tickMs: number;
  /** Sees every event, and every tick. False: the event is not for the journal. */
  onEvent(event: AgentEvent): boolean;
  onTick(): void;
  /** Sets who gets the answers to permission requests. */
  setAnswer(answer: ((answer: AnswerOrder) => void) | null): void;
  log(line: string): void;
  readonly pass: PassRunPoint;
}

export interface Attempt {
  /** Null: it is to be spawned once more in `respawnAs`. */
  readonly end: EndEvent | null;
  readonly respawnAs: 'new' | 'resume' | null;
  readonly exit: AgentExit;
  readonly proof: TreeProof;
}

/** How long output may take to end after the last process was seen gone, ms. */
const lastOutputMs = 2000;

export async function runAttempt(run: RunContext, mode: 'new' | 'resume'): Promise<Attempt> {
  const { spec, executor, journal, redactor, questions, watch, stop } = run;
  const turn = turnAs(spec.turn, mode);
  const conversation = executor.converse(spec.settings, turn, (text) => redactor.text(text), run.env);
  const opening = conversation.started();
  if (spec.limits.memoryBytes > 0 && !hasProcessTable())
    return notStarted('uncontained', 'Without /proc a limit of memory cannot be kept here.');
  const start = {
    invocation: executor.invocation(spec.settings, turn),
    cwd: turn.cwd,
    env: run.env,
    marker: run.marker,
    isolation: spec.isolation,
    launch: spec.launch ?? plainLaunch,
    kind: spec.settings.kind,
    wholeInput: opening.closeInput === true ? (opening.write ?? '') : null,
  };
  const agent = await whenThereIsRoom(stop, () => startAgent(start));
  if (agent === null) {
    const { message = 'The run was stopped before its agent.', until } = stop.about();
    return notStarted(stop.reason() ?? 'interrupted', message, until);
  }
  if ('problem' in agent) return notStarted(agent.verdict ?? 'spawn_failed', agent.problem);
  const { input } = agent;

  journal.add({ type: 'agent_started', pid: agent.pid, pidNamespace: agent.namespace, mode });
  run.pass('r4-agent-started');
  const respawn = Promise.withResolvers<'new' | 'resume'>();
  const lingered = Promise.withResolvers<void>();
  let respawnAs: 'new' | 'resume' | null = null;
  let lingerMs: number | null = null;
  let firstComplaint: string | null = null;
  /** Nobody writes any more; there is no one to hold up. */
  let isOver = false;

  // Everything the agent says ends here; a full disk holds up the agent, not us.
  const commit = (): void => {
    if (!journal.flush() && !isOver) for (const socket of [agent.output, agent.errorOutput]) socket.pause();
  };
  const note = (events: readonly AgentEvent[]): void => {
    for (const event of events) {
      watch.event(event);
      if (run.onEvent(event)) journal.add(event);
    }
  };
  const react = (reaction: Reaction): void => {
    for (const event of reaction.events) note(questions.see(event, reaction.write !== undefined));
    // Nothing is said in a session that is somebody else's, above all no prompt.
    if (reaction.write !== undefined && stop.reason() !== 'session_busy') input?.write(reaction.write);
    if (reaction.closeInput === true) input?.end();
    if (reaction.respawnAs !== undefined) {
      respawnAs = reaction.respawnAs;
      respawn.resolve(respawnAs);
    }
    tellAnswers([]);
  };
  const tellAnswers = (events: readonly AgentEvent[]): void => {
    note(events);
    const answers = questions.answers();
    // Written down first: an answer that may have been acted upon is never unknown.
    if (answers.length > 0) commit();
    for (const answer of answers) react(conversation.answer(answer));
  };
  const hear = (reaction: Reaction): void => {
    react(reaction);
    // It said its last word; should it not go by itself, it is ended.
    if (reaction.closeInput === true || reaction.events.some(({ type }) => type === 'end')) lingerMs ??= 0;
    if (reaction.giveUp === true) lingered.resolve();
  };
  const onOutput = (text: string): void => {
    hear(conversation.output(text));
    commit();
  };
  // Before the conversation sees it: what is cut there would hide half a secret from whoever looks for the whole.
  const shown = createTextRedactor(redactor);
  const onShown = (text: string): void => {
    if (text !== '') onOutput(text);
  };
  // Half a secret at the end of a line that was cut is not found, so it is dropped too; no protocol has such lines.
  const cutLine = (line: string): string => redactor.piece(line).text;
  const onCut = (dropped: number): void =>
    run.log(`a line was too long, ${dropped} characters of it were dropped`);
  const output =
    executor.framing === 'lines'
      ? createLineFramer((line) => onOutput(line.length < maxLineLength ? line : cutLine(line)), onCut)
      : createChunkFramer((text) => onShown(shown.add(text)));
  const errorOutput = createLineFramer((raw) => {
    const isWhole = raw.length < maxLineLength && stop.reason() !== 'output_limit';
    const line = isWhole ? redactor.text(raw) : cutLine(raw);
    firstComplaint ??= line;
    hear(conversation.errorOutput(line));
  }, onCut);
  const keepLimits = (): void => {
    const limit = watch.limit();
    // Who has said its last word uses nothing more.
    if (limit !== null && (lingerMs === null || !isOfUsage(limit.reason))) stop.request(limit.reason, limit);
  };
  const keepLease = (): void => {
    if (spec.lease === undefined) return;
    const end = decideLease(readLease('.'), steadyNow(), spec.lease.marginMs, run.times);
    if (end !== null) stop.request(end.reason, end);
  };
  const read = (framer: Framer, bytes: Buffer): void => {
    watch.saw(bytes.length);
    // What is too much already is read, so that the agent can end, and dropped.
    if (stop.reason() === 'output_limit') return;
    framer.push(bytes);
    commit();
    keepLimits();
  };

  // The agent may be gone before it has read everything: that is its affair.
  input?.on('error', (error) => run.log(`standard input of the agent: ${error.message}`));
  run.setAnswer((answer) => tellAnswers(questions.take(answer)));
  react(opening);
  commit();
  const outputEnded = Promise.all([
    readAll(agent.output, (bytes) => read(output, bytes)),
    readAll(agent.errorOutput, (bytes) => read(errorOutput, bytes)),
  ]);
  if (journal.isFull()) commit();

  let last = performance.now();
  let ticks = 0;
  const ticker = setInterval(() => {
    const now = performance.now();
    const wasFull = journal.isFull();
    if (wasFull && journal.flush()) for (const socket of [agent.output, agent.errorOutput]) socket.resume();
    watch.tick(now - last, wasFull);
    tellAnswers(questions.tick(now - last));
    if (lingerMs !== null && (lingerMs += Math.min(now - last, run.tickMs)) >= run.times.lingerMs)
      lingered.resolve();
    last = now;
    // Only a sweep has to know who was there before; a namespace knows by itself.
    if (agent.namespace === null && ++ticks % 3 === 0) agent.tree.remember();
    if (spec.limits.memoryBytes > 0) watch.holds(memoryOf(agent.tree.pids(), spec.limits.memoryBytes));
    run.onTick();
    keepLimits();
  }, run.tickMs);
  const leaseTicker = spec.lease === undefined ? undefined : setInterval(keepLease, leaseLookMs);

  await Promise.race([agent.gone, stop.asked, respawn.promise, lingered.promise]);
  const goneFirst = await isGone(agent);
  // What eats the memory of the machine is not asked first.
  const mayClimb = stop.reason() !== null && stop.reason() !== 'memory_limit' && stop.about().urgent !== true;
  if (!goneFirst && mayClimb) await climb(run, agent, conversation, react);
  const proof = await agent.tree.end(run.times.proofMs);
  clearInterval(ticker);
  clearInterval(leaseTicker);
  run.setAnswer(null);
  isOver = true;
  // No one writes any more: what is left in the pipes is read even when the journal has no room for it now.
  for (const socket of [agent.output, agent.errorOutput]) socket.resume();
  const reading = new AbortController();
  await Promise.race([
    outputEnded,
    delay(lastOutputMs, undefined, { signal: reading.signal }).catch(() => undefined),
  ]);
  reading.abort();
  output.end();
  // Where the rest was dropped, what is held may be half a secret.
  if (stop.reason() !== 'output_limit') onShown(shown.end());
  errorOutput.end();
  for (const socket of [input, agent.output, agent.errorOutput]) socket?.destroy();
  const exit = (await isGone(agent)) ? await agent.gone : { code: null, signal: null };
  if (respawnAs !== null && stop.reason() === null) return { end: null, respawnAs, exit, proof };

  const closing = conversation.exited(exit);
  const reason = goneFirst ? null : stop.reason();
  const end = 'end' in closing ? decideWhoseLimit(closing.end, spec.limits) : null;
  commit();
  if (reason !== null) {
    // Of a protocol the stream has the word: an answer that was complete stands. Exit 0 after TERM says nothing.
    const stands = end?.verdict === 'done' && executor.framing === 'lines';
    const stopped: EndEvent = {
      type: 'end',
      verdict: reason,
      text: end?.text,
      until: stop.about().until,
      message: stop.about().message ?? stopMessages[reason],
    };
    return { end: stands ? end : stopped, respawnAs: null, exit, proof };
  }
  const notRun = wrapperFailure(exit, firstComplaint, start.launch.sandbox !== null);
  if (notRun !== null) return { ...notRun, exit, proof };
  return { end, respawnAs: 'end' in closing ? null : closing.respawnAs, exit, proof };
}

/** Goes from step to step until the agent is gone; the last step is the caller's: the end of the tree. */
async function climb(
  run: RunContext,
  agent: AgentProcess,
  conversation: Conversation,
  react: (reaction: Reaction) => void,
): Promise<void> {
  const reason = run.stop.reason() ?? 'interrupted';
  const cancel = conversation.cancel();
  const canCancel = cancel.write !== undefined || cancel.closeInput === true;
  for (let step = nextStopStep(null, canCancel); step !== null; step = nextStopStep(step, canCancel)) {
    run.journal.add({ type: 'stopping', reason, step });
    run.journal.flush();
    if (step === 'cancel') react(cancel);
    if (step === 'term') agent.tree.terminate();
    if (step === 'kill') return;
    if (await isGone(agent, waitFor(step, run.times))) return;
  }
}

function waitFor(step: StopStep, times: StopTimes): number {
  return step === 'cancel' ? times.cancelMs : times.termMs;
}

/** True when the agent is gone, or goes within the time. */
async function isGone(agent: AgentProcess, withinMs = 0): Promise<boolean> {
  const patience = new AbortController();
  const gone = await Promise.race([
    agent.gone.then(() => true),
    delay(withinMs, false, { signal: patience.signal }).catch(() => false),
  ]);
  patience.abort();
  return gone;
}

function isOfUsage(reason: StopReason): boolean {
  return reason === 'budget' || reason === 'max_turns';
}
