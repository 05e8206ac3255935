import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../core/agent.ts';
import { boundInput, textEventBytes } from './event-size.ts';
import type { ApprovalTerms } from './files.ts';
import { createQuestions, type Questions } from './questions.ts';
import { createRedactor } from './redaction.ts';

const secret = 'hunter2-hunter2';
const open = (terms: Partial<ApprovalTerms> = {}): Questions =>
  createQuestions({ expiryMs: 1000, granted: [], ...terms }, createRedactor([secret]), 100);
const ask = (requestId: string, command = 'ls', toolId = `t-${requestId}`): AgentEvent => ({
  type: 'permission',
  requestId,
  toolId,
  tool: 'Bash',
  input: { command },
});
const answer = (requestId: string, allow = true, scope?: 'once' | 'session') =>
  ({ version: 1, type: 'answer', requestId, allow, ...(scope === undefined ? {} : { scope }) }) as const;
const brief = (events: readonly AgentEvent[]): string[] =>
  events.map((event) =>
    event.type === 'permission'
      ? `asks ${event.requestId}${event.waits === true ? ' waits' : ''}`
      : event.type === 'permission_answered'
        ? `${event.requestId} ${event.allow ? 'yes' : 'no'} by ${event.by}`
        : event.type,
  );

describe('a question', () => {
  test('waits, and is answered once', () => {
    const questions = open();
    expect(questions.see(ask('q'), false)).toMatchObject([{ waits: true, expiresInMs: 1000 }]);
    expect(questions.answers()).toEqual([]);
    expect(brief(questions.take(answer('q')))).toEqual(['q yes by person']);
    expect(questions.take(answer('q', false))).toEqual([]);
    expect(questions.answers()).toMatchObject([{ requestId: 'q', allow: true }]);
    expect(questions.answers()).toEqual([]);
  });

  test('that was never asked is answered by nobody', () => {
    const questions = open();
    expect(questions.take(answer('q'))).toEqual([]);
    expect(brief(questions.see(ask('q'), false))).toEqual(['asks q waits']);
    expect(questions.answers()).toEqual([]);
  });

  test('that the executor answered waits for nobody', () => {
    const questions = open();
    expect(brief(questions.see(ask('q'), true))).toEqual(['asks q']);
    expect(questions.take(answer('q'))).toEqual([]);
  });

  test('of an agent that is gone is answered by nobody, not under its name either', () => {
    const questions = open();
    questions.see(ask('q'), false);
    expect(brief(questions.withdraw())).toEqual(['q no by withdrawn']);
    expect(questions.take(answer('q'))).toEqual([]);
    expect(brief(questions.see(ask('q', 'rm'), false))).toEqual(['asks q', 'q no by policy']);
  });

  test('expires by ticks, each of which is worth little when it was slept through', () => {
    const questions = open();
    questions.see(ask('q'), false);
    questions.see(ask('r'), false);
    questions.take(answer('r'));
    questions.answers();
    for (let i = 0; i < 6; i++) expect(questions.tick(86_400_000)).toEqual([]);
    expect(brief(questions.tick(100))).toEqual(['q no by expired']);
    expect(questions.answers()).toMatchObject([
      {
        requestId: 'q',
        allow: false,
        message: expect.stringContaining('Nobody answered within 1 s') as string,
      },
    ]);
    expect(questions.take(answer('q'))).toEqual([]);
    expect(questions.tick(10_000)).toEqual([]);
  });

  test('waits for ever when nothing else is said', () => {
    const questions = open({ expiryMs: 0 });
    expect(questions.see(ask('q'), false)).toMatchObject([{ waits: true, expiresInMs: null }]);
    for (let i = 0; i < 100; i++) expect(questions.tick(150)).toEqual([]);
  });

  test('is void once the agent takes it back, or its tool is over', () => {
    const questions = open();
    questions.see(ask('q'), false);
    questions.see(ask('r'), false);
    const back = { type: 'permission_answered', requestId: 'q', allow: false, by: 'withdrawn' } as const;
    expect(brief(questions.see(back, false))).toEqual(['q no by withdrawn']);
    expect(questions.see(back, false)).toEqual([]);
    const over = { type: 'tool_end', toolId: 't-r', ok: false, summary: '' } as const;
    expect(brief(questions.see(over, false))).toEqual(['r no by withdrawn', 'tool_end']);
    expect(questions.take(answer('r'))).toEqual([]);
    expect(questions.answers()).toEqual([]);
  });

  test('is not asked anew under the name of one that was answered', () => {
    const questions = open();
    questions.see(ask('q'), false);
    expect(questions.see(ask('q', 'rm'), false)).toEqual([]);
    questions.take(answer('q'));
    questions.answers();
    expect(brief(questions.see(ask('q', 'rm'), false))).toEqual(['asks q', 'q no by policy']);
    expect(questions.answers()).toMatchObject([{ requestId: 'q', allow: false }]);
  });

  test('is one of a hundred at most', () => {
    const questions = open();
    for (let i = 0; i < 100; i++) questions.see(ask(`q${i}`), false);
    expect(brief(questions.see(ask('more'), false))).toEqual(['asks more', 'more no by policy']);
  });
});

describe('what a person allowed for the session', () => {
  test('is allowed at once from then on, and what waits for the same as well', () => {
    const questions = open();
    for (const id of ['a', 'b']) questions.see(ask(id), false);
    questions.see(ask('c', 'rm'), false);
    expect(questions.take(answer('a', true, 'session'))).toMatchObject([
      { requestId: 'a', by: 'person', scope: 'session' },
      { requestId: 'b', allow: true, by: 'session' },
    ]);
    expect(brief(questions.see(ask('d'), false))).toEqual(['asks d', 'd yes by session']);
    expect(questions.answers().map(({ requestId }) => requestId)).toEqual(['a', 'b', 'd']);
    expect(brief(questions.see(ask('e', 'ls -l'), false))).toEqual(['asks e waits']);
  });

  test('is known to the next run, whatever secret is in it', () => {
    const command = `curl -H ${secret} x`;
    const granted = [{ tool: 'Bash', command: 'curl -H [redacted] x' }];
    expect(brief(open({ granted }).see(ask('q', command), false))).toEqual(['asks q', 'q yes by session']);
  });

  test('does not cover a denial, nor a command that only begins and ends alike', () => {
    const questions = open();
    const long = (middle: string): string => `a${middle.repeat(textEventBytes)}z`;
    questions.see(ask('q', long('b')), false);
    questions.take(answer('q', true, 'session'));
    expect(brief(questions.see(ask('r', long('c')), false))).toEqual(['asks r waits']);
    questions.take(answer('r', false, 'session'));
    expect(brief(questions.see(ask('s', long('c')), false))).toEqual(['asks s waits']);
  });
});

describe('an input', () => {
  test('is shown without secrets, cut only after they are out', () => {
    const filler = 'x'.repeat(textEventBytes);
    const [shown] = open().see(ask('q', `${secret}${filler}${secret}`), false);
    const text = JSON.stringify(shown);
    expect(text).not.toContain('hunter2');
    expect(text).toMatch(/\[redacted\]x+.*bytes left out.*x+\[redacted\]/);
    expect(text.length).toBeLessThan(2 * textEventBytes);
  });

  test('of any shape is bounded', () => {
    const long = 'y'.repeat(10 * textEventBytes);
    const many = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`${i}${long.slice(0, 999)}`, long.slice(0, 9_999)]),
    );
    for (const input of [long, [long], { a: { b: long }, c: 1 }, many, null, 7]) {
      expect(JSON.stringify(boundInput(input)).length).toBeLessThan(2 * textEventBytes);
    }
    expect(boundInput({ a: 'b' })).toEqual({ a: 'b' });
    expect(boundInput({ a: long, c: 1 })).toMatchObject({ c: 1 });
  });
});
