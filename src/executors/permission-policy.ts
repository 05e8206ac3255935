// The one place that decides what becomes of an agent's question whether it may use a tool.

import type { Permissions } from '../core/agent.ts';

/** What a tool does, as far as its agent tells; `other` for commands and for all that is not told. */
export type ToolEffect = 'read' | 'edit' | 'other';

export type PermissionDecision =
  | { readonly do: 'allow' }
  | { readonly do: 'deny'; readonly message: string }
  /** Left open until a person answers. */
  | { readonly do: 'wait' };

/** What a setting does not allow at once waits for a person, but for `none`: nobody is asked then. */
export function decidePermission(
  executor: string,
  permissions: Permissions,
  tool: string,
  effect: ToolEffect = 'other',
): PermissionDecision {
  if (allowed[permissions].includes(effect)) return { do: 'allow' };
  if (permissions !== 'none') return { do: 'wait' };
  return {
    do: 'deny',
    message:
      `${tool} needs an approval and no person is asked. Do what you can without it and say what is missing. ` +
      `(executors.${executor}.permissions is "${permissions}" in Homer's config.yaml.)`,
  };
}

/** What is allowed without a person; with `ask` an agent that asks has its reasons, even to read. */
const allowed: Readonly<Record<Permissions, readonly ToolEffect[]>> = {
  all: ['read', 'edit', 'other'],
  edits: ['read', 'edit'],
  ask: [],
  none: ['read'],
};
