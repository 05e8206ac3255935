// Bull Board at /admin/jobs: its page and its API, over the lanes of the ledger and, with the BullMQ engine, over its
// queues in Redis. These are shown and not touched: whatever is done goes through operations. Loaded with the first request.

import { createBullBoard } from '@bull-board/api';
import type {
  AppControllerRoute,
  AppViewRoute,
  BullBoardQueues,
  IServerAdapter,
  UIConfig,
} from '@bull-board/api/dist/types.js';
import { catalogue, HomerError, isHomerError } from '../core/errors.ts';
import type { Engine, LaneLimits } from '../engine/engine.ts';
import { boardPath, type Board, type BoardAnswer, type BoardRequest } from '../gateway/board-routes.ts';
import type { GroupCounts } from '../ledger/job-browse.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Performer } from '../operations/perform.ts';
import { actingFor } from './acting.ts';
import { LedgerQueue } from './ledger-queue.ts';
import { openPage, pageHeaders, type Page } from './page.ts';

export interface BoardOptions {
  readonly ledger: Ledger;
  readonly engine: Engine;
  readonly home: string;
  readonly lanes: () => Readonly<Record<string, LaneLimits>>;
  readonly performer: Performer;
}

const none: GroupCounts = { active: 0, ready: 0, later: 0, waiting: 0, failed: 0, done: 0 };
/** The page asks every few seconds, in each of its windows. */
const countsLastMs = 2_000;

export async function openBoard(options: BoardOptions): Promise<Board> {
  return new BullBoard(options, await openPage());
}

class BullBoard implements Board {
  readonly #options: BoardOptions;
  readonly #page: Page;
  readonly #routes = new Routes();
  #counts: { readonly at: number; readonly lanes: ReadonlyMap<string, GroupCounts> } | null = null;

  constructor(options: BoardOptions, page: Page) {
    this.#options = options;
    this.#page = page;
    createBullBoard({
      queues: [],
      serverAdapter: this.#routes,
      options: {
        uiConfig: {
          boardTitle: 'Homer',
          hideDocsLink: true,
          showWorkers: false,
          showMetrics: true,
          sortQueues: true,
          overview: { groupByDelimiter: true },
          hideRedisDetails: options.engine.kind === 'embedded',
        },
      },
    });
  }

  async answer(request: BoardRequest): Promise<BoardAnswer> {
    const { method, path } = request;
    if (method === 'GET' && path.startsWith('/static/')) {
      const file = await this.#page.file(path.slice('/static/'.length));
      if (file === null) throw unknown(request);
      return { status: 200, headers: { ...pageHeaders, 'content-type': file.type }, body: file.bytes };
    }
    if (method === 'GET' && this.#routes.isView(path)) {
      const html = this.#page.document(this.#routes.view());
      const headers = { ...pageHeaders, 'content-type': 'text/html; charset=utf-8' };
      return { status: 200, headers, body: Buffer.from(html) };
    }
    const found = this.#routes.find(method, path);
    if (found === null) throw unknown(request);
    const { status, body } = await this.#handle(request, found);
    const headers = { ...pageHeaders, 'content-type': 'application/json' };
    return { status, headers, body: Buffer.from(status === 204 ? '' : JSON.stringify(body)) };
  }

  async #handle(request: BoardRequest, { route, params }: Found): Promise<{ status: number; body: unknown }> {
    try {
      const { status = 200, body } = await route.handler({
        queues: await this.#queues(request),
        uiConfig: this.#routes.uiConfig,
        params,
        query: { ...request.query },
        body: { ...(request.body as Record<string, unknown> | null) },
        headers: {},
      });
      return { status, body };
    } catch (error) {
      if (!isHomerError(error)) throw error;
      // In the words of the board, so that it shows them.
      const status = catalogue[error.code].status ?? 500;
      return { status, body: { error: error.title, message: `${error.message} ${error.hint}` } };
    }
  }

  /** As they are now, for whoever asks. */
  async #queues(request: BoardRequest): Promise<BullBoardQueues> {
    const { ledger, engine, home, performer } = this.#options;
    const queues: BullBoardQueues = new Map(await nativeQueues(engine));
    const counts = this.#countsNow();
    const lanes = this.#options.lanes();
    const paused = ledger.lanes.paused();
    const act = actingFor(performer, request);
    for (const lane of new Set([...Object.keys(lanes), ...counts.keys()])) {
      const queue = new LedgerQueue({
        ledger,
        home,
        lane,
        counts: counts.get(lane) ?? none,
        concurrency: lanes[lane]?.concurrency ?? null,
        isPaused: paused.has(lane),
        mayAct: request.caller.scopes.has('operate'),
        act: async (name, input) => {
          await act(name, input);
          this.#counts = null;
        },
      });
      queues.set(queue.getName(), queue);
    }
    return queues;
  }

  #countsNow(): ReadonlyMap<string, GroupCounts> {
    const now = performance.now();
    if (this.#counts === null || now - this.#counts.at > countsLastMs)
      this.#counts = { at: now, lanes: this.#options.ledger.browse.counts() };
    return this.#counts.lanes;
  }
}

/** The engine's own, as they are: nothing can be done to them here, since that would pass the ledger by. */
async function nativeQueues(engine: Engine): Promise<BullBoardQueues> {
  const queues: BullBoardQueues = new Map();
  const native = engine.nativeQueues();
  if (native.length === 0) return queues;
  const { BullMQAdapter } = await import('@bull-board/api/bullMQAdapter');
  for (const queue of native) {
    const adapter = new BullMQAdapter(queue as ConstructorParameters<typeof BullMQAdapter>[0], {
      readOnlyMode: true,
      allowRetries: false,
      prefix: 'redis:',
      delimiter: ':',
      description: 'Offers on their way through Redis. To act, use the lane of the same name.',
    });
    queues.set(adapter.getName(), adapter);
  }
  return queues;
}

function unknown({ method }: BoardRequest): HomerError {
  return new HomerError('HOMER_ROUTE_UNKNOWN', `There is no ${method} at this address.`);
}

interface Found {
  readonly route: AppControllerRoute;
  readonly params: Record<string, string>;
}

interface Pattern {
  readonly methods: ReadonlySet<string>;
  readonly matches: RegExp;
  readonly route: AppControllerRoute;
}

/** What Bull Board asks of a server: it keeps the addresses, the gateway does the rest. */
class Routes implements IServerAdapter {
  #patterns: readonly Pattern[] = [];
  #entry: AppViewRoute | null = null;
  uiConfig: UIConfig = {};

  setApiRoutes(routes: AppControllerRoute[]): this {
    this.#patterns = routes.flatMap((route) =>
      [route.route].flat().map((address) => ({
        methods: new Set([route.method].flat().map((method) => method.toUpperCase())),
        matches: patternOf(address),
        route,
      })),
    );
    return this;
  }

  setEntryRoute(route: AppViewRoute): this {
    this.#entry = route;
    return this;
  }

  setUIConfig(config: UIConfig): this {
    this.uiConfig = config;
    return this;
  }

  setQueues(): this {
    return this;
  }

  setViewsPath(): this {
    return this;
  }

  setStaticPath(): this {
    return this;
  }

  setErrorHandler(): this {
    return this;
  }

  isView(path: string): boolean {
    return [this.#entry?.route ?? []].flat().some((address) => patternOf(address).test(path));
  }

  view(): Record<string, string> {
    return this.#entry?.handler({ basePath: boardPath, uiConfig: this.uiConfig }).params ?? {};
  }

  find(method: string, path: string): Found | null {
    for (const { methods, matches, route } of this.#patterns) {
      const match = methods.has(method) ? matches.exec(path) : null;
      if (match === null) continue;
      try {
        const values = Object.entries(match.groups ?? {});
        return {
          route,
          params: Object.fromEntries(values.map(([name, value]) => [name, decodeURIComponent(value)])),
        };
      } catch {
        return null; // not encoded as an address is: there is nothing of such a name
      }
    }
    return null;
  }
}

/** `/queue/:queueName` */
function patternOf(address: string): RegExp {
  return new RegExp(`^${address.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
}
