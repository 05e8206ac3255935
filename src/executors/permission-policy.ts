// The one place that decides what becomes of an agent's question whether it may use a tool.

import type { Permissions } from '../core/agent.ts';

export type PermissionDecision =
  | { readonly do: 'deny'; readonly message: string }
  /** Left open until a person answers. */
  | { readonly do: 'wait' };

/** Homer cannot ask a person yet, so whatever is asked is denied, with the setting to change. */
export function decidePermission(
  executor: string,
  permissions: Permissions,
  tool: string,
): PermissionDecision {
  return {
    do: 'deny',
    message:
      `${tool} needs an approval and no person can be asked. Do what you can without it and say what is missing. ` +
      `(executors.${executor}.permissions is "${permissions}" in Homer's config.yaml.)`,
  };
}
