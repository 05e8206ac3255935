// Where a test plays the agents of its runs: each run connects here, and the test asks Homer with what that run was given.

import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createChaosHome, type ChaosHome } from '../chaos/chaos-home.ts';
import type { Answer, ChaosDaemon } from '../chaos/chaos-daemon.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import { mostAtOnce } from './lane-peak.ts';

export interface Puppet {
  readonly pid: number;
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly jobId: string | undefined;
  /** Ends the agent with this as its result. */
  end(result?: string): void;
  /** Resolves when the agent is gone, whoever ended it. */
  readonly gone: Promise<void>;
}

const puppet = join(import.meta.dirname, '../fixtures/agents/puppet.ts');

export class Stage {
  readonly home: ChaosHome;
  daemon!: ChaosDaemon;
  /** The prompt of every job: where its puppet reports. */
  readonly prompt: string;
  readonly #server: Server;
  readonly #here: Puppet[] = [];
  readonly #expected: ((puppet: Puppet) => void)[] = [];

  constructor(config: Record<string, unknown> = {}) {
    const command = { kind: 'command', argv: [process.execPath, puppet, '{prompt}'] };
    this.home = createChaosHome({
      config: {
        lanes: { default: { concurrency: 8 }, narrow: { concurrency: 1 } },
        executors: { puppet: { ...command, subagents: true }, plain: command },
        ...config,
      },
    });
    this.prompt = join(this.home.base, 'stage');
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#enter(socket));
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.prompt, resolve));
    this.daemon = this.home.start();
  }

  async close(): Promise<void> {
    await this.home.remove();
    this.#server.close();
  }

  /** The next agent that comes. */
  enters(): Promise<Puppet> {
    const puppet = this.#here.shift();
    if (puppet !== undefined) return Promise.resolve(puppet);
    return new Promise((resolve) => this.#expected.push(resolve));
  }

  /** The owner's job, and its agent. */
  async begin(more: Record<string, unknown> = {}): Promise<Puppet & { readonly jobId: string }> {
    const { body } = await this.daemon.ask<{ job: JobView }>('POST', '/api/v1/jobs', {
      prompt: this.prompt,
      executor: 'puppet',
      ...more,
    });
    const puppet = await this.enters();
    return { ...puppet, jobId: body.job.id };
  }

  /** One request with the token of a run. */
  as<Body = Record<string, unknown>>(
    puppet: Pick<Puppet, 'token'>,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    const authorization = `Bearer ${puppet.token ?? ''}`;
    return this.daemon.ask<Body>(method, path, body, { ...headers, authorization });
  }

  /** A child of the run's job, which the ledger has. */
  async child(parent: Puppet, more: Record<string, unknown> = {}): Promise<JobView> {
    const body = { prompt: this.prompt, executor: 'puppet', ...more };
    const answer = await this.as<{ job: JobView }>(parent, 'POST', '/api/v1/jobs', body);
    if (answer.status !== 202) throw new Error(JSON.stringify(answer.body));
    return answer.body.job;
  }

  /** The run's wait for its children. */
  waitForChildren(parent: Puppet, query = ''): Promise<Answer<Waited>> {
    return this.as<Waited>(parent, 'GET', `/api/v1/jobs/${parent.jobId ?? ''}/wait?children=true${query}`);
  }

  /** The greatest number of jobs that ever held a slot of the lane at once. The daemon is killed to see its ledger. */
  async mostAtOnce(lane: string): Promise<number> {
    await this.daemon.end('SIGKILL');
    return mostAtOnce(this.home.path, lane);
  }

  #enter(socket: Socket): void {
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    // A killed agent may reset the connection.
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.once('data', (text: Buffer) => {
      const said = JSON.parse(text.toString()) as Record<string, string | undefined>;
      const { HOMER_URL: url, HOMER_TOKEN: token, HOMER_JOB_ID: jobId } = said;
      const entered: Puppet = {
        pid: Number(said['pid']),
        url,
        token,
        jobId,
        end: (result = 'done') => void socket.end(result),
        gone,
      };
      const reader = this.#expected.shift();
      if (reader === undefined) this.#here.push(entered);
      else reader(entered);
    });
  }
}

export interface Waited {
  readonly ended: boolean;
  readonly jobs: readonly { readonly id: string; readonly state: string; readonly endedAt: string | null }[];
}
