import { describe, expect, test } from 'vitest';
import { decideStart } from './event-stream.ts';

const log = (oldest: number, last: number) => ({
  generation: 'g1',
  oldestSeq: () => oldest,
  lastSeq: () => last,
});

describe('where a stream begins', () => {
  test.each([
    ['no cursor', undefined, log(1, 9), { after: 9, reset: null }],
    ['the last', 'g1.9', log(1, 9), { after: 9, reset: null }],
    ['one in between', 'g1.4', log(1, 9), { after: 4, reset: null }],
    ['the beginning', 'g1.0', log(1, 9), { after: 0, reset: null }],
    ['just before the oldest', 'g1.4', log(5, 9), { after: 4, reset: null }],
    ['before what was pruned', 'g1.3', log(5, 9), { after: 9, reset: 'pruned' }],
    ['when all was pruned', 'g1.8', log(0, 9), { after: 9, reset: 'pruned' }],
    ['the last, when all was pruned', 'g1.9', log(0, 9), { after: 9, reset: null }],
    ['an empty log', 'g1.0', log(0, 0), { after: 0, reset: null }],
    ['the future', 'g1.10', log(1, 9), { after: 9, reset: 'future' }],
    ['another generation', 'g2.4', log(1, 9), { after: 9, reset: 'generation' }],
    ['no cursor at all', 'x', log(1, 9), { after: 9, reset: 'malformed' }],
    ['an empty one', '', log(1, 9), { after: 9, reset: 'malformed' }],
    ['a number too large', 'g1.9999999999999999', log(1, 9), { after: 9, reset: 'malformed' }],
    ['a line break', 'g1.4\n', log(1, 9), { after: 9, reset: 'malformed' }],
  ])('%s', (_what, cursor, from, expected) => {
    expect(decideStart(cursor, from)).toEqual(expected);
  });
});
