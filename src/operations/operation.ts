// One thing a client can ask for. HTTP, and later WebSocket, MCP and the command line, are projections of these
// values; no face has logic of its own.

import type { ZodType } from 'zod';
import type { JobId, RunId } from '../core/ids.ts';
import type { Scope } from '../core/scope.ts';
import type { RouteName } from './routes.ts';

/** Who asks, as the server knows it; nothing here was said by the client. */
export interface Caller {
  readonly tokenId: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The owner may use the built-in `shell` and work in any directory. */
  readonly isOwner: boolean;
  /** What is written as the source of jobs, e.g. `http:owner`. */
  readonly source: string;
  /** Configured `command` executors that a chat may use; left out, all of them. */
  readonly commands?: readonly string[];
  /** A run that asks with its own token: for its job and those under it. It has no scopes. */
  readonly run?: { readonly jobId: JobId; readonly runId: RunId };
}

export interface Outcome<Output> {
  readonly output: Output;
  /** 200 unless said otherwise. */
  readonly status?: 200 | 202;
}

/**
 * `input` is one strict object: parameters of the path, the query (GET) or the body (POST), and the headers named in
 * the route, under the names given there. Problems are thrown as HomerError.
 */
export interface Operation<Input = unknown, Output = unknown> {
  readonly name: RouteName;
  readonly input: ZodType<Input>;
  readonly output: ZodType<Output>;
  /** `gone` fires when whoever asked no longer waits for the answer. */
  handle(input: Input, caller: Caller, gone: AbortSignal): Promise<Outcome<Output>>;
}

/** Checks that handler and schemas fit together, then forgets their types: a registry holds operations of all kinds. */
export function defineOperation<Input, Output>(operation: Operation<Input, Output>): Operation {
  return operation;
}
