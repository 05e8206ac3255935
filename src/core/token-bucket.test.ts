import { expect, test } from 'vitest';
import { createBuckets } from './token-bucket.ts';

test('a burst, then the rate, each key for itself', () => {
  let now = 0;
  const buckets = createBuckets({ burst: 2, perSecond: 0.5 }, () => now);
  expect([buckets.take('a'), buckets.take('a'), buckets.take('a')]).toEqual([0, 0, 2]);
  expect(buckets.take('b')).toBe(0);
  now = 1_999;
  expect(buckets.take('a')).toBe(1);
  now = 2_000;
  expect([buckets.take('a'), buckets.take('a')]).toEqual([0, 2]);
});

test('never more than the burst, and never more than a thousand keys', () => {
  let now = 0;
  const buckets = createBuckets({ burst: 1, perSecond: 1 }, () => now);
  now = 1e9;
  expect([buckets.take('a'), buckets.take('a')]).toEqual([0, 1]);
  for (let key = 0; key < 1_000; key++) buckets.take(String(key));
  expect(buckets.take('a')).toBe(0);
});
