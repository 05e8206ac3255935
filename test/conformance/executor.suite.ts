// What every executor promises, over recorded streams: hand it a factory and the cases; whatever passes is an executor.

import { describe, expect, test } from 'vitest';
import type { AgentEvent, EndEvent } from '../../src/core/agent.ts';
import type {
  Conversation,
  Executor,
  ExecutorSettings,
  PermissionAnswer,
  Reaction,
  Turn,
} from '../../src/executors/executor.ts';

/** What happened to one spawned agent, in order. */
export type Step =
  /** Lines of standard output, or text as it came, by the executor's framing. */
  | { readonly out: readonly string[] }
  | { readonly err: readonly string[] }
  | { readonly answer: PermissionAnswer }
  | { readonly cancel: true };

type Ending = { readonly end: EndEvent } | { readonly respawnAs: 'new' | 'resume' };

/** A recorded run and all that must come of it. */
export interface RecordedCase {
  readonly settings?: Partial<ExecutorSettings>;
  readonly turn?: Partial<Turn>;
  readonly steps: readonly Step[];
  readonly exit: { readonly code: number | null; readonly signal: string | null };
  /** The whole list, in order. */
  readonly events: readonly AgentEvent[];
  readonly ending: Ending;
  /** What was written to the agent after its first line, one JSON value each; [] when left out. */
  readonly writes?: readonly unknown[];
}

/** Every executor has a case for each of these, or says in one sentence why there can be none. */
export const requiredCases = [
  'plain turn',
  'tool call',
  'denied tool',
  'API 401',
  'API 429',
  'API 500',
  'endpoint down',
  'killed in stream',
  'killed in tool',
  'resumed',
  'session unknown',
  'session id in use',
  'no output',
  'a program that refuses to start',
  'interrupted',
] as const;

export type CaseName = (typeof requiredCases)[number];

export interface ExecutorSubject {
  readonly create: () => Executor;
  readonly settings: ExecutorSettings;
  readonly cases: Readonly<Record<CaseName, RecordedCase | { readonly cannotBe: string }>> &
    Readonly<Record<string, RecordedCase | { readonly cannotBe: string }>>;
}

const cutOff = { code: null, signal: 'SIGKILL' } as const;
/** A prompt a shell or a template would make something of. */
const awkwardPrompt = `it's "quoted" $HOME $(touch made) \`id\` {prompt} $& %s \\n\nsecond line — ünïcødé 🦉`;

interface Replayed {
  readonly events: AgentEvent[];
  readonly writes: string[];
  readonly closed: number;
  readonly writesAfterClose: number;
}

function replay(conversation: Conversation, steps: readonly Step[]): Replayed {
  const seen = { events: [] as AgentEvent[], writes: [] as string[], closed: 0, writesAfterClose: 0 };
  const react = (reaction: Reaction): void => {
    seen.events.push(...reaction.events);
    if (reaction.write !== undefined) {
      if (seen.closed > 0) seen.writesAfterClose += 1;
      seen.writes.push(reaction.write);
    }
    if (reaction.closeInput === true) seen.closed += 1;
  };
  react(conversation.started());
  for (const step of steps) {
    if ('out' in step) for (const text of step.out) react(conversation.output(text));
    else if ('err' in step) for (const line of step.err) react(conversation.errorOutput(line));
    else if ('answer' in step) react(conversation.answer(step.answer));
    else react(conversation.cancel());
  }
  return seen;
}

function linesOf(writes: readonly string[]): readonly string[] {
  return writes.flatMap((text) => text.split('\n')).filter((line) => line !== '');
}

/** Steps up to the n-th piece of output. */
function cutAfter(steps: readonly Step[], pieces: number): readonly Step[] {
  let left = pieces;
  return steps.flatMap((step): Step[] => {
    if (left <= 0) return [];
    if (!('out' in step)) return [step];
    const out = step.out.slice(0, left);
    left -= out.length;
    return [{ out }];
  });
}

export function executorSuite(name: string, subject: ExecutorSubject): void {
  const baseTurn: Turn = {
    prompt: 'Do the work.',
    cwd: '/home/user/project',
    session: { id: '0b7f7c1e-6f0e-4f57-9a39-6d0a3c1f5a11', mode: 'new' },
    preamble: null,
  };
  const settingsOf = (recorded: RecordedCase): ExecutorSettings => ({
    ...subject.settings,
    ...recorded.settings,
  });
  const turnOf = (recorded: RecordedCase): Turn => ({ ...baseTurn, ...recorded.turn });
  const recordedCases = Object.entries(subject.cases).flatMap(([title, value]) =>
    'cannotBe' in value ? [] : [[title, value] as const],
  );
  const plain = subject.cases['plain turn'];

  /** Where the agent speaks a protocol, a complete answer is told in the stream already, before the exit. */
  const eventsOf = (executor: Executor, { events, ending }: RecordedCase): readonly AgentEvent[] => {
    const isTold = executor.framing === 'lines' && 'end' in ending && ending.end.verdict === 'done';
    return isTold ? [...events, ending.end] : events;
  };

  describe(`executor ${name}`, () => {
    test.each(recordedCases)('%s', (_title, recorded) => {
      const executor = subject.create();
      const conversation = executor.converse(settingsOf(recorded), turnOf(recorded));
      const seen = replay(conversation, recorded.steps);
      expect(seen.events).toEqual(eventsOf(executor, recorded));
      expect(conversation.exited(recorded.exit)).toEqual(recorded.ending);
      const after = executor.framing === 'lines' ? linesOf(seen.writes.slice(1)) : [];
      expect(after.map((text) => JSON.parse(text) as unknown)).toEqual(recorded.writes ?? []);
    });

    test.each(recordedCases)('writes nothing after it closed the input: %s', (_title, recorded) => {
      const conversation = subject.create().converse(settingsOf(recorded), turnOf(recorded));
      expect(replay(conversation, recorded.steps)).toMatchObject({ writesAfterClose: 0 });
    });

    test.each(recordedCases)(
      'killed after any piece of output it is never done too early: %s',
      (_title, recorded) => {
        const total = recorded.steps.reduce((sum, step) => sum + ('out' in step ? step.out.length : 0), 0);
        for (let pieces = 0; pieces < total; pieces++) {
          const conversation = subject.create().converse(settingsOf(recorded), turnOf(recorded));
          const { events } = replay(conversation, cutAfter(recorded.steps, pieces));
          const ending = conversation.exited(cutOff);
          // What it told in the stream already is not taken back.
          const isTold = events.some((event) => event.type === 'end');
          if (!isTold && 'end' in ending) expect(ending.end.verdict).not.toBe('done');
          if ('end' in ending && ending.end.verdict !== 'done') expect(ending.end.message ?? '').not.toBe('');
        }
      },
    );

    test('two conversations of one executor know nothing of each other', () => {
      if ('cannotBe' in plain) throw new Error('Every executor has a plain turn.');
      const executor = subject.create();
      const first = executor.converse(settingsOf(plain), turnOf(plain));
      const second = executor.converse(settingsOf(plain), turnOf(plain));
      replay(first, plain.steps);
      replay(second, []);
      expect(first.exited(plain.exit)).toEqual(plain.ending);
      expect(second.exited(cutOff)).not.toEqual(plain.ending);
    });

    test('lines of garbage and of a megabyte neither end it nor change its answer', () => {
      if ('cannotBe' in plain) throw new Error('Every executor has a plain turn.');
      const executor = subject.create();
      if (executor.framing === 'chunks') return;
      const garbage = [
        '',
        '{"type":"assi',
        'null',
        '[1,2]',
        '"text"',
        '{}',
        '{"type":7}',
        '{"type":"result',
        '{"type":"assistant","message":{"content":[null,7,{"type":"text"},{"type":"tool_use"}]}}',
        '{"type":"control_request"}',
        '\u0000\ufffd',
        `{"type":"unheard_of","text":"${'x'.repeat(1 << 20)}"}`,
        'y'.repeat(1 << 20),
      ];
      const noisy = plain.steps.flatMap((step): Step[] =>
        'out' in step ? step.out.map((line) => ({ out: [...garbage, line] })) : [step],
      );
      const conversation = executor.converse(settingsOf(plain), turnOf(plain));
      const { events } = replay(conversation, noisy);
      const told = (all: readonly AgentEvent[]): readonly AgentEvent[] =>
        all.filter((event) => event.type !== 'text' || event.stream === undefined);
      expect(told(events)).toEqual(told(eventsOf(executor, plain)));
      expect(conversation.exited(plain.exit)).toEqual(plain.ending);
    });

    test('an answer of a megabyte is kept in bounded size', () => {
      const long = subject.cases['a huge answer'];
      if (long === undefined || 'cannotBe' in long)
        throw new Error('Every executor has the case "a huge answer".');
      const conversation = subject.create().converse(settingsOf(long), turnOf(long));
      replay(conversation, long.steps);
      const ending = conversation.exited(long.exit);
      if (!('end' in ending)) throw new Error('A huge answer is an end.');
      expect(Buffer.byteLength(ending.end.text ?? '')).toBeLessThanOrEqual(256 * 1024);
      expect(ending.end.text).toMatch(/\[… \d+ bytes left out …\]/);
    });

    test('the prompt reaches the program as it is, once, and no secret is in the environment', () => {
      if ('cannotBe' in plain) throw new Error('Every executor has a plain turn.');
      const executor = subject.create();
      for (const input of ['argument', 'stdin'] as const) {
        const settings: ExecutorSettings = { ...subject.settings, input };
        const turn: Turn = { ...baseTurn, prompt: awkwardPrompt };
        const invocation = executor.invocation(settings, turn);
        // Some protocols begin with other words than the prompt.
        const { writes } = replay(executor.converse(settings, turn), plain.steps);
        // A protocol may have the prompt as JSON, or as it is with lines of JSON for the answer.
        const isJson = executor.framing === 'lines' && writes[0]?.startsWith('{') === true;
        const written = isJson ? linesOf(writes).map((line) => JSON.stringify(JSON.parse(line))) : writes;
        const needle = isJson ? JSON.stringify(awkwardPrompt).slice(1, -1) : awkwardPrompt;
        const places = [...written, ...invocation.args].filter((text) => text.includes(needle));
        expect(places).toHaveLength(1);
        expect(invocation.file).toBe(settings.bin);
        for (const variable of Object.keys(invocation.env))
          expect(variable).not.toMatch(/KEY|TOKEN|SECRET|PASSWORD/);
      }
    });

    test('a chosen session id is in the arguments, and resuming differs from starting', () => {
      const executor = subject.create();
      const argumentsFor = (mode: 'new' | 'resume'): readonly string[] =>
        executor.invocation(subject.settings, { ...baseTurn, session: { ...baseTurn.session, mode } }).args;
      if (!executor.choosesSessionId) return;
      expect(argumentsFor('new')).toContain(baseTurn.session.id);
      expect(argumentsFor('resume')).toContain(baseTurn.session.id);
      expect(argumentsFor('new')).not.toEqual(argumentsFor('resume'));
    });

    test('an answer nobody asked for and a late cancel do no harm', () => {
      if ('cannotBe' in plain) throw new Error('Every executor has a plain turn.');
      const conversation = subject.create().converse(settingsOf(plain), turnOf(plain));
      replay(conversation, plain.steps);
      expect(conversation.answer({ requestId: 'unknown', allow: true })).toEqual({ events: [] });
      conversation.cancel();
      expect(conversation.exited(plain.exit)).toEqual(plain.ending);
    });

    test('every case that cannot be says why', () => {
      for (const value of Object.values(subject.cases))
        if ('cannotBe' in value) expect(value.cannotBe.length).toBeGreaterThan(20);
    });
  });
}
