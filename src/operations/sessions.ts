// Operations on sessions: look, make, begin afresh, end, fork, go on in a terminal. A session is named by its id or name.

import { randomFillSync } from 'node:crypto';
import { z } from 'zod';
import type { ExecutorConfig } from '../config/config.ts';
import { HomerError } from '../core/errors.ts';
import { createChance, newSessionId, type JobId, type SessionId } from '../core/ids.ts';
import { terminalArguments } from '../executors/terminal-arguments.ts';
import { checkMember, createSession, type SessionOptions } from '../intake/session.ts';
import { assertOpen, type SessionRecord } from '../ledger/sessions.ts';
import { defineOperation, type Operation, type Outcome } from './operation.ts';
import { sessionView, viewSession, type SessionView } from './session-view.ts';

export interface SessionOperationsOptions extends SessionOptions {
  /** Tells the run of a job to end, if there is one. */
  readonly endRun: (jobId: JobId) => void;
}

const named = z.string().min(1).max(64);
const idInput = z.strictObject({ id: named });
const oneSession = z.object({ session: sessionView });
const mostListed = 500;

export function sessionOperations(options: SessionOperationsOptions): readonly Operation[] {
  const { ledger, home, endRun } = options;
  const { sessions } = ledger;
  const chance = createChance(randomFillSync);
  const freshId = (): SessionId => newSessionId(ledger.now(), chance(ledger.now()));
  const one = (id: string): Outcome<{ session: SessionView }> => ({
    output: { session: viewSession(sessions.get(id), ledger, home) },
  });

  return [
    defineOperation({
      name: 'sessions.list',
      input: z.strictObject({ ended: z.enum(['true', 'false']).default('false') }),
      output: z.object({ sessions: z.array(sessionView) }),
      async handle({ ended }) {
        const found = sessions.list(mostListed, ended === 'true');
        return { output: { sessions: found.map((session) => viewSession(session, ledger, home)) } };
      },
    }),
    defineOperation({
      name: 'sessions.get',
      input: idInput,
      output: oneSession,
      async handle({ id }) {
        return one(id);
      },
    }),
    defineOperation({
      name: 'sessions.create',
      input: z.strictObject({
        name: named.meta({ examples: ['website'] }),
        executor: named.optional(),
        lane: named.optional(),
        cwd: z.string().min(1).max(4096).optional(),
      }),
      output: oneSession,
      async handle(asked, caller) {
        const id = freshId();
        await ledger.commit(() => createSession(options, asked, caller, id));
        return one(id);
      },
    }),
    defineOperation({
      name: 'sessions.reset',
      input: idInput,
      output: oneSession,
      async handle({ id }, caller) {
        await ledger.commit(() => {
          const session = sessions.get(id);
          checkMember(session, caller);
          refuseActive(session);
          sessions.reset(session, 'asked', ledger.now());
          ledger.sessionGrants.forget(session.id);
        });
        return one(id);
      },
    }),
    defineOperation({
      name: 'sessions.stop',
      input: idInput,
      output: z.object({ session: sessionView, cancelled: z.int() }),
      async handle({ id }, caller) {
        const { session, turns, running } = await ledger.commit(() => {
          const found = sessions.get(id);
          checkMember(found, caller);
          const now = ledger.now();
          const open = sessions.openTurns(found.id);
          const live = open.flatMap((turn) => ledger.family.cancelTree(turn, now).running);
          sessions.end(found, now);
          ledger.sessionGrants.forget(found.id);
          return { session: found.id, turns: open, running: live };
        });
        for (const each of running) endRun(each);
        return { output: { ...one(session).output, cancelled: turns.length } };
      },
    }),
    defineOperation({
      name: 'sessions.fork',
      input: z.strictObject({ id: named, name: named, executor: named.optional() }),
      output: oneSession,
      async handle({ id, name, executor }, caller) {
        const fresh = freshId();
        await ledger.commit(() => {
          const source = sessions.get(id);
          checkMember(source, caller);
          const { lane } = source;
          const { cwd } = viewSession(source, ledger, home);
          const asked = { name, executor: executor ?? source.executor, lane, cwd, forkOf: source };
          createSession(options, asked, caller, fresh);
        });
        return one(fresh);
      },
    }),
    defineOperation({
      name: 'sessions.terminal',
      input: idInput,
      output: z.object({
        kind: z.string(),
        agentSessionId: z.string(),
        argv: z.array(z.string()),
        env: z.record(z.string(), z.string()),
        cwd: z.string(),
      }),
      async handle({ id }) {
        const session = sessions.get(id);
        assertOpen(session);
        refuseActive(session);
        const { agentSessionId, agentExecutor } = session;
        const refuse = (why: string): HomerError => new HomerError('HOMER_SESSION_NOT_RESUMABLE', why);
        if (agentSessionId === null || agentExecutor === null)
          throw refuse(`No agent has a session for "${session.name}" yet.`);
        const config = options.executors()[agentExecutor];
        if (config === undefined) throw refuse(`The executor "${agentExecutor}" is not configured any more.`);
        const args = terminalArguments(config.kind, agentSessionId);
        if (args === null) throw refuse(`The sessions of "${agentExecutor}" cannot be opened in a terminal.`);
        const argv = [...(config.node === null ? [] : [config.node]), config.bin, ...config.args, ...args];
        const { cwd } = viewSession(session, ledger, home);
        return { output: { kind: config.kind, agentSessionId, argv, env: plainVariables(config), cwd } };
      },
    }),
  ];

  function refuseActive(session: SessionRecord): void {
    if (!sessions.isActive(session.id)) return;
    throw new HomerError('HOMER_SESSION_ACTIVE', `A turn of "${session.name}" is under way.`);
  }
}

/** Where agents keep what is theirs: HOME, CODEX_HOME, CLAUDE_CONFIG_DIR, XDG_DATA_HOME and their like. */
const placeName = /(?:^|_)(?:HOME|DIR)$/;

/** What the executor is given of places, in which its sessions are. Anything else may be a secret, whatever it is called. */
function plainVariables({ setEnv }: ExecutorConfig): Record<string, string> {
  return Object.fromEntries(
    Object.entries(setEnv).flatMap(([name, ref]) =>
      'text' in ref && placeName.test(name) && ref.text.startsWith('/') ? [[name, ref.text] as const] : [],
    ),
  );
}
