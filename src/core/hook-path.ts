// Where in a delivery a value stands: `payload.pull_request.labels[0].name`, `headers.x-github-event`. A path is looked up,
// never run.

export interface HookPath {
  readonly root: 'payload' | 'headers';
  /** Text: a key of an object; a number: a place in a list. */
  readonly steps: readonly (string | number)[];
}

export interface HookData {
  readonly payload: unknown;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

const longestPath = 256;
const step = /^(?:\.([A-Za-z0-9_$-]{1,128})|\[(\d{1,6})\]|\["([^"\\\]]{1,128})"\])/;

/** null when the text is no path. A header's name is in lower case afterwards. */
export function parseHookPath(text: string): HookPath | null {
  if (text.length > longestPath) return null;
  const header = /^headers\.([!#$%&'*+.^_`|~0-9A-Za-z-]+)$/.exec(text)?.[1];
  if (header !== undefined) return { root: 'headers', steps: [header.toLowerCase()] };
  if (!/^payload(?=$|[.[])/.test(text)) return null;
  const steps: (string | number)[] = [];
  let rest = text.slice('payload'.length);
  while (rest !== '') {
    const match = step.exec(rest);
    if (match === null) return null;
    const [all, key, place, quoted] = match;
    steps.push(place === undefined ? (key ?? quoted ?? '') : Number(place));
    rest = rest.slice(all.length);
  }
  return { root: 'payload', steps };
}

/** What stands there; undefined when nothing does. Only what the sender wrote is found, nothing of prototypes. */
export function lookUp(path: HookPath, data: HookData): unknown {
  let value: unknown = data[path.root];
  for (const each of path.steps) {
    if (typeof value !== 'object' || value === null) return undefined;
    // A list has places and no keys (`length`), an object the reverse.
    if (Array.isArray(value) !== (typeof each === 'number') || !Object.hasOwn(value, each)) return undefined;
    value = (value as Record<string | number, unknown>)[each];
  }
  return value;
}
