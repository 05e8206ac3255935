// Where a test plays agents that spend: each says it is there, and speaks as Claude Code does what the test tells it to. The
// daemon's clock is the test's to move.

import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nextDayAt } from '../../src/core/day.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import type { SpendingView } from '../../src/operations/spending.ts';
import type { Answer, ChaosDaemon } from '../chaos/chaos-daemon.ts';
import { createChaosHome, type ChaosHome } from '../chaos/chaos-home.ts';

interface Told {
  readonly pid: number;
  /** Of its executor. */
  readonly name: string;
  readonly prompt: string;
  readonly session: string;
  readonly isResumed: boolean;
  readonly maxTurns: string | null;
  readonly maxBudgetUsd: string | null;
  readonly token: string | undefined;
}

export interface Spender extends Told {
  /** One call of the model: its words, and what it used. */
  turn(tokens: number, words?: string): void;
  /** A tool that does not come back. */
  use(tool: string): void;
  /** Its answer, and what all of it cost. */
  finish(result?: string, costUsd?: number): void;
  /** It is at its usage limit until then, ms since the epoch. */
  limited(until: number): void;
  readonly isGone: () => boolean;
  readonly gone: Promise<void>;
}

const puppet = join(import.meta.dirname, '../fixtures/agents/claude-puppet.ts');

export class SpendingStage {
  readonly home: ChaosHome;
  daemon!: ChaosDaemon;
  readonly #socket: string;
  readonly #clock: string;
  #ahead = 0;
  readonly #server: Server;
  readonly #here: Spender[] = [];
  readonly #expected: ((spender: Spender) => void)[] = [];
  readonly #config: (executors: object) => object;

  /** `executors`: what each of them has besides being an agent of this stage. */
  constructor(executors: Readonly<Record<string, object>>, config: object = {}) {
    let socket = '';
    this.#config = (others) => ({
      executors: {
        ...others,
        ...Object.fromEntries(
          Object.entries(executors).map(([name, more]) => [
            name,
            {
              kind: 'claude',
              bin: process.execPath,
              args: [puppet, socket, name],
              permissions: 'all',
              ...more,
            },
          ]),
        ),
      },
      ...config,
    });
    this.home = createChaosHome({
      config: (others) => {
        this.#others = others;
        return {};
      },
    });
    socket = join(this.home.base, 'stage');
    this.#socket = socket;
    this.#clock = join(this.home.base, 'clock');
    writeFileSync(this.#clock, '0');
    this.configure({});
    this.#server = createServer({ allowHalfOpen: true }, (connection) => this.#enter(connection));
  }
  #others: object = {};

  /** Writes config.yaml, with this in place of what it was made with; a daemon that runs takes it over. */
  configure(more: object): void {
    const file = join(this.home.path, 'config.yaml');
    writeFileSync(`${file}.new`, JSON.stringify({ ...this.#config(this.#others), ...more }));
    renameSync(`${file}.new`, file);
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#socket, resolve));
    this.start();
  }

  start(): void {
    this.daemon = this.home.start({ more: ['--clock', this.#clock] });
  }

  async close(): Promise<void> {
    await this.home.remove();
    this.#server.close();
  }

  now(): number {
    return Date.now() + this.#ahead;
  }

  /** Moves the daemon's clock, and gives it something to do, as a host does that wakes up. */
  async pass(ms: number): Promise<void> {
    this.#ahead += ms;
    writeFileSync(`${this.#clock}.new`, String(this.#ahead));
    renameSync(`${this.#clock}.new`, this.#clock);
    await this.daemon.ask('POST', '/api/v1/lanes/default/resume');
  }

  async passDay(): Promise<void> {
    await this.pass(nextDayAt(this.now()) - this.now() + 1_000);
  }

  /** The next agent that comes. */
  enters(): Promise<Spender> {
    const spender = this.#here.shift();
    if (spender !== undefined) return Promise.resolve(spender);
    return new Promise((resolve) => this.#expected.push(resolve));
  }

  /** Agents that are there and were not met yet. */
  get waiting(): number {
    return this.#here.length;
  }

  post(
    body: Record<string, unknown>,
    headers: Record<string, string> = {},
  ): Promise<Answer<{ job: JobView }>> {
    return this.daemon.ask('POST', '/api/v1/jobs', { prompt: 'spend', executor: 'a', ...body }, headers);
  }

  async submit(body: Record<string, unknown> = {}): Promise<JobView> {
    const answer = await this.post(body);
    if (answer.status !== 202) throw new Error(JSON.stringify(answer.body));
    return answer.body.job;
  }

  async begin(body: Record<string, unknown> = {}): Promise<{ readonly id: string; readonly agent: Spender }> {
    const { id } = await this.submit(body);
    return { id, agent: await this.enters() };
  }

  untilState(id: string, ...states: string[]): Promise<JobView> {
    return this.daemon.untilJob(id, ({ state }) => states.includes(state));
  }

  async spending(): Promise<SpendingView> {
    return (await this.daemon.ask<SpendingView>('GET', '/api/v1/spending')).body;
  }

  /** What live runs use is no event of the ledger: it is asked for until it is known. */
  async untilSpending(sees: (spending: SpendingView) => boolean): Promise<SpendingView> {
    for (;;) {
      const spending = await this.spending();
      if (sees(spending)) return spending;
      await delay(30);
    }
  }

  #enter(socket: Socket): void {
    let isGone = false;
    let calls = 0;
    const gone = new Promise<void>((resolve) =>
      socket.once('close', () => {
        isGone = true;
        resolve();
      }),
    );
    // A killed agent may reset the connection.
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    const say = (line: object): void => void socket.write(`${JSON.stringify(line)}\n`);
    let text = '';
    const onData = (part: Buffer): void => {
      text += part.toString();
      if (!text.includes('\n')) return;
      socket.off('data', onData);
      socket.resume();
      const told = JSON.parse(text) as Told;
      say({ type: 'system', subtype: 'init', model: 'puppet' });
      const spender: Spender = {
        ...told,
        turn(tokens, words = 'thinking') {
          const usage = { input_tokens: tokens, output_tokens: 0 };
          const content = [{ type: 'text', text: words }];
          say({ type: 'assistant', message: { id: `call-${++calls}`, content, usage } });
        },
        use(tool) {
          const content = [{ type: 'tool_use', id: 'tool-1', name: tool, input: {} }];
          say({ type: 'assistant', message: { content } });
        },
        finish(result = 'done', costUsd = 0) {
          say({ type: 'result', subtype: 'success', is_error: false, result, total_cost_usd: costUsd });
          socket.end();
        },
        limited(until) {
          const resetsAt = Math.ceil(until / 1000);
          const info = { status: 'rejected', resetsAt, rateLimitType: 'five_hour' };
          say({ type: 'rate_limit_event', rate_limit_info: info });
          const result = "You've hit your session limit";
          say({ type: 'result', subtype: 'success', is_error: true, api_error_status: 429, result });
          socket.end();
        },
        isGone: () => isGone,
        gone,
      };
      const reader = this.#expected.shift();
      if (reader === undefined) this.#here.push(spender);
      else reader(spender);
    };
    socket.on('data', onData);
  }
}
