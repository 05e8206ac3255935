import { expect, test } from 'vitest';
import type { SpendingAnswer } from './answers.ts';
import { drawSpending } from './spending-screen.ts';

const text = (value: string): string => value;
const palette = { dim: text, bold: text, ok: text, needs: text, bad: text, live: text };
const now = Date.parse('2026-01-02T03:04:05.000Z');
const known = { turns: 0, tokens: 0, costUsd: 0 };
const nothing = { runs: 0, turns: 0, tokens: 0, costUsd: 0, unknown: known };

function anAnswer(changes: Partial<SpendingAnswer> = {}): SpendingAnswer {
  return { day: '2026-01-02', spending: [], total: nothing, live: null, budgets: [], ...changes };
}
const draw = (answer: SpendingAnswer): string[] => drawSpending(answer, { palette, columns: null, now });

test('a day without runs', () => {
  expect(draw(anAnswer())).toEqual(['No run ended on 2026-01-02.']);
});

test('what is unknown is a question mark, what is partly known is at least that', () => {
  const agent = { runs: 3, turns: 7, tokens: 1200, costUsd: 0.5, unknown: { ...known, costUsd: 1 } };
  const command = {
    runs: 2,
    turns: null,
    tokens: null,
    costUsd: null,
    unknown: { turns: 2, tokens: 2, costUsd: 2 },
  };
  const total = { ...agent, runs: 5, unknown: { turns: 2, tokens: 2, costUsd: 3 } };
  expect(
    draw(
      anAnswer({
        spending: [
          { lane: 'work', executor: 'claude', ...agent },
          { lane: 'work', executor: 'shell', ...command },
        ],
        total,
        live: { ...nothing, runs: 1, turns: 2, costUsd: null, unknown: { ...known, costUsd: 1 } },
        budgets: [
          {
            lane: 'work',
            limit: { turns: null, tokens: 5000, costUsd: 5 },
            used: { turns: 9, tokens: 1200, costUsd: 0.5 },
            unknown: 'count',
            closed: null,
          },
          {
            lane: null,
            limit: { turns: 9, tokens: null, costUsd: null },
            used: { turns: 9, tokens: 1200, costUsd: 0.5 },
            unknown: 'count',
            closed: {
              until: new Date(2026, 0, 2, 12).toISOString(),
              why: '9 turns of 9 turns a day are used',
            },
          },
        ],
      }),
    ),
  ).toEqual([
    '2026-01-02  executor  runs  turns  tokens  cost',
    'work        claude    3     7      1200    $0.5+?',
    'work        shell     2     ?      ?       ?',
    'all                   5     7+?    1200+?  $0.5+?',
    '',
    '1 run under way, so far 2 turns, 0 tokens, cost ?.',
    '',
    '? is unknown; 5+? is at least 5.',
    '',
    'Budgets of the day',
    '  lane work: 1200 tokens of 5000 tokens, $0.5 of $5',
    '  all lanes: 9 turns of 9 turns closed until 12:00: 9 turns of 9 turns a day are used',
  ]);
});
