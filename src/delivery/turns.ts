// Everything that is sent on one line, one after the other: what changes a message must not overtake what ends it.

export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `act` when all that was asked for on the line before has been done. Rejects as `act` does. */
  take<Value>(line: string, act: () => Promise<Value>): Promise<Value> {
    const mine = (this.#last.get(line) ?? Promise.resolve()).then(act);
    const settled = mine.then(
      () => undefined,
      // Whoever asked is told; the next one's turn comes all the same.
      () => undefined,
    );
    this.#last.set(line, settled);
    void settled.then(() => {
      if (this.#last.get(line) === settled) this.#last.delete(line);
    });
    return mine;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
