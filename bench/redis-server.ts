// A Redis of one's own, for benchmarks and tests: a free port on loopback, a directory of its own, and nothing of it left afterwards.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** `snapshots`: as Debian sets it up, which keeps little of a short life. `nothing`: all is gone with the process. */
export type Persistence = 'always' | 'everysec' | 'snapshots' | 'nothing';

export interface RedisServer {
  readonly port: number;
  readonly pid: number;
  /** Resolves when it has ended. */
  stop(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

export interface RedisOptions {
  /** To come back where it was. */
  readonly port?: number;
  /** Further arguments, e.g. `['--requirepass', 'secret']`. */
  readonly more?: readonly string[];
}

const arguments_: Readonly<Record<Persistence, readonly string[]>> = {
  always: ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
  everysec: ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'],
  snapshots: ['--save', '3600 1 300 100 60 10000', '--appendonly', 'no'],
  nothing: ['--save', '', '--appendonly', 'no'],
};

/** Starts `redis-server`; resolves when it accepts connections. */
export async function startRedis(
  directory: string,
  persistence: Persistence,
  { port: wanted, more = [] }: RedisOptions = {},
): Promise<RedisServer> {
  mkdirSync(directory, { recursive: true });
  const port = wanted ?? (await freePort());
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory];
  const server = spawn(
    'redis-server',
    [...place, '--maxmemory-policy', 'noeviction', ...arguments_[persistence], ...more],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(server, 'exit');
  const endWithUs = (): void => void server.kill('SIGKILL');
  process.once('exit', endWithUs);
  for await (const line of createInterface(server.stdout)) {
    if (line.includes('Ready to accept connections')) break;
  }
  server.stdout.resume();
  if (server.pid === undefined || server.exitCode !== null) throw new Error('redis-server did not start.');
  return {
    port,
    pid: server.pid,
    stop: async (signal = 'SIGKILL') => {
      process.off('exit', endWithUs);
      server.kill(signal);
      await ended;
    },
  };
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}
