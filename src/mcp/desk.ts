// What the tools work with: the operations of Homer, asked for in the name of whoever holds the other end of the connection.
// It gives no right of its own: each call is asked for, refused and written down as any other call of that caller.

import type { Calls } from '../client/calls.ts';

export type OperationName = keyof Calls;

export interface Desk {
  /** Rejects with a HomerError, as Homer refused it. `signal` fires when nobody waits for the answer any more. */
  call<Name extends OperationName>(
    name: Name,
    input: Calls[Name]['input'],
    signal: AbortSignal,
  ): Promise<Calls[Name]['output']>;
  /** Whether the caller may ask for it at all; a tool that needs more than that is not offered. */
  mayCall(name: OperationName): boolean;
  /** The job of the run that asks; null: no run asks. */
  readonly jobId: string | null;
  /** How long a tool waits for jobs and persons unless it is told; ms. */
  readonly patienceMs: number;
  /** What happened and what to do, without secrets. */
  explain(error: unknown): string;
}
