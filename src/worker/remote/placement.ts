// On which host a job is to run. Pure.

/** What the daemon's own host is called where a worker's name would stand; no worker has it. */
export const hereName = 'here';

/** A host that runs jobs: the daemon's own, or a worker's. */
export interface Host {
  /** Null: the daemon's own. */
  readonly name: string | null;
  /** It is there and takes jobs. */
  readonly isUp: boolean;
  /** When it was last heard of, ms since the epoch. */
  readonly seenAt: number;
  /** Null: all. */
  readonly lanes: readonly string[] | null;
  readonly labels: readonly string[];
  readonly executors: ReadonlySet<string>;
  /** Runs at a time; Infinity: no limit of its own. */
  readonly concurrency: number;
  /** What it is measured by when it is compared with others. */
  readonly capacity: number;
  readonly running: number;
}

export interface Placed {
  readonly lane: string;
  /** Only hosts with all of these. */
  readonly labels: readonly string[];
  readonly executor: string;
  readonly isHomebound: boolean;
  /** Where its agent has the session to go on in; undefined: nowhere yet. */
  readonly boundTo: string | null | undefined;
  /** Hosts that had it and could not. */
  readonly declinedBy: ReadonlySet<string>;
}

export type Placement =
  | { readonly do: 'run'; readonly host: string | null }
  /** One that could is busy: it keeps its place. */
  | { readonly do: 'wait' }
  | { readonly do: 'park'; readonly until: number; readonly why: string }
  /** Its host is gone for good: the agent session there is given up. */
  | { readonly do: 'move'; readonly from: string; readonly why: string };

export interface PlacingTerms {
  readonly now: number;
  /** How long a host may be gone before what is bound to it is moved. */
  readonly moveAfterMs: number;
  /** How long a job waits where nobody can run it, before that is looked at again. */
  readonly parkMs: number;
}

export function decidePlacement(job: Placed, hosts: readonly Host[], terms: PlacingTerms): Placement {
  const { boundTo } = job;
  const here = hosts.find(({ name }) => name === null);
  if (boundTo === null && !job.isHomebound && here !== undefined) {
    const why = whyNot(job, here);
    if (why !== null) return { do: 'move', from: hereName, why };
  }
  if (boundTo !== undefined && boundTo !== null) {
    const bound = hosts.find(({ name }) => name === boundTo);
    const goneMs = bound === undefined ? Infinity : terms.now - bound.seenAt;
    const could = bound !== undefined && whyNot(job, bound) === null;
    if (!could || (!bound.isUp && goneMs >= terms.moveAfterMs)) {
      const why = bound === undefined ? 'it is no worker any more' : (whyNot(job, bound) ?? whyGone(goneMs));
      return { do: 'move', from: boundTo, why };
    }
    if (bound.isUp) return isFree(bound) ? { do: 'run', host: boundTo } : { do: 'wait' };
    const until = Math.max(terms.now + 1_000, bound.seenAt + terms.moveAfterMs);
    return {
      do: 'park',
      until,
      why: `Its conversation is on the host of the worker "${boundTo}", which is away.`,
    };
  }
  const isHere = job.isHomebound || boundTo === null;
  const able = hosts.filter((host) => (!isHere || host.name === null) && whyNot(job, host) === null);
  const up = able.filter(({ isUp }) => isUp);
  const free = up.filter(isFree).sort(byLoad);
  const [best] = free;
  if (best !== undefined) return { do: 'run', host: best.name };
  if (up.length > 0) return { do: 'wait' };
  return { do: 'park', until: terms.now + terms.parkMs, why: whyNobody(job, hosts, able) };
}

/** In a few words; null: it could run it. */
function whyNot(job: Placed, { name, lanes, labels, executors }: Host): string | null {
  if (name !== null && job.declinedBy.has(name)) return 'it could not';
  if (lanes !== null && !lanes.includes(job.lane)) return `it does not serve the lane ${job.lane}`;
  const missing = job.labels.find((label) => !labels.includes(label));
  if (missing !== undefined) return `it has no label ${missing}`;
  return executors.has(job.executor) ? null : `it has no executor ${job.executor}`;
}

function whyNobody(
  { labels, executor, declinedBy }: Placed,
  hosts: readonly Host[],
  able: readonly Host[],
): string {
  if (able.length > 0)
    return `The worker that could run it is away: ${able.map(({ name }) => name ?? 'this host').join(', ')}.`;
  if (declinedBy.size > 0)
    return `These workers could not run it: ${[...declinedBy].join(', ')}; see the log.`;
  const wanted = labels.length === 0 ? '' : ` with ${labels.map((label) => `label ${label}`).join(' and ')}`;
  return `None of ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'} has the executor ${executor}${wanted} for this lane.`;
}

function whyGone(ms: number): string {
  return Number.isFinite(ms) ? `it was not heard of for ${Math.round(ms / 1_000)} s` : 'it was never there';
}

function isFree({ running, concurrency }: Host): boolean {
  return running < concurrency;
}

/** Where a further run makes the least of a crowd; among equals the one that needs no journey. */
function byLoad(a: Host, b: Host): number {
  const load = ({ running, capacity }: Host): number => (running + 1) / capacity;
  return load(a) - load(b) || Number(a.name !== null) - Number(b.name !== null) || a.running - b.running;
}
