// The one way from every face (HTTP, WebSocket, chats, …) to an operation: right, intake, input, rate, the audit, and
// only then the handler.

import { HomerError, isHomerError } from '../core/errors.ts';
import { createBuckets } from '../core/token-bucket.ts';
import type { Audit, AuditEntry } from '../ledger/audit.ts';
import { checkInput, type FieldProblem } from './check-input.ts';
import type { Caller, Operation, Outcome } from './operation.ts';
import { requireRight } from './rights.ts';
import { routes, type Route, type RouteName } from './routes.ts';

/** Where a call came in: for the audit. */
export interface From {
  /** `http`, `ws`, `telegram`, … */
  readonly face: string;
  /** The peer, as `peerOf` has it, or the chat. */
  readonly peer: string;
}

export interface Call {
  /** Whatever was asked for; HOMER_ROUTE_UNKNOWN when there is no such operation. */
  readonly name: string;
  /** As it came; held against the schema of the operation here. */
  readonly input: unknown;
  /** What the face has found wrong with it already; told together with the rest. */
  readonly problems?: readonly FieldProblem[];
  readonly caller: Caller;
  readonly from: From;
  /** Fires when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

export interface Performer {
  readonly operations: readonly Operation[];
  /**
   * What can be said before any input is read, so that nobody without the right makes Homer read it: HOMER_ROUTE_UNKNOWN,
   * HOMER_SCOPE_MISSING, HOMER_DRAINING. `perform` asks it too.
   */
  admit(call: Pick<Call, 'name' | 'caller' | 'from'>): void;
  /** HOMER_RATE_LIMITED when this token has asked too often; `perform` asks it too. */
  takeRate(caller: Caller): void;
  /** Throws what `admit` throws, HOMER_INPUT_INVALID, HOMER_RATE_LIMITED, and what the operation throws. */
  perform(call: Call): Promise<Outcome<unknown>>;
}

export interface PerformerOptions {
  readonly operations: readonly Operation[];
  /** Left out by tests that look at nothing else. */
  readonly audit?: Pick<Audit, 'begin' | 'refuse'>;
  /** Throws while no new work is taken. */
  readonly requireIntake: () => void;
  readonly rate?: { readonly burst: number; readonly perSecond: number };
  /** ms of a clock that only goes forward. */
  readonly now: () => number;
}

/** What puts work into the queue, and is refused while Homer drains. */
const intake: ReadonlySet<string> = new Set<RouteName>(['jobs.create', 'jobs.retry']);
const defaultRate = { burst: 2_000, perSecond: 1_000 };

export function createPerformer(options: PerformerOptions): Performer {
  const { operations, audit, requireIntake } = options;
  const byName = new Map<string, Operation>(operations.map((operation) => [operation.name, operation]));
  const rates = createBuckets(options.rate ?? defaultRate, options.now);

  const find = (name: string): Operation => {
    const operation = byName.get(name);
    if (operation === undefined) throw new HomerError('HOMER_ROUTE_UNKNOWN', `This Homer has no ${name}.`);
    return operation;
  };
  const allow = ({ name, caller }: Pick<Call, 'name' | 'caller'>): Operation => {
    const operation = find(name);
    requireRight(caller, routes[operation.name]);
    if (intake.has(name)) requireIntake();
    return operation;
  };
  const takeRate = (caller: Caller): void => {
    const retryAfter = rates.take(caller.tokenId);
    if (retryAfter > 0)
      throw new HomerError('HOMER_RATE_LIMITED', 'This token has asked too often.', {
        details: { retryAfter },
      });
  };
  /** What is thrown by `step`, after it was written down where the call would change something. */
  const orRefused = <Value>(call: Pick<Call, 'name' | 'caller' | 'from'>, step: () => Value): Value => {
    try {
      return step();
    } catch (error) {
      if (byName.has(call.name) && isMutating(routes[call.name as RouteName]))
        audit?.refuse(entryOf(call), codeOf(error));
      throw error;
    }
  };

  return {
    operations,
    admit: (call) => void orRefused(call, () => allow(call)),
    takeRate,
    async perform(call) {
      const { caller, gone } = call;
      const [operation, input] = orRefused(call, () => {
        const wanted = allow(call);
        const value = checkInput(wanted.input, call.input, call.problems);
        takeRate(caller);
        return [wanted, value] as const;
      });
      const route: Route = routes[operation.name];
      if (audit === undefined || !isMutating(route)) return operation.handle(input, caller, gone);
      const note = audit.begin(entryOf(call));
      const named = subjectIn(route, input);
      try {
        const outcome = await operation.handle(input, caller, gone);
        note.end('ok', named ?? subjectOf(outcome.output));
        return outcome;
      } catch (error) {
        note.end(codeOf(error), named);
        throw error;
      }
    },
  };
}

/** Whether it changes something: then it is written into the audit. */
export function isMutating({ mutates, method }: Route): boolean {
  return mutates ?? method !== 'GET';
}

function entryOf({ name, caller, from }: Pick<Call, 'name' | 'caller' | 'from'>): AuditEntry {
  return { who: caller.tokenId, source: caller.source, what: name, ...from };
}

function codeOf(error: unknown): string {
  return isHomerError(error) ? error.code : 'HOMER_INTERNAL';
}

const longestSubject = 64;

/** What the path of the route names. */
function subjectIn(route: Route, input: unknown): string | null {
  const [, field] = /:(\w+)/.exec(route.path) ?? [];
  const value = field === undefined ? undefined : (input as Record<string, unknown>)[field];
  return typeof value === 'string' ? value.slice(0, longestSubject) : null;
}

/** The id of what was made: of the answer itself, or of the one thing in it. */
function subjectOf(output: unknown): string | null {
  if (typeof output !== 'object' || output === null) return null;
  for (const each of [output, ...(Object.values(output) as unknown[])]) {
    if (typeof each !== 'object' || each === null || !('id' in each)) continue;
    if (typeof each.id === 'string') return each.id.slice(0, longestSubject);
  }
  return null;
}
