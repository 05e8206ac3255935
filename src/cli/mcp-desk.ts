// The desk of `homer mcp`: each call goes to the daemon over HTTP, and again after a restart where that can do no harm.

import { HomerError, isHomerError, messageOf } from '../core/errors.ts';
import type { Desk } from '../mcp/desk.ts';
import { routes, type Route, type RouteName } from '../operations/routes.ts';
import { persevere } from './await-jobs.ts';
import type { Ask, Client } from './client.ts';

/** The daemon answers a wait when the time is over and the run has its slot again, however long that takes. */
const answerMs = 2_147_483_647;

export interface DeskOptions {
  /** A client of the daemon that runs now; asked for before each call, since after a restart it may listen elsewhere. */
  readonly connect: () => Promise<Client>;
  /** The job of the run in which this process is; null: in none. */
  readonly jobId: string | null;
  readonly patienceMs: number;
}

export function createDesk({ connect, jobId, patienceMs }: DeskOptions): Desk {
  return {
    jobId,
    patienceMs,
    // Outside of a run it is the owner who asks.
    mayCall: (name) => jobId === null || (routes[name] as Route).forRuns === true,
    async call(name, input, signal) {
      const once = async (): Promise<never> => {
        signal.throwIfAborted();
        return (await clientOf(connect)).call<never>(name, {
          ...askOf(name, input),
          signal,
          timeoutMs: answerMs,
        });
      };
      const mayRepeat = routes[name].method === 'GET' || 'key' in input || isRepeatable.has(name);
      return mayRepeat ? persevere(once) : once();
    },
    explain: (error) =>
      isHomerError(error) ? `${error.code}: ${error.message} ${error.hint}` : messageOf(error),
  };
}

/** Done again they come to the same. */
const isRepeatable: ReadonlySet<RouteName> = new Set<RouteName>([
  'questions.ask',
  'jobs.cancel',
  'canvas.put',
  'schedules.pause',
  'schedules.resume',
]);

/** One that was killed and is about to be started again is waited for like one that restarts. */
async function clientOf(connect: () => Promise<Client>): Promise<Client> {
  try {
    return await connect();
  } catch (error) {
    if (!isHomerError(error, 'HOMER_NOT_RUNNING')) throw error;
    throw new HomerError('HOMER_UNREACHABLE', error.message, { cause: error, hint: error.hint });
  }
}

/** Path, headers, and query or body of a call, from the one input that its operation takes. */
function askOf(name: RouteName, input: Readonly<Record<string, unknown>>): Ask {
  const route: Route = routes[name];
  const { key, ...rest } = input;
  const said: Record<string, unknown> = rest;
  const params: Record<string, string> = {};
  for (const [, field = ''] of route.path.matchAll(/:(\w+)/g)) {
    params[field] = String(said[field]);
    delete said[field];
  }
  const isInBody = route.method === 'POST' || route.method === 'PATCH';
  return {
    params,
    ...(isInBody ? { body: said } : { query: said as Record<string, string | number | undefined> }),
    ...(typeof key === 'string' ? { key } : {}),
  };
}
