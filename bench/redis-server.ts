// A Redis of the benchmark's own: a free port on loopback, a fresh directory, and nothing of it left afterwards.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

export interface RedisServer {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts `redis-server` with its append-only file synced as told; resolves when it accepts connections. */
export async function startRedis(
  directory: string,
  appendfsync: 'always' | 'everysec',
): Promise<RedisServer> {
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const server = spawn(
    'redis-server',
    [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      directory,
      '--save',
      '',
      '--appendonly',
      'yes',
    ].concat(['--appendfsync', appendfsync, '--maxmemory-policy', 'noeviction']),
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
    stop: async () => {
      process.off('exit', endWithUs);
      server.kill('SIGKILL');
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
