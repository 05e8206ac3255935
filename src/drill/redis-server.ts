// A Redis of the drill's own that forgets everything when it dies: what is in it must not matter.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export class RedisServer {
  readonly url: string;
  readonly #argv: readonly string[];
  readonly #directory: string;
  #child: ChildProcess | null = null;

  private constructor(port: number, directory: string) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#argv = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ];
    this.#directory = directory;
  }

  static async start(port: number, directory: string): Promise<RedisServer> {
    const server = new RedisServer(port, directory);
    await server.again();
    return server;
  }

  /** Starts it, empty, and waits until it takes connections. */
  async again(): Promise<void> {
    const child = spawn('redis-server', this.#argv, {
      cwd: this.#directory,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let said = '';
    child.stdout.on('data', (data: Buffer) => {
      said += data.toString();
      if (said.includes('Ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${String(code)}`)));
    await promise;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }
}
