// A token bucket per key: `burst` at once, then `perSecond`. Written here, since a plugin would bring a store, hooks
// and headers for what are thirty lines.

export interface Buckets {
  /** Takes one; 0, or the whole seconds (at least 1) until there is one again. */
  take(key: string): number;
}

interface Bucket {
  level: number;
  at: number;
}

/** Keys beyond this push out the one that was made first, so that nobody can fill the memory with keys. */
const mostKeys = 1_000;

/** `now` gives milliseconds of a clock that only goes forward. */
export function createBuckets(
  limit: { readonly burst: number; readonly perSecond: number },
  now: () => number,
): Buckets {
  const buckets = new Map<string, Bucket>();
  return {
    take(key) {
      const at = now();
      let bucket = buckets.get(key);
      if (bucket === undefined) {
        const [oldest] = buckets.keys();
        if (buckets.size >= mostKeys && oldest !== undefined) buckets.delete(oldest);
        bucket = { level: limit.burst, at };
        buckets.set(key, bucket);
      }
      bucket.level = Math.min(limit.burst, bucket.level + ((at - bucket.at) / 1000) * limit.perSecond);
      bucket.at = at;
      if (bucket.level >= 1) {
        bucket.level -= 1;
        return 0;
      }
      return Math.max(1, Math.ceil((1 - bucket.level) / limit.perSecond));
    },
  };
}
