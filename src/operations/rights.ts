// Whether a caller may ask for something: the one place where that is decided.

import { HomerError } from '../core/errors.ts';
import type { Scope } from '../core/scope.ts';
import type { Caller } from './operation.ts';
import type { Route } from './routes.ts';

/** Throws HOMER_SCOPE_MISSING unless the caller may ask for what is at this route. */
export function requireRight(caller: Caller, route: Route): void {
  if (caller.run === undefined) requireScope(caller, route.scope);
  else if (route.forRuns !== true)
    throw new HomerError('HOMER_SCOPE_MISSING', 'The token of a run is not for this.', {
      hint: 'What a run may do is in docs/mcp.md: nothing outside of its own session and the jobs under its own.',
    });
}

/** Throws HOMER_SCOPE_MISSING, naming the scope, unless the caller has it. */
export function requireScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.has(scope))
    throw new HomerError('HOMER_SCOPE_MISSING', `This needs a token with the scope "${scope}".`);
}
