// Tells when tokens that were used have come to their end: what they opened must not outlive them.

export interface Expiries {
  /** `at`: ms since the epoch; null: never. */
  watch(tokenId: string, at: number | null): void;
  close(): void;
}

/** Beyond this, which a timer cannot hold for long anyway, it looks again. */
const longestWaitMs = 3_600_000;

export function createExpiries(onExpired: (tokenId: string) => void): Expiries {
  const ends = new Map<string, number>();
  let timer: NodeJS.Timeout | null = null;
  let dueAt = Infinity;

  const arm = (): void => {
    const next = Math.min(...ends.values());
    if (next === dueAt) return;
    if (timer !== null) clearTimeout(timer);
    timer = null;
    dueAt = next;
    if (next === Infinity) return;
    timer = setTimeout(look, Math.max(0, Math.min(next - Date.now(), longestWaitMs))).unref();
  };
  const look = (): void => {
    dueAt = Infinity;
    for (const [tokenId, at] of ends) {
      if (at > Date.now()) continue;
      ends.delete(tokenId);
      onExpired(tokenId);
    }
    arm();
  };

  return {
    watch(tokenId, at) {
      if (at === null || ends.get(tokenId) === at) return;
      ends.set(tokenId, at);
      arm();
    },
    close() {
      ends.clear();
      arm();
    },
  };
}
