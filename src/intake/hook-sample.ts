// A delivery as the sender of a webhook might send it, made up from what the webhook asks for: for `homer webhooks test`.

import type { WebhookConfig } from '../config/webhooks.ts';
import type { HookPath } from '../core/hook-path.ts';
import { pathsOf } from '../core/hook-template.ts';

type Json = unknown;

/** More places than this are no list that somebody means. */
const mostPlaces = 100;

/** A payload and headers that pass the filters and fill every placeholder. Pure. */
export function makeSample({ template, filter }: WebhookConfig): {
  readonly payload: Json;
  readonly headers: Readonly<Record<string, string>>;
} {
  let payload: Json = {};
  const headers: Record<string, string> = {};
  const put = (path: HookPath, value: Json): void => {
    if (path.root === 'headers') headers[String(path.steps[0])] = String(value);
    else payload = placed(payload, path.steps, value);
  };
  for (const path of pathsOf(template)) if (path.steps.length > 0) put(path, `sample of ${nameOf(path)}`);
  if (filter.events[0] !== undefined) put(filter.event, filter.events[0]);
  for (const { path, anyOf } of filter.when) put(path, anyOf[0]);
  return { payload, headers };
}

function nameOf({ root, steps }: HookPath): string {
  return [root, ...steps].join('.');
}

/** The value with `inner` at the place; what stands in the way is replaced. */
function placed(value: Json, steps: readonly (string | number)[], inner: Json): Json {
  const [step, ...rest] = steps;
  if (step === undefined) return inner;
  if (typeof step === 'number') {
    const list: Json[] = Array.isArray(value) ? [...(value as Json[])] : [];
    if (step >= mostPlaces) return list;
    while (list.length <= step) list.push({});
    list[step] = placed(list[step], rest, inner);
    return list;
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const object = isObject ? (value as Record<string, Json>) : {};
  const child = Object.hasOwn(object, step) ? object[step] : undefined;
  return Object.fromEntries([...Object.entries(object), [step, placed(child, rest, inner)]]);
}
