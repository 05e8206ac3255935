// A token bucket per key: `burst` at once, then `perSecond`. Written here, since a plugin would bring a store, hooks
// and headers for what are thirty lines.

export interface Buckets {
  /** Takes one; 0, or the whole seconds (at least 1) until there is one again. */
  take(key: string): number;
}

export interface Bucket {
  /** Takes one; 0, or the whole seconds (at least 1) until there is one again. */
  take(): number;
}

export interface BucketLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** Keys beyond this push out the one that was made first, so that nobody can fill the memory with keys. */
const mostKeys = 1_000;

/** `now` gives milliseconds of a clock that only goes forward. */
export function createBucket({ burst, perSecond }: BucketLimit, now: () => number): Bucket {
  let level = burst;
  let at = now();
  return {
    take() {
      const passed = now() - at;
      at += passed;
      level = Math.min(burst, level + (passed / 1000) * perSecond);
      if (level >= 1) {
        level -= 1;
        return 0;
      }
      return Math.max(1, Math.ceil((1 - level) / perSecond));
    },
  };
}

export function createBuckets(limit: BucketLimit, now: () => number): Buckets {
  const buckets = new Map<string, Bucket>();
  return {
    take(key) {
      let bucket = buckets.get(key);
      if (bucket === undefined) {
        const [oldest] = buckets.keys();
        if (buckets.size >= mostKeys && oldest !== undefined) buckets.delete(oldest);
        bucket = createBucket(limit, now);
        buckets.set(key, bucket);
      }
      return bucket.take();
    },
  };
}
