import { describe, expect, test } from 'vitest';
import type { Approval } from './answers.ts';
import { inputLines, outcome, questionBlock } from './question-screen.ts';
import type { Palette } from './terminal.ts';

const text = (value: string): string => value;
const palette: Palette = { dim: text, bold: text, ok: text, needs: text, bad: text, live: text };
const now = Date.parse('2026-01-02T03:04:05.000Z');
const wide = { palette, columns: 80, now };

function aQuestion(changes: Partial<Approval> = {}): Approval {
  return {
    id: 'a0000000000000qwerty',
    jobId: 'j0000000000000abcdef',
    runId: 'r0000000000000000000',
    sessionId: null,
    tool: 'Bash',
    input: { description: 'Bake', command: 'make cake' },
    summary: 'make cake',
    askedAt: '2026-01-02T03:04:05.000Z',
    expiresAt: null,
    state: 'pending',
    scope: null,
    answeredAt: null,
    answeredBy: null,
    endedAt: null,
    ...changes,
  };
}

describe('what an agent asks', () => {
  test('is told with the command first, and with every way to answer', () => {
    expect(questionBlock(aQuestion(), wide, 30).lines).toEqual([
      '● May the agent use Bash?',
      '    command      make cake',
      '    description  Bake',
      '  It waits until somebody answers.',
      '    homer approve qwerty            once',
      '    homer approve qwerty --session  exactly this command, as long as the job lasts',
      '    homer deny qwerty               no; the agent goes on without it',
    ]);
  });

  test('for a session covers all that a tool without a command can do, and says so', () => {
    const write = aQuestion({ tool: 'Write', input: { file_path: 'a' }, sessionId: 's1' });
    expect(questionBlock(write, wide, 30).lines.join('\n')).toContain(
      'every use of Write, whatever it is for, as long as the session lasts',
    );
  });

  test('hides nothing from whoever decides: what cannot be seen is spelt out', () => {
    const command = 'ls\u001b[2K\rrm -rf ~ \u202e#\u200b';
    const { lines } = inputLines(aQuestion({ input: { command }, tool: 'Ba\nsh' }), wide, 30);
    expect(lines).toEqual(['    command  ls\\u{1b}[2K\\u{d}rm -rf ~ \\u{202e}#\\u{200b}']);
  });

  test('that is too long says that some of it is missing', () => {
    const command = `echo${'\n'.repeat(40)}rm -rf ~`;
    const { lines, isWhole } = questionBlock(aQuestion({ input: { command } }), wide, 10);
    expect(isWhole).toBe(false);
    expect(lines.slice(9, 12)).toEqual([
      '',
      '    … 32 more lines not shown',
      '    `homer approvals --job abcdef` shows all of it.',
    ]);
  });

  test('is wrapped and not cut where the screen is narrow', () => {
    const command = 'x'.repeat(50) + '; rm';
    const { lines } = inputLines(aQuestion({ input: { command } }), { palette, columns: 40 }, 30);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
    expect(lines.map((line) => line.slice(13)).join('')).toBe(command);
  });

  test('as anything but named parts is told as it is', () => {
    expect(inputLines(aQuestion({ input: ['a', 1] }), wide, 30).lines).toEqual(['    input  ["a",1]']);
    expect(inputLines(aQuestion({ input: {} }), wide, 30)).toEqual({ lines: [], isWhole: true });
  });
});

const answeredAt = '2026-01-02T03:00:05.000Z';
test.each([
  [{ state: 'pending', expiresAt: '2026-01-02T03:04:45.000Z' }, 'asks, for 40 s more'],
  [{ state: 'pending' }, 'asks'],
  [
    { state: 'answering', answeredAt, answeredBy: 'http:owner' },
    'answered by http:owner, 4 min ago; its run is told next',
  ],
  [
    { state: 'allowed', scope: 'once', answeredAt, answeredBy: 'http:owner' },
    'allowed by http:owner, 4 min ago',
  ],
  [
    { state: 'allowed', scope: 'session', answeredAt, answeredBy: 'http:owner' },
    'allowed for the session by http:owner, 4 min ago',
  ],
  [
    { state: 'allowed', answeredBy: 'session', endedAt: answeredAt },
    'allowed for the session before, 4 min ago',
  ],
  [
    { state: 'denied', scope: 'once', answeredAt, answeredBy: 'http:owner' },
    'denied by http:owner, 4 min ago',
  ],
  [{ state: 'expired', endedAt: answeredAt }, 'expired, 4 min ago: nobody answered in time'],
  [{ state: 'void', endedAt: answeredAt }, 'void, 4 min ago: its run ended or took it back'],
] satisfies [Partial<Approval>, string][])('what became of it: %j', (changes, told) => {
  expect(outcome(aQuestion(changes), now)).toBe(told);
});
