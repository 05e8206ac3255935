// Apart from what waits, so that the entry knows it without loading that.

/** The caller left by a signal; the exit code is that of a shell for a program that was ended by it. */
export class Detached extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
