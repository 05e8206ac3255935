// Who listens on a port of this machine: asked when ours is taken, so that the answer can name a program.

import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { loggable } from '../core/loggable.ts';

/** The header by which a Homer makes itself known to another that wants its port. */
export const instanceHeader = 'homer-instance';

export type PortHolder =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'homer'; readonly instanceId: string; readonly program: string | null }
  | { readonly kind: 'program'; readonly program: string | null };

const askMs = 1_000;

/** Asks the kernel and the listener itself; never throws. `nobody`: the port is only kept by closed connections. */
export async function findPortHolder(port: number, host: string): Promise<PortHolder> {
  if (!(await isAnswered(port, host))) return { kind: 'nobody' };
  const [instanceId, program] = await Promise.all([askInstance(port, host), findProgram(port)]);
  return instanceId === null ? { kind: 'program', program } : { kind: 'homer', instanceId, program };
}

/** False only for a refused connection: a listener that is frozen or has a full queue is one all the same. */
function isAnswered(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(askMs, () => settle(true));
    socket.once('connect', () => settle(true));
    socket.once('error', (error) => settle(!('code' in error) || error.code !== 'ECONNREFUSED'));
  });
}

function askInstance(port: number, host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const asked = request({ host, port, path: '/livez', agent: false }, (response) => {
      const value = response.headers[instanceHeader];
      response.destroy();
      resolve(typeof value === 'string' ? loggable(value) : null);
    });
    // The whole answer is waited for, not each byte of it: some programs greet slowly and for ever.
    const timer = setTimeout(() => asked.destroy(new Error('no answer in time')), askMs);
    asked.once('close', () => clearTimeout(timer));
    asked.once('error', () => resolve(null));
    asked.end();
  });
}

/** `pid 123 (python3 -m http.server)`; null where the system does not tell us, as for other users' programs. */
async function findProgram(port: number): Promise<string | null> {
  try {
    return process.platform === 'linux' ? await fromProc(port) : await fromLsof(port);
  } catch {
    // The name is a courtesy; the error that it decorates stands without it.
    return null;
  }
}

async function fromProc(port: number): Promise<string | null> {
  const sockets = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      // proc_net_tcp: local address and port in hex, state 0A is LISTEN, the inode is the tenth column.
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      if (state === '0A' && Number.parseInt(local.split(':')[1] ?? '', 16) === port)
        sockets.add(`socket:[${inode}]`);
    }
  }
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (!sockets.has(target)) continue;
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return describe(pid, command.replaceAll('\0', ' ').trim());
    }
  }
  return null;
}

async function fromLsof(port: number): Promise<string | null> {
  const { stdout } = await promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], {
    timeout: askMs,
  });
  const pid = /^p(\d+)$/m.exec(stdout)?.[1];
  return pid === undefined ? null : describe(pid, /^c(.+)$/m.exec(stdout)?.[1] ?? '');
}

function describe(pid: string, command: string): string {
  return command === '' ? `pid ${pid}` : `pid ${pid} (${loggable(command)?.slice(0, 120)})`;
}
